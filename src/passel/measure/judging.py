"""The verifiers of a comparison: one row for each that scored the whole pool of a method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from passel.core.key import Key
from passel.estimators.curves import Pool
from passel.estimators.verifiers.account import account
from passel.estimators.verifiers.row import VerifierRow
from passel.methods import ConfiguredMethod
from passel.runs.method_verifier import verifier_name, verifier_of
from passel.verifiers import is_ranker, kind_of

__all__ = ["judging", "silent"]


def judging(
    methods: Sequence[ConfiguredMethod], pools: Sequence[Pool], problem_ids: Sequence[str], key: Key
) -> tuple[VerifierRow, ...]:
    """A row for each verifier and pool; methods with one verifier over the same samples (weighted or not) share one.

    Args:
        methods: all of the comparison. pools: of those that drew a whole one; a problem that the budget ended has no
            draws there, for its samples may be unscored because they were not paid for.
    """
    by_name = {method.name: method for method in methods}
    seen: set[tuple[object, ...]] = set()
    rows: list[VerifierRow] = []
    for pool in pools:
        method = by_name[pool.name]
        verifier = verifier_of(method)
        if verifier is None or not pool.scored:
            continue
        name = verifier_name(method, verifier)
        drawn = tuple(tuple((one.text, one.score) for one in row) for row in pool.candidates)
        if (name, drawn) not in seen:
            seen.add((name, drawn))
            rows.append(_row(name, verifier, pool, problem_ids, key))
    return tuple(_named(rows))


def silent(methods: Sequence[ConfiguredMethod], pools: Sequence[Pool]) -> Iterator[str]:
    """A sentence for each verifier of whose scores there is none, so that there is nothing to measure."""
    by_name = {method.name: method for method in methods}
    for pool in pools:
        verifier = verifier_of(by_name[pool.name])
        answers = sum(one.answer is not None for row in pool.candidates for one in row)
        if verifier is not None and answers and not pool.scored:
            name = verifier_name(by_name[pool.name], verifier)
            yield f"`{name}` is not measured: none of the {answers} answers of `{pool.name}` has a score by it."


def _row(name: str, verifier: Callable[..., Any], pool: Pool, problem_ids: Sequence[str], key: Key) -> VerifierRow:
    scores = [[one.score for one in row] for row in pool.candidates]
    answers = [[one.answer.key if one.answer else None for one in row] for row in pool.candidates]
    ranker, kind = is_ranker(verifier), kind_of(verifier)
    return account(name, kind, pool.values, scores, problem_ids, key, answers, method=pool.name, compares=ranker)


def _named(rows: Sequence[VerifierRow]) -> Iterator[VerifierRow]:
    """Rows of one verifier over different pools are told apart by their methods."""
    times = Counter(row.name for row in rows)
    for row in rows:
        yield replace(row, name=f"{row.name} ({row.method})") if times[row.name] > 1 else row
