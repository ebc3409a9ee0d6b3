"""The findings of a comparison, in sentences: which method is more accurate, at what cost, and what is uncertain.

Names are in backticks; `text.prose` and `text.plain` turn the sentences into HTML and terminal text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from passel.estimators.pareto import pareto
from passel.measure.comparison import Comparison, Estimate, MethodRow
from passel.pages.text import percent, plain, points, ratio

__all__ = ["MIN_SCORED", "MIN_WARNED", "Findings", "findings", "frontier", "headline", "mean", "saved", "span"]

MIN_SCORED = 10
"""With fewer scored problems no method is called better: a bootstrap over a handful of problems is too narrow."""

MIN_WARNED = 5
"""From this number of comparisons on, a sentence says that intervals are not adjusted for it."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The main sentence, and the sentences that qualify it."""

    headline: str
    details: tuple[str, ...]


def mean(row: MethodRow, name: str) -> float | None:
    """The mean cost of one problem by name, or None."""
    return row.mean_cost.get(name)


def span(estimate: Estimate, signed: bool = False, joiner: str = " to ") -> str:
    """The interval as "45 to 85", in percent or signed points; empty where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    low, high = (points(v) if signed else percent(v).removesuffix(" %") for v in (estimate.low, estimate.high))
    return f"{low}{joiner}{high}"


def headline(comparison: Comparison) -> str:
    """The finding in one sentence of plain text."""
    return plain(findings(comparison).headline)


def findings(comparison: Comparison) -> Findings:
    """Returns all findings on the methods."""
    rows = [r for r in comparison.methods if r.accuracy.value is not None]
    if not comparison.methods or not comparison.problems:
        return Findings("Nothing was compared: no problem was run.", ())
    if not rows:
        n = _problems(len(comparison.problems))
        return Findings(f"None of {n} could be scored: no method can be judged.", ())
    fair = [r for r in rows if not r.uses_gold]
    details = (*_placing(comparison, fair), *_upper_bounds(rows, fair), *_caveats(comparison))
    return Findings(_headline(comparison, fair), tuple(details))


def frontier(rows: Iterable[MethodRow]) -> tuple[MethodRow, ...]:
    """The Pareto frontier of accuracy and tokens, cheapest first; methods that know the gold answer are left out."""
    known = [r for r in rows if not r.uses_gold and r.accuracy.value is not None and mean(r, "tokens") is not None]
    known.sort(key=lambda r: (_tokens(r), -_accuracy(r)))
    best = pareto(np.array([_tokens(r) for r in known]), np.array([_accuracy(r) for r in known]))
    return tuple(row for row, kept in zip(known, best, strict=True) if kept)


def saved(comparison: Comparison) -> str:
    """What sharing samples saved, in one sentence; empty where nothing was shared."""
    shares = {k: v for k, v in comparison.saved.items() if v > 0}
    if not shares or not comparison.problems:
        return ""
    n = len(comparison.problems)
    name = "passes" if "passes" in shares else next(iter(shares))
    rest = ", ".join(f"{k} {percent(v)}" for k, v in shares.items() if k != name)
    return (
        f"{comparison.paid.passes / n:.1f} passes a problem were made, shared by all methods; without sharing it would "
        f"be {comparison.alone.passes / n:.1f}: {percent(shares[name])} of {name} saved{rest and f' ({rest})'}."
    )


def _accuracy(row: MethodRow) -> float:
    return row.accuracy.value if row.accuracy.value is not None else 0.0


def _tokens(row: MethodRow) -> float:
    return mean(row, "tokens") or 0.0


def _significant(row: MethodRow) -> bool:
    """Whether the gain over the first method is significant, on enough problems to trust its interval."""
    low = row.difference.low if row.difference else None
    return low is not None and low > 0 and row.scored >= MIN_SCORED


def _name(row: MethodRow) -> str:
    return "`" + row.name.replace("`", "'") + "`"


def _gain(row: MethodRow) -> str:
    assert row.difference is not None
    interval = span(row.difference, signed=True)
    return f"{points(row.difference.value)} points" + (f", interval {interval}" if interval else "")


def _times(row: MethodRow, first: MethodRow) -> str:
    """The relative cost of a gain: "for 8.0 times the tokens"."""
    if not _tokens(first) or not _tokens(row):
        return ""
    times = _tokens(row) / _tokens(first)
    return " for the same tokens" if 0.95 <= times < 1.05 else f" for {ratio(times)} times the tokens"


def _best(rows: Iterable[MethodRow]) -> MethodRow:
    """The most accurate method; of equally accurate methods the cheapest."""
    return max(rows, key=lambda r: (_accuracy(r), -_tokens(r)))


def _headline(comparison: Comparison, fair: list[MethodRow]) -> str:
    n, first = len(comparison.problems), comparison.methods[0]
    if not fair:
        return f"Only coverage was measured on {_problems(n)}: every method here knows the gold answer."
    top = _best(fair)
    if first.uses_gold or first.accuracy.value is None:
        return f"{_name(top)} is the most accurate method that does not know the gold answer: {_right(top)}."
    if len(fair) == 1:
        return f"{_name(first)} answers {_right(first)}; no other method was compared."
    if max(r.scored for r in fair) < MIN_SCORED:
        return f"Only {_problems(first.scored)} scored: too few to call a method better."
    winners = [r for r in fair if r is not first and _significant(r)]
    if not winners:
        return f"No method is significantly more accurate than {_name(first)} on these {_problems(n)}."
    best = _best(winners)
    shares = f"{percent(best.accuracy.value)} right against {percent(first.accuracy.value)} for {_name(first)}"
    apart = abs((best.difference.value or 0.0) - _accuracy(best) + _accuracy(first)) if best.difference else 0.0
    gain = _gain(best).replace(" points", " points on problems scored for both", 1) if apart > 0.005 else _gain(best)
    times = _times(best, first)
    return f"{_name(best)} is more accurate: {shares} ({gain}){times and ','}{times}."


def _problems(n: int) -> str:
    return f"{n} problem" if n == 1 else f"{n} problems"


def _right(row: MethodRow) -> str:
    interval = span(row.accuracy)
    of = f" of {_problems(row.scored)}"
    return f"{percent(row.accuracy.value)}{of} right" + (f" (interval {interval} %)" if interval else "")


def _placing(comparison: Comparison, fair: list[MethodRow]) -> Iterator[str]:
    """Yields the most accurate method, the methods below the first, and the frontier."""
    first = comparison.methods[0]
    if len(fair) < 2:
        return
    top, winners = _best(fair), [r for r in fair if _significant(r)]
    if first in fair:
        yield from _top(top, first, winners)
        cheapest = min(winners, key=_tokens, default=None)
        if cheapest is not None and _tokens(cheapest) < 0.9 * _tokens(_best(winners)):
            yield (
                f"The cheapest significant gain is by {_name(cheapest)}: {percent(cheapest.accuracy.value)} right "
                f"({_gain(cheapest)}){_times(cheapest, first)}."
            )
        for row in fair:
            high = row.difference.high if row.difference else None
            if high is not None and high < 0 and row.scored >= MIN_SCORED:
                yield f"{_name(row)} is significantly less accurate than {_name(first)} ({_gain(row)})."
    if edge := frontier(fair):
        names = ", ".join(_name(r) for r in edge)
        yield f"On the Pareto frontier, where no method is as accurate for fewer tokens: {names}."


def _top(top: MethodRow, first: MethodRow, winners: list[MethodRow]) -> Iterator[str]:
    if top is first:
        yield f"{_name(first)} has the best accuracy, {percent(first.accuracy.value)}."
    elif top in winners:
        yield f"{_name(top)} also has the best accuracy of the methods compared."
    else:
        few = f"fewer than {MIN_SCORED} problems" if top.scored < MIN_SCORED else "its interval includes zero"
        gain = f" ({_gain(top)})" if top.difference else ""
        yield (
            f"{_name(top)} has the best accuracy, {percent(top.accuracy.value)}, but its gain over {_name(first)}"
            f"{gain} is not significant: {few}. More problems may decide."
        )


def _upper_bounds(rows: list[MethodRow], fair: list[MethodRow]) -> Iterator[str]:
    """Yields what the accuracy of methods that know the gold answer means, and how much a perfect choice would add."""
    gold = [r for r in rows if r.uses_gold]
    if not gold:
        return
    names = " and ".join(f"{_name(r)} ({percent(r.accuracy.value)})" for r in gold)
    know, their = ("knows", "its") if len(gold) == 1 else ("know", "their")
    bound = "an upper bound" if len(gold) == 1 else "upper bounds"
    yield f"{names} {know} the gold answer: {their} accuracy is coverage, {bound}."
    if gold[0].name == rows[0].name:
        yield f"Differences are to {_name(gold[0])}, an upper bound; put a method without the gold answer first."
    elif fair and (room := _accuracy(_best(gold)) - _accuracy(_best(fair))) > 0:
        yield f"A perfect choice among such samples would add at most {points(room)} points to {_name(_best(fair))}."


def _caveats(comparison: Comparison) -> Iterator[str]:
    others = [r for r in comparison.methods if r.difference is not None and not r.uses_gold]
    if len(others) >= MIN_WARNED and any(_significant(r) for r in others):
        yield f"{len(others)} methods were compared with the first: among so many, a method may look better by chance."
    stopped = [f"{_name(r)} ({r.stopped})" for r in comparison.methods if r.stopped]
    if stopped:
        yield f"The budget ended some problems early, with the best answer so far: {', '.join(stopped)}."
    unscored = [f"{_name(r)} ({r.problems - r.scored})" for r in comparison.methods if r.scored < r.problems]
    if unscored:
        yield f"Problems that could not be scored are left out, not counted as wrong: {', '.join(unscored)}."
