"""The findings on a verifier, in sentences; names are in backticks, as in `findings`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from passel.estimators.verifiers.resampling import ValueCurve
from passel.measure.comparison import Estimate, VerifierRow
from passel.measure.evaluate_verifier import CHOSEN_HERE
from passel.pages.text import percent, points
from passel.report.findings import MIN_SCORED, span

__all__ = ["calibrated", "last", "sentences", "tries"]

HARD = 0.5
"""Problems with a smaller share of right samples are called hard."""


def sentences(row: VerifierRow) -> tuple[str, ...]:
    """Returns the findings, the most important first."""
    if not row.problems:
        return ("No problem has samples that could be scored: nothing was measured.",)
    return (*_ceiling(row), *_tries(row), *_order(row), *_choice(row), *_errors(row), *_scores(row), *_caveats(row))


def tries(value: ValueCurve, depth: int) -> str:
    """The best number of tries: "3", "0", or "≥ 8" where all samples are used and more might gain."""
    return f"≥ {value.best_k}" if value.best_k == depth else str(value.best_k)


def last(row: VerifierRow, name: str) -> float | None:
    """A curve's value at the largest number of samples."""
    curve = row.curve(name)
    return curve.value[-1] if curve else None


def calibrated(row: VerifierRow) -> bool:
    """Whether its score claims to be a chance of being right."""
    return row.kind == "probability" and row.calibration is not None


def _name(row: VerifierRow) -> str:
    return "`" + row.name.replace("`", "'") + "`"


def _within(estimate: Estimate) -> str:
    return f" (interval {interval} %)" if (interval := span(estimate)) else ""


def _ceiling(row: VerifierRow) -> Iterator[str]:
    found, coverage = row.resampling, last(row, "coverage")
    if found is None or found.ceiling.value is None or coverage is None:
        return
    limit = f"{percent(found.ceiling.value)}{_within(found.ceiling)}"
    below = f"{points(coverage - found.ceiling.value).removeprefix('+')} points below coverage"
    if coverage - found.ceiling.value < 0.005:
        yield f"Resampling until {_name(row)} accepts reaches coverage, {limit}."
    elif found.never:
        yield (
            f"Resampling until {_name(row)} accepts reaches {limit}, {below}, estimated from {row.depth} samples a "
            f"problem: {_problems(found.never)} had no accepted sample, which counts as no answer."
        )
    else:
        yield (
            f"Resampling until {_name(row)} accepts cannot exceed {limit}, {below}, with any number of samples"
            f"{_hard(row)}."
        )
    if found.never and (why := _hard(row)):
        yield why.removeprefix(": ").capitalize() + "."


def _hard(row: VerifierRow) -> str:
    """The share of wrong answers among those accepted on hard problems, where it is above a half."""
    shares = [1.0 - p.precision for p in row.problems if p.precision is not None and p.right < HARD * p.samples]
    wrong = float(np.mean(shares)) if shares else 0.0
    if wrong <= 0.5:
        return ""
    return f": of the answers accepted where less than half of the samples are right, {percent(wrong)} are wrong"


def _tries(row: VerifierRow) -> Iterator[str]:
    found = row.resampling
    if found is None:
        return
    paying = [one for one in found.values if one.best_k > 0]
    idle = [one for one in found.values if one.best_k == 0]
    one = next((v for v in found.values if v.cost == 1.0), None)
    if one is not None and one.best_k:
        yield (
            f"Where a wrong answer costs as much as a right one gains, the best number of tries is {_best(one, row)}, "
            f"worth {one.best_value:.2f} a problem."
        )
    if idle and paying:
        lowest = min(v.cost for v in idle)
        gains = "a right one gains" if lowest == 1.0 else f"{lowest:g} right answers gain"
        yield f"If a wrong answer costs as much as {gains}, it is best not to answer at all."
    elif idle and any(v.cost > 0 for v in idle):
        yield "At every cost of a wrong answer considered here, it is best not to answer."


def _best(one: ValueCurve, row: VerifierRow) -> str:
    ends = f" (interval {one.low_k} to {one.high_k})" if one.low_k < one.high_k else ""
    more = ", all the samples" if one.best_k == row.depth else ""
    return f"{one.best_k}{more}{ends}"


def _order(row: VerifierRow) -> Iterator[str]:
    own, pooled = row.auc_within.value, row.auc.value
    if pooled is None:
        yield "All answers are right, or all are wrong: its ranking cannot be measured."
    if own is not None:
        yield (
            f"It scores a right sample above a wrong one of the same problem {percent(own)} of the time"
            f"{_within(row.auc_within)}; 50 % would be chance."
        )
    if own is not None and pooled is not None and pooled - own >= 0.05:
        yield (
            f"Across problems it is {percent(pooled)}: part of the score says which problems are easy, which does not "
            "help to choose among samples."
        )


def _choice(row: VerifierRow) -> Iterator[str]:
    best, vote = row.curve("best_of"), row.curve("vote")
    if best is None or row.depth < 2:
        return
    words = f"Best of {row.depth} with it is right on {percent(best.value[-1])}"
    against = [f"one sample {percent(row.mean.value)}"]
    if vote is not None:
        against.append(f"a vote {percent(vote.value[-1])}")
    against.append(f"coverage {percent(last(row, 'coverage'))}")
    yield f"{words}; {', '.join(against)}."


def _errors(row: VerifierRow) -> Iterator[str]:
    if row.threshold is None:
        return
    wrong, right = row.false_positive_rate.value, row.false_negative_rate.value
    parts = [f"accepts {percent(wrong)} of wrong answers"] if wrong is not None else []
    parts += [f"rejects {percent(right)} of right ones"] if right is not None else []
    if not parts:
        return
    precision = row.precision.value
    sure = f"; of the answers it accepts {percent(precision)} are right" if precision is not None else ""
    chosen = (
        ", chosen on these samples for the largest gap of the two rates" if row.threshold_rule == CHOSEN_HERE else ""
    )
    yield f"At a threshold of {row.threshold:.3g}{chosen}, it {' and '.join(parts)}{sure}."


def _scores(row: VerifierRow) -> Iterator[str]:
    if row.calibration is None or row.kind == "verdict":
        return
    error = f"{points(row.calibration.error).removeprefix('+')} points"
    if calibrated(row):
        yield f"Its probabilities are off by {error} on average (expected calibration error)."
    else:
        yield f"Its score is not meant as a probability; as a probability it would be off by {error} on average."


def _caveats(row: VerifierRow) -> Iterator[str]:
    if row.compares:
        yield (
            f"It compares the {row.depth} samples of a problem with each other: best of fewer needs new judgements, "
            "and resampling does not apply."
        )
    if row.unscored:
        answers = row.samples - row.unanswered
        yield f"It gave no score to {row.unscored} of {answers} answers, which count as rejected."
    if row.unanswered:
        yield f"{row.unanswered} of {row.samples} samples hold no answer and count as rejected."
    if row.left_out:
        yield f"{_problems(row.left_out)} without samples, or with samples that could not be scored, left out."
    if 0 < len(row.problems) < MIN_SCORED:
        yield f"Only {_problems(len(row.problems))}: too few to trust the intervals."


def _problems(n: int) -> str:
    return f"{n} problem" if n == 1 else f"{n} problems"
