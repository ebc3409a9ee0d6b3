"""Labelled steps as training data, in the formats that trainers of reward models read, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from passel.core.key import Key
from passel.verifiers import Step

__all__ = [
    "LabelledSteps",
    "RankedSolution",
    "dominates",
    "from_math_shepherd",
    "from_prm800k",
    "jsonl",
    "labelled_steps",
    "math_shepherd",
    "preferences",
    "stepwise",
]

MARKER = " ки"
"""Math-Shepherd's mark after each step: rare, and one token to Mistral's and Llama's tokenizers."""

_FIRST = re.compile(r"(?<!\S)(?=Step 1\s*:)")


@dataclass(frozen=True, slots=True)
class LabelledSteps:
    """A question and the steps of one solution, each right or wrong."""

    question: str
    steps: tuple[str, ...]
    labels: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class RankedSolution:
    """A solution with the scores that rank it, such as its outcome and its mean step score; None: unknown."""

    text: str
    scores: tuple[float | None, ...]


def labelled_steps(question: str, steps: Sequence[Step], *, cut: float = 0.5) -> LabelledSteps:
    """Labels steps with a score of at least `cut` as right. It ends before the first step without a score, because
    trainers accept no gaps."""
    evaluated: list[tuple[str, bool]] = []
    for step in steps:
        if step.score is None:
            break
        evaluated.append((step.text.strip(), step.score >= cut))
    return LabelledSteps(question, tuple(text for text, _ in evaluated), tuple(label for _, label in evaluated))


def math_shepherd(row: LabelledSteps, *, marker: str = MARKER) -> dict[str, str]:
    """`input`: question and steps, the marker after each; `label`: the same with + or - in the marker's place (Wang et
    al. 2023, 2312.08935). A space stands before the first step, a line's end before the others."""
    tags = [" +" if label else " -" for label in row.labels]

    def joined(marks: Sequence[str]) -> str:
        told = [step + mark for step, mark in zip(row.steps, marks, strict=True)]
        return " ".join([row.question, "\n".join(told)]) if told else row.question

    return {"input": joined([marker] * len(tags)), "label": joined(tags)}


def from_math_shepherd(row: Mapping[str, Any], *, marker: str = MARKER) -> LabelledSteps:
    """Reads a row of Math-Shepherd. The question ends before the first "Step 1:"; without it, question and first step
    cannot be separated, and the question is empty."""
    *steps, _ = str(row["input"]).split(marker)
    label, labels = str(row["label"]), list[bool]()
    place = 0
    for step in steps:
        place += len(step) + 1  # the space before the sign
        labels.append(label[place : place + 1] == "+")
        place += 1
    texts = [step.removeprefix("\n") for step in steps]
    question = ""
    if texts and (first := _FIRST.search(texts[0])):
        question, texts[0] = texts[0][: first.start()].removesuffix(" "), texts[0][first.start() :]
    return LabelledSteps(question, tuple(texts), tuple(labels))


def from_prm800k(row: Mapping[str, Any]) -> LabelledSteps:
    """The chosen path through a record of PRM800K (Lightman et al. 2023, 2305.20050); ratings 1 and 0 are right, -1 is
    wrong. Where no completion was chosen the path ends with the first one that was rated wrong, if there is one."""
    texts: list[str] = []
    labels: list[bool] = []
    for step in row["label"]["steps"]:
        chosen: int | None = step["chosen_completion"]
        completions: list[dict[str, Any]] = step["completions"] or []
        wrong = [one for one in completions if one["rating"] == -1]
        taken = wrong[:1] if chosen is None else [completions[chosen]]
        texts += [one["text"] for one in taken]
        labels += [(one["rating"] or 0) >= 0 for one in taken]
        if chosen is None:
            break
    return LabelledSteps(row["question"]["problem"], tuple(texts), tuple(labels))


def stepwise(row: LabelledSteps) -> dict[str, Any]:
    """`prompt`, `completions`, `labels`: the stepwise supervision that TRL's PRM trainer and axolotl read."""
    return {"prompt": row.question, "completions": list(row.steps), "labels": list(row.labels)}


def dominates(one: Sequence[float | None], two: Sequence[float | None]) -> bool:
    """Pareto: at least as good on every score that both have, and not equal on all of them."""
    pairs = [(a, b) for a, b in zip(one, two, strict=True) if a is not None and b is not None]
    return all(a >= b for a, b in pairs) and any(a != b for a, b in pairs)


def preferences(
    question: str, candidates: Sequence[RankedSolution], *, key: Key | None = None, max_pairs: int | None = None
) -> list[dict[str, str]]:
    """`prompt`, `chosen`, `rejected`: every pair of different texts in which one dominates the other.

    With a key the order is drawn from it, and the first `max_pairs` are kept: drawing without replacement, as in
    SPARE's public code.
    """
    different = list({one.text: one for one in reversed(candidates)}.values())[::-1]
    pairs = [
        {"prompt": question, "chosen": one.text, "rejected": two.text}
        for one in different
        for two in different
        if dominates(one.scores, two.scores)
    ]
    if key is not None:
        pairs = [pairs[place] for place in (key / "preferences").permutation(len(pairs))]
    return pairs[:max_pairs]


def jsonl(rows: Iterable[Mapping[str, Any]]) -> str:
    """One JSON object per line."""
    return "".join([json.dumps(row, ensure_ascii=False) + "\n" for row in rows])
