"""Folders: what is saved is what is loaded, for every family; types, devices, end tokens; and what is refused."""

from __future__ import annotations

import dataclasses
import json

import pytest
from tiny_checkpoints import FAMILIES, SPECIALS, tiny, tiny_tokenizer, write_gguf

from passel.core.errors import ModelError, UsageError

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

from passel.engine.weights import checkpoint as checkpoints  # noqa: E402
from passel.engine.weights import end_ids, load, save  # noqa: E402

IDS = torch.arange(20)[None] + 5
FAMILIES_OF_FOLDERS = [family for family in FAMILIES if family != "llama3"]


@pytest.fixture
def folder(tmp_path):
    """A tiny Llama as transformers saves it."""
    tiny("llama").save_pretrained(tmp_path / "tiny")
    tiny_tokenizer().save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_saved_is_what_is_loaded(family, tmp_path):
    model, tokenizer = tiny(family), tiny_tokenizer()
    model.save_pretrained(tmp_path / "first")
    tokenizer.save_pretrained(tmp_path / "first")
    first = load(tmp_path / "first", dtype="float32", device="cpu")
    second = load(save(first, tmp_path / "second"), dtype="float32", device="cpu")
    for loaded in (first, second):
        ours, theirs = dict(loaded.model.named_parameters()), dict(model.named_parameters())
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
        with torch.inference_mode():
            assert torch.equal(loaded.model(IDS).logits, model(IDS).logits)
    assert second.tokenizer.encode("a  12 <|im_end|>") == tokenizer.encode("a  12 <|im_end|>")
    assert second.tokenizer.chat_template == tokenizer.chat_template
    assert dataclasses.replace(first, model=0, tokenizer=0, name="") == dataclasses.replace(
        second, model=0, tokenizer=0, name=""
    )
    assert (first.name, first.chat, first.parameters) == ("first", True, model.num_parameters())


def test_a_gguf_file_becomes_a_folder_of_the_same_model(tmp_path):
    path = write_gguf(tiny("gemma3"), "gemma3", tmp_path / "tiny.gguf")
    first = load(path, dtype="bfloat16", device="cpu")
    second = load(save(first, tmp_path / "folder"), dtype="bfloat16", device="cpu")
    with torch.inference_mode():
        assert torch.equal(first.model(IDS).logits, second.model(IDS).logits)
    plain = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "folder")
    assert type(plain) is type(first.model)
    for text in ("a  12 the", "<|im_start|>x\n\n"):
        assert first.tokenizer.encode(text) == second.tokenizer.encode(text)
    assert plain.generation_config.eos_token_id == sorted(first.end_ids) == [0, 2]
    assert (tmp_path / "folder" / "model.safetensors").stat().st_mode == (
        tmp_path / "folder" / "config.json"
    ).stat().st_mode


def test_weights_have_the_type_that_is_wanted(folder):
    for name in ("float32", "bfloat16", "float16"):
        loaded = load(folder, dtype=name, device="cpu")
        assert loaded.dtype == getattr(torch, name)
        assert {weight.dtype for weight in loaded.model.parameters()} == {loaded.dtype}
    assert not any(weight.requires_grad for weight in loaded.model.parameters())
    assert not loaded.model.training


@pytest.mark.parametrize(("flags", "dtype"), [({"avx512_bf16"}, "bfloat16"), ({"avx512f"}, "float32")])
def test_auto_is_bfloat16_only_where_the_processor_has_it(flags, dtype, folder, monkeypatch):
    monkeypatch.setattr(checkpoints, "cpu_flags", lambda: flags)
    assert load(folder, device="cpu").dtype == getattr(torch, dtype)


def test_auto_takes_the_gpu_if_there_is_one(monkeypatch):
    for there, device in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert checkpoints.choose_device("auto") == torch.device(device)


def test_end_ids_are_all_that_end_a_text_or_a_turn():
    model, tokenizer = tiny("llama"), tiny_tokenizer()
    text, turn = tokenizer.convert_tokens_to_ids([SPECIALS[0], SPECIALS[2]])
    assert end_ids(model, tokenizer) == {text, turn}  # only the turn's is declared
    model.generation_config.eos_token_id = [turn, 77]
    assert end_ids(model, tokenizer) == {text, turn, 77}
    tokenizer.add_tokens(["</s>"])  # as a text may hold it: not a special token
    assert end_ids(model, tokenizer) == {text, turn, 77}


def test_a_model_of_images_and_texts_is_loaded_as_one_of_texts(tmp_path):
    text = tiny("gemma3")
    vision = transformers.SiglipVisionConfig(
        hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    config = transformers.Gemma3Config(text_config=text.config, vision_config=vision, mm_tokens_per_image=4)
    both = transformers.Gemma3ForConditionalGeneration(config)
    both.model.language_model.load_state_dict(text.model.state_dict())
    both.save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    loaded = load(tmp_path, dtype="float32", device="cpu")
    assert loaded.parameters == text.num_parameters()
    with torch.inference_mode():
        assert torch.equal(loaded.model(IDS).logits, text(IDS).logits)


def test_a_weight_that_is_missing_is_not_left_to_chance(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UsageError, match=r"lacks weights: model\.layers\.1\.mlp\.up_proj\.weight"):
        load(folder, device="cpu")


def test_what_cannot_be_loaded_is_refused_with_its_reason(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "ggufs").mkdir()
    (tmp_path / "ggufs" / "a.gguf").write_bytes(b"GGUF")
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    for path, says in (
        (tmp_path / "nowhere", "no model at"),
        (tmp_path / "nowhere.gguf", "no model file at"),
        (tmp_path / "empty", "it has no config.json"),
        (tmp_path / "ggufs", "name its file, such as a.gguf"),
        (tmp_path / "adapter", "is an adapter: load its base model"),
        (tmp_path / "ggufs" / "a.gguf", "cut short or damaged"),
        ("hf:a.gguf", "hf:ORG/NAME/FILE.gguf"),
    ):
        with pytest.raises(UsageError, match=says):
            load(path, device="cpu")
    for how, says in (
        ({"dtype": "int3"}, "unknown dtype"),
        ({"device": "abacus"}, "unknown device"),
        ({"device": "cuda:99"}, "no device cuda:99"),
        ({"adapter": tmp_path / "nowhere"}, "no adapter at"),
    ):
        with pytest.raises(UsageError, match=says):
            load(folder, **{"device": "cpu", **how})


def test_a_model_of_the_hub_is_the_folder_that_the_hub_gives(folder, monkeypatch):
    import huggingface_hub

    asked = []

    def download(name, **how):
        asked.append((name, how["allow_patterns"]))
        if name == "org/none":
            raise OSError("404 no such repository\nmore")
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    loaded = load("hf:org/tiny", device="cpu")
    assert loaded.name == "org/tiny"
    assert asked[0][0] == "org/tiny"
    assert "*.safetensors" in asked[0][1]
    with pytest.raises(UsageError, match=r"cannot get org/none from the hub: 404 no such repository$"):
        load("hf:org/none", device="cpu")
    with pytest.raises(UsageError, match="hf:ORG/NAME"):
        load("hf:tiny", device="cpu")


def test_damaged_weights_are_the_model_s_fault(folder):
    (folder / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match="cannot load"):
        load(folder, device="cpu")


def test_a_folder_without_a_fast_tokenizer_is_refused(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match="tokenizer"):
        load(folder, device="cpu")


def test_a_model_of_another_kind_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "nothing_known"}))
    with pytest.raises(UsageError, match="cannot load"):
        load(folder, device="cpu")
