"""GGUF files of every family: the same model as the one they were written from, and as llama.cpp reads in them."""

from __future__ import annotations

import pytest
from tiny_checkpoints import FAMILIES, ask, server, tiny, write_gguf

torch = pytest.importorskip("torch", reason="needs torch")

from passel.engine.weights import load  # noqa: E402

IDS = torch.arange(40)[None] * 7 % 250 + 5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_file_holds_the_model_it_was_written_from(family, tmp_path):
    model = tiny(family)
    loaded = load(write_gguf(model, family, tmp_path / "tiny.gguf"), dtype="float32", device="cpu")
    assert loaded.parameters == sum(weight.numel() for weight in model.parameters())
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model(IDS).logits, model(IDS).logits, atol=1e-4, rtol=1e-4)
    assert not loaded.model.training
    assert not any(weight.requires_grad for weight in loaded.model.parameters())


@pytest.mark.parametrize("family", FAMILIES)
def test_llama_cpp_computes_the_same(family, tmp_path):
    """Its cache is float16: log-probabilities differ in the third decimal. A row out of order differs in the first."""
    path = write_gguf(tiny(family), family, tmp_path / "tiny.gguf")
    loaded = load(path, dtype="float32", device="cpu")
    running = server(path)
    # the token drawn is forced to be a letter: half a character would be held back, and its probabilities with it
    letter = [[loaded.tokenizer.convert_tokens_to_ids("a"), 1000.0]]
    answer = ask(running, "/completion", prompt=IDS[0].tolist(), n_predict=1, n_probs=288, logit_bias=letter)
    (place,) = answer["completion_probabilities"]
    theirs = {entry["id"]: entry["logprob"] for entry in place["top_logprobs"]}
    with torch.inference_mode():
        ours = loaded.model(IDS).logits[0, -1].log_softmax(-1)
    assert len(theirs) > 100
    for token, logprob in theirs.items():
        assert ours[token].item() == pytest.approx(logprob, abs=0.01)
