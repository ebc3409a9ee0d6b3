"""Texts of more and less structure, in windows, and how many tokens of each a model puts into one group."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from passel.training.parts.segmentation import segmented

__all__ = ["kinds", "per_group"]

ROOT = Path(__file__).resolve().parent.parent.parent
SKIPPED = 20_000
"""Characters at the beginning of a book, which are no part of it."""


def kinds(answers: Sequence[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """By name, (prompt, text) pairs; a prompt is read and not cut into groups.

    Args:
        answers: of a model to its prompts.
    """
    sources = sorted((ROOT / "src" / "passel" / "core").glob("*.py"))
    python = "\n\n".join(path.read_text(encoding="utf-8") for path in sources)
    rows = [
        {"id": at, "question": q[:40], "answer": a, "tags": ["word", "problem"]} for at, (q, a) in enumerate(answers)
    ]
    return {
        "prose: The Great Gatsby": [("", _book("great_gatsby"))],
        "dialogue: tiny Shakespeare": [("", _book("tinyshakespeare"))],
        "Python: Passel's own": [("", python)],
        "JSON: rows of word problems": [("", json.dumps(rows, indent=2))],
        "answers to word problems": list(answers),
    }


def per_group(base: Any, texts: Sequence[tuple[str, str]], *, chat: bool, window: int, tokens: int) -> dict[str, float]:
    """Tokens, tokens a group and the mean entropy, of the first so many tokens in windows, each after its prompt."""
    from passel.training.texts.examples import prompt_ids

    sizes: list[int] = []
    entropies: list[float] = []
    for prompt, text in texts:
        ids = base.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        before = prompt_ids(prompt, base.tokenizer, chat=chat) if prompt else [base.tokenizer.eos_token_id]
        for start in range(0, len(ids), window):
            if len(entropies) >= tokens:
                break
            given = torch.tensor([[*before, *ids[start : start + window]]], device=base.device)
            with torch.inference_mode():
                logits = base.model(input_ids=given, use_cache=False).logits[0, len(before) - 1 : -1].float()
            found = torch.distributions.Categorical(logits=logits).entropy().tolist()
            sizes += segmented(found)
            entropies += found
    return {"tokens": len(entropies), "tokens_per_group": len(entropies) / len(sizes), "entropy": fmean(entropies)}


def _book(name: str) -> str:
    path = Path(os.environ["PASSEL_DATA"]) / "long_documents" / f"{name}.txt.gz"
    return gzip.decompress(path.read_bytes()).decode()[SKIPPED:]
