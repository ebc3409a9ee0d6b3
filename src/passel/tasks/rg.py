"""Reasoning Gym: any of its generators, with its own verifier (Stojanovski et al. 2025, arXiv 2505.24760)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Literal

from passel.core.errors import UsageError, unknown
from passel.core.extras import need
from passel.core.problem import Answer
from passel.tasks.parts.gym import ARITHMETIC, PUZZLES, UNCHECKED, admitted, plain_question, read_block, setting
from passel.tasks.parts.kinds import EXPRESSION, NUMBER, by_key
from passel.tasks.parts.numbers import number
from passel.tasks.parts.task import AnswerKind, GeneratedItems, Item, Task

__all__ = ["rg"]

_SIZE = 1000  # fixed: some generators (acre) make other items for another size
_TAGS = "Think step by step. Give only the final answer within <answer> and </answer> tags."


def rg(generator: str, *, wording: Literal["plain", "original"] = "plain", **config: Any) -> Task:
    """Reasoning Gym: items 0 to 999 of a generator, `rg:GENERATOR`.

    Answers to arithmetic generators and number puzzles are right or wrong; for others the generator's verifier may give
    a fraction. Some verifiers evaluate the answer as Python: an answer of another form scores 0 and never reaches them.
    A few generators have no gold answer.

    Args:
        generator: its name in Reasoning Gym, such as chain_sum.
        wording: "plain" asks arithmetic in the words that passel-reasoner-135m was trained on ("What is 4 + 3?", see
            `plain_question`); "original" leaves every question as it is generated. Other generators have no plain
            wording.
        config: options of the generator, among them `seed` (0) and `size` (1000).
    """
    registry: dict[str, tuple[type, type]] = need("reasoning_gym", "tasks").factory.DATASETS
    if generator not in registry:
        raise unknown("generator of Reasoning Gym", generator, registry)
    known = {field.name: field.type for field in fields(registry[generator][1])}
    for name in config:
        if name not in known:
            raise unknown(f"option of rg:{generator}:", name, [*known, "wording"])
    options = {name: setting(known[name], value, f"{name} of rg:{generator}") for name, value in config.items()}

    @cache
    def dataset() -> Any:
        return _dataset(generator, {"seed": 0, "size": _SIZE} | options)

    def item(index: int) -> Item:
        entry = dataset()[index]
        plain = plain_question(generator, entry["question"], entry["metadata"]) if wording == "plain" else None
        kind = _kind(generator, dataset(), entry)
        details = _details(generator, entry["metadata"])
        return Item(str(index), plain or entry["question"], entry["answer"] or "", kind, details=details)

    dataset()  # a bad option is an error here, not at the first problem
    return Task("rg", GeneratedItems(lambda: len(dataset()), item))


def _dataset(generator: str, config: Mapping[str, Any]) -> Any:
    try:
        return need("reasoning_gym", "tasks").create_dataset(generator, **config)
    except (AssertionError, ValueError, TypeError) as error:
        raise UsageError(f"rg:{generator}: {error or 'these options do not fit together'}") from error


def _details(generator: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that an expression is checked against; other metadata may hold the answer and is left out."""
    details: dict[str, Any] = {"generator": generator}
    if generator in PUZZLES:
        details |= {"numbers": tuple(metadata["numbers"]), "target": metadata.get("target", 24)}
    return details


def _kind(generator: str, dataset: Any, entry: Mapping[str, Any]) -> AnswerKind:
    if generator in PUZZLES:
        return EXPRESSION
    if generator in ARITHMETIC:
        return AnswerKind(NUMBER.reader, lambda _, answer: _exact(dataset, entry, answer), NUMBER.instruction)
    block = by_key(lambda _: read_block, _TAGS)
    if generator in UNCHECKED:
        return block
    return AnswerKind(block.reader, lambda _, answer: _verified(generator, dataset, entry, answer), _TAGS)


def _exact(dataset: Any, entry: Mapping[str, Any], answer: Answer | None) -> float:
    value = number(answer.key) if answer else None
    if value is None:
        return 0.0
    text = str(value) if value.denominator == 1 else repr(float(value))
    # For a wrong number the verifier returns the share of digits that agree.
    return float(dataset.score_answer(text, entry) >= 1.0)


def _verified(generator: str, dataset: Any, entry: Mapping[str, Any], answer: Answer | None) -> float:
    if answer is None or not admitted(generator, answer.text):
        return 0.0
    texts = [answer.text]
    if str(entry["answer"]).endswith("."):  # the reader removes a full stop; here it may belong to the answer
        texts.append(f"{answer.text}.")
    return max(float(dataset.score_answer(text, entry)) for text in texts)
