"""`passel export`: the folder it writes, and what it refuses before it writes anything."""

from __future__ import annotations

import pytest
from tiny_checkpoints import peft_adapter, tiny, tiny_tokenizer, write_gguf

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")

IDS = torch.arange(20)[None] + 5


@pytest.fixture
def file(tmp_path):
    return write_gguf(tiny("llama"), "llama", tmp_path / "tiny.gguf")


def test_a_gguf_file_becomes_a_folder_that_transformers_loads(file, tmp_path, cli):
    said = cli("export", file, tmp_path / "new" / "folder", "--dtype", "float32")
    assert (said.code, said.out) == (0, "")
    assert "float32" in said.err
    folder = tmp_path / "new" / "folder"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    with torch.inference_mode():
        torch.testing.assert_close(model(IDS).logits, tiny("llama")(IDS).logits, atol=1e-4, rtol=1e-4)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer.encode("a  12 <|im_end|>") == tiny_tokenizer().encode("a  12 <|im_end|>")
    assert tokenizer.chat_template == tiny_tokenizer().chat_template
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["folder"]


def test_weights_are_bfloat16_unless_told_otherwise(file, tmp_path, cli):
    """Not what this processor likes best: the folder is for others."""
    assert cli("export", file, tmp_path / "out").code == 0
    assert transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out").dtype == torch.bfloat16


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_an_adapter_is_merged(file, tmp_path, cli):
    merged = peft_adapter(tmp_path / "adapter", "llama")
    assert cli("export", file, tmp_path / "out", "--adapter", tmp_path / "adapter", "--dtype", "float32").code == 0
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    with torch.inference_mode():
        torch.testing.assert_close(model(IDS).logits, merged(IDS).logits, atol=1e-4, rtol=1e-4)
        assert not torch.allclose(model(IDS).logits, tiny("llama")(IDS).logits, atol=0.1)


def test_what_is_refused_leaves_nothing_behind(file, tmp_path, cli):
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(file.read_bytes()[:-5000])
    before = sorted(tmp_path.rglob("*"))
    for line, named in (
        (("smolm2-135m", tmp_path / "out"), "did you mean smollm2-135m"),
        ((file, full), "not empty"),
        ((file, full / "mine.txt"), "not empty"),
        ((file, tmp_path / "out", "--adapter", tmp_path / "none"), "no adapter at"),
        ((file, tmp_path / "out", "--dtype", "int4"), "int4"),
        ((broken, tmp_path / "out"), "cut short"),
    ):
        said = cli("export", *line)
        assert said.code == 2, said
        assert named in said.message
        assert sorted(tmp_path.rglob("*")) == before
