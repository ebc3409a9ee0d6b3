"""Several responses made into one: the prompt of fusers, mixtures of agents and layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from passel.core.ask import Prompt
from passel.core.problem import Problem
from passel.methods.parts.prompts import numbered, with_line

__all__ = ["fusion_prompt"]

FUSE = """Several responses to this were written; they stand below. Some of what they say may be wrong. Weigh them
against each other, keep what is right, and write the one best response yourself, whole and in the form asked for above.
Do not mention the responses."""


def fusion_prompt(problem: Problem, texts: Sequence[str], notes: Sequence[str] = ()) -> Prompt:
    """The problem's prompt with responses, and a critic's note on each, below it.

    Args:
        texts: the responses; without any, it is the problem's prompt.
        notes: a note for each response, or ""; or no notes at all.
    """
    if not texts:
        return problem.prompt
    pairs = zip_longest(texts, notes[: len(texts)], fillvalue="")
    shown = [f"{text.strip()}\n(A critic: {note})" if note else text for text, note in pairs]
    return with_line(problem.prompt, f"\n{FUSE}\n\n{numbered(shown)}")
