"""Adapters: merged as PEFT merges them, whatever form they come in; and those that are more than b @ a are refused."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from tiny_checkpoints import FAMILIES, gguf, peft_adapter, tiny, tiny_config, tiny_tokenizer, write_gguf

from passel.core.errors import UsageError

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

from passel.engine.weights import load, save  # noqa: E402
from passel.engine.weights.lora import read_adapter  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
BOTH = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


def weights(model):
    return dict(model.named_parameters())


def near(ours, theirs, **how):
    assert ours.keys() == theirs.keys()
    for name in theirs:
        torch.testing.assert_close(ours[name], theirs[name], **how)


@pytest.fixture
def base(tmp_path):
    def save(family):
        tiny(family).save_pretrained(tmp_path / "base")
        tiny_tokenizer().save_pretrained(tmp_path / "base")
        return tmp_path / "base"

    return save


@BOTH
@pytest.mark.parametrize("family", FAMILIES)
def test_an_adapter_is_merged_as_peft_merges_it(family, base, tmp_path):
    wanted = weights(peft_adapter(tmp_path / "adapter", family))
    for path in (base(family), write_gguf(tiny(family), family, tmp_path / "base.gguf")):
        loaded = load(path, adapter=tmp_path / "adapter", dtype="float32", device="cpu")
        near(weights(loaded.model), wanted, atol=1e-6, rtol=1e-5)
        assert loaded.name == "base+adapter"


@BOTH
def test_scales_of_peft_s_variants(base, tmp_path):
    where = base("llama")
    for number, how in enumerate(
        (
            {"use_rslora": True},
            {"alpha_pattern": {"q_proj": 40, "layers.1.mlp.up_proj": 2}},
            {"rank_pattern": {"k_proj": 2}},
            {"target_modules": ["v_proj"]},
        )
    ):
        adapter = tmp_path / f"adapter{number}"
        wanted = weights(peft_adapter(adapter, "llama", **how))
        near(weights(load(where, adapter=adapter, dtype="float32", device="cpu").model), wanted, atol=1e-6, rtol=1e-5)


@BOTH
def test_an_adapter_comes_on_top_of_the_model_s_own(base, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    peft_adapter(first, "llama")
    peft_adapter(second, "llama", target_modules=["v_proj"])
    for path in (base("llama"), write_gguf(tiny("llama"), "llama", tmp_path / "base.gguf")):
        plain, one, other = (
            weights(load(path, adapter=adapter, dtype="float32", device="cpu").model)
            for adapter in (None, first, second)
        )
        loaded = load(path, own=first, adapter=second, scale=0.5, dtype="float32", device="cpu")
        assert loaded.name == "base+0.5*second"
        wanted = {name: one[name] + 0.5 * (other[name] - plain[name]) for name in plain}
        near(weights(loaded.model), wanted, atol=1e-6, rtol=1e-5)


@BOTH
def test_the_scale_is_the_strength(base, tmp_path):
    where, merged = base("llama"), weights(peft_adapter(tmp_path / "adapter", "llama"))
    plain = weights(load(where, dtype="float32", device="cpu").model)
    loaded = load(where, adapter=tmp_path / "adapter", scale=0.5, dtype="float32", device="cpu")
    assert loaded.name == "base+0.5*adapter"
    near(weights(loaded.model), {name: (plain[name] + merged[name]) / 2 for name in plain}, atol=1e-6, rtol=1e-5)


@BOTH
def test_the_sum_is_rounded_once(base, tmp_path):
    """Merging into weights that are already bfloat16 would round the update away bit by bit."""
    merged = weights(peft_adapter(tmp_path / "adapter", "llama"))
    for path in (base("llama"), write_gguf(tiny("llama"), "llama", tmp_path / "base.gguf")):
        loaded = load(path, adapter=tmp_path / "adapter", dtype="bfloat16", device="cpu")
        for name, weight in weights(loaded.model).items():
            off = (weight.float() - merged[name]).abs() / merged[name].abs()
            assert float(off.max()) <= 2**-8
        saved = save(loaded, tmp_path / "saved")
        assert json.loads((saved / "config.json").read_text())["dtype"] == "bfloat16"


@BOTH
def test_a_gguf_adapter_is_the_same_as_peft_s(tmp_path, monkeypatch):
    """The order of rows of queries and keys is llama.cpp's in the one and transformers' in the other."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    convert = pytest.importorskip("lora_to_gguf", reason="needs tools/lora_to_gguf.py").convert
    sys.modules.pop("lora_to_gguf")
    wanted = weights(peft_adapter(tmp_path / "peft", "llama"))
    path = write_gguf(tiny("llama"), "llama", tmp_path / "base.gguf")
    convert(tmp_path / "peft", path, tmp_path / "adapter.gguf", "F32")
    loaded = load(path, adapter=tmp_path / "adapter.gguf", dtype="float32", device="cpu")
    near(weights(loaded.model), wanted, atol=1e-6, rtol=1e-5)
    for family, how, says in (
        ("qwen3", {}, "of a llama model"),
        ("llama", {"hidden_size": 96, "num_attention_heads": 48}, "does not fit"),
    ):
        with pytest.raises(UsageError, match=says):
            read_adapter(tmp_path / "adapter.gguf", tiny_config(family, **how))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"peft_type": "LOHA"}, "only LoRA"),
        ({"bias": "all"}, "without bias"),
        ({"use_dora": True}, "use_dora"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
    ],
)
@BOTH
def test_more_than_a_product_is_refused(change, says, tmp_path):
    peft_adapter(tmp_path, "llama")
    path = tmp_path / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match=says):
        read_adapter(tmp_path, tiny("llama").config)


@BOTH
def test_an_adapter_of_another_model_is_refused(base, tmp_path):
    where = base("llama")
    peft_adapter(tmp_path / "wider", "qwen3")  # heads of 32: queries of another shape
    with pytest.raises(UsageError, match=r"does not fit the model: model\.layers\.\d\.self_attn\.\w_proj\.weight is"):
        load(where, adapter=tmp_path / "wider", device="cpu")
    peft_adapter(tmp_path / "deeper", "gemma3")
    with pytest.raises(UsageError, match=r"does not fit the model, which has no model\.layers\.2"):
        load(where, adapter=tmp_path / "deeper", device="cpu")


def test_a_file_that_is_no_adapter_is_refused(tmp_path):
    path = write_gguf(tiny("llama"), "llama", tmp_path / "base.gguf")
    with pytest.raises(UsageError, match="no LoRA adapter"):
        load(path, adapter=path, device="cpu")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "adapter_config.json").write_text("{}")
    (tmp_path / "damaged" / "adapter_model.safetensors").write_bytes(bytes(50))
    with pytest.raises(UsageError, match="holds no PEFT adapter"):
        load(path, adapter=tmp_path / "damaged", device="cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no PEFT adapter"):
        load(path, adapter=tmp_path / "empty", device="cpu")


def test_an_adapter_in_place_of_a_model_is_refused(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "adapter.gguf", "llama")
    writer.add_type("adapter")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(UsageError, match="is an adapter: load its base model"):
        load(tmp_path / "adapter.gguf", device="cpu")


def test_both_forms_of_the_reasoner_are_one():
    """Up to the eight bits of the GGUF file. PASSEL_REASONER names the folder of the PEFT form."""
    folder = Path(os.environ.get("PASSEL_REASONER") or ROOT.parent / "shared" / "models" / "passel-reasoner-135m")
    if not (folder / "adapter_config.json").is_file():
        pytest.skip(f"no PEFT form of the reasoner at {folder}")
    from passel.models.catalog import FOLDER, find_card

    config = transformers.LlamaConfig(num_attention_heads=9, num_key_value_heads=3, hidden_size=576)
    ours = read_adapter(FOLDER / find_card("passel-reasoner-135m").adapter, config).updates
    theirs = read_adapter(folder, config).updates
    assert ours.keys() == theirs.keys()
    for name, wanted in theirs.items():
        found = ours[name]
        exact = wanted.scale * wanted.b @ wanted.a
        assert float((found.scale * found.b @ found.a - exact).norm() / exact.norm()) < 0.01
