"""The verifiers of a comparison: a row for each verifier that scored all samples of a method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from passel.core.key import Key
from passel.measure.evaluate_verifier import evaluate_verifier
from passel.measure.samples import MethodSamples
from passel.measure.verifier_row import VerifierRow
from passel.methods import ConfiguredMethod
from passel.runs.method_verifier import verifier_name, verifier_of
from passel.verifiers import is_ranker, kind_of

__all__ = ["unscored_verifiers", "verifier_rows"]


def verifier_rows(
    methods: Sequence[ConfiguredMethod], samples: Sequence[MethodSamples], problem_ids: Sequence[str], key: Key
) -> tuple[VerifierRow, ...]:
    """Returns a row for each verifier and set of samples.

    Methods with the same verifier over the same samples (weighted or not) share a row.

    Args:
        methods: all methods of the comparison.
        samples: of methods that drew all their samples; `passel.measure.samples.completed` empties problems that the
            budget ended.
    """
    by_name = {method.name: method for method in methods}
    seen: set[tuple[object, ...]] = set()
    rows: list[VerifierRow] = []
    for drawn in samples:
        method = by_name[drawn.method]
        verifier = verifier_of(method)
        if verifier is None or not drawn.judged:
            continue
        name = verifier_name(method, verifier)
        texts = tuple(tuple((candidate.text, candidate.score) for candidate in row) for row in drawn.candidates)
        if (name, texts) not in seen:
            seen.add((name, texts))
            rows.append(_row(name, verifier, drawn, problem_ids, key))
    return tuple(_distinct(rows))


def unscored_verifiers(methods: Sequence[ConfiguredMethod], samples: Sequence[MethodSamples]) -> Iterator[str]:
    """Yields a sentence for each verifier that scored no answer, so that nothing about it can be measured."""
    by_name = {method.name: method for method in methods}
    for drawn in samples:
        method = by_name[drawn.method]
        verifier = verifier_of(method)
        answers = sum(candidate.answer is not None for row in drawn.candidates for candidate in row)
        if verifier is not None and answers and not drawn.judged:
            name = verifier_name(method, verifier)
            yield f"`{name}` is not measured: it scored none of the {answers} answers of `{drawn.method}`."


def _row(
    name: str, verifier: Callable[..., Any], drawn: MethodSamples, problem_ids: Sequence[str], key: Key
) -> VerifierRow:
    scores = [[candidate.score for candidate in row] for row in drawn.candidates]
    answers = [[candidate.answer.key if candidate.answer else None for candidate in row] for row in drawn.candidates]
    return evaluate_verifier(
        name,
        kind_of(verifier),
        drawn.values,
        scores,
        problem_ids,
        key,
        answers,
        method=drawn.method,
        compares=is_ranker(verifier),
    )


def _distinct(rows: Sequence[VerifierRow]) -> Iterator[VerifierRow]:
    """Adds the method to the name of a verifier that has several rows."""
    times = Counter(row.name for row in rows)
    for row in rows:
        yield replace(row, name=f"{row.name} ({row.method})") if times[row.name] > 1 else row
