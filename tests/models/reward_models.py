"""Tiny reward models, made on the spot with fixed weights, and what asks them."""

from __future__ import annotations

import asyncio

import pytest

from passel.core.ask import Message, Score
from passel.core.model import Progress

__all__ = ["CHAT", "STEPS", "asked", "logits_of", "near", "rewarded", "saved", "tokenizer_of"]

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers")

TEMPLATE = (
    "{% for m in messages %}<s>{{ m['role'] }}:{{ m['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant:{% endif %}"
)
CHAT = (Message("user", "2+2?"),)
STEPS = ("Two and two.\n", "So 4.\n", "The end.")


def tokenizer_of(*, chat: bool = False, extra: bool = False):
    """One token a byte, and a few words of several letters."""
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    merged = ["Ġa", "Ġam", "Ġw", "Ġwa", "Ġwas"]
    vocab = {token: i for i, token in enumerate(["<s>", "</s>", *alphabet, *merged])}
    merges = [("Ġ", "a"), ("Ġa", "m"), ("Ġ", "w"), ("Ġw", "a"), ("Ġwa", "s")]
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocab, merges=merges))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocab["<s>"])]
    )
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
    if extra:
        fast.add_special_tokens({"additional_special_tokens": ["<extra_0>"]})
    if chat:
        fast.chat_template = TEMPLATE
    return fast


def saved(folder, kind: str, *, labels: int = 2, context: int = 256, **how):
    """A tiny Llama with fixed weights in a folder, and the model itself with its tokenizer."""
    tokenizer = tokenizer_of(**how)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=context,
        num_labels=labels,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    model = getattr(transformers, f"Llama{kind}")(config).eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * (0.3 if weight.dim() > 1 else 1.0))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def asked(model, *asks):
    """The replies to asks that are sent at once; the model is closed after it."""

    async def main():
        try:
            work = (model.answer([ask], Progress.of(1)) for ask in asks)
            return [reply for (reply,) in await asyncio.gather(*work)]
        finally:
            await model.aclose()

    return asyncio.run(main())


def rewarded(prompt, parts, *, prefix="", chain):
    return Score(prompt, tuple(parts), prefix, "reward", "", "reward", chain)


def logits_of(model, ids):
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).logits[0]


def near(*values):
    return pytest.approx(values, abs=1e-5)
