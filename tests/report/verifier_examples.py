"""Comparisons with verifiers: drawn from known distributions, so that the report has something to say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from report_examples import NAMES, example

from passel.core.key import Key
from passel.estimators.chance import generator
from passel.measure.comparison import Comparison, VerifierRow
from passel.measure.evaluate_verifier import evaluate_verifier


def drawn(name: str, kind: str, *, problems: int = 60, n: int = 16, lies: float = 0.0, seed: int = 0) -> VerifierRow:
    """A verifier whose score is logistic in right or wrong plus noise.

    Args:
        lies: how much better wrong answers look on hard problems.
    """
    chance = generator(Key(seed) / "pool")
    easy = chance.beta(0.9, 0.7, problems)[:, None]
    right = chance.random((problems, n)) < easy
    seen = 2.2 * right - 1.2 + chance.normal(size=right.shape) + lies * (1 - easy) * ~right
    score = 1 / (1 + np.exp(-seen))
    if kind == "verdict":
        score = (score > 0.5).astype(float)
    if kind == "score":
        score = np.round(9 * score) / 9
    answers = [[0 if r else int(chance.integers(1, 5)) for r in row] for row in right]
    scores = [[None if chance.random() < 0.02 else float(s) for s in row] for row in score]
    for row in range(0, problems, 7):
        answers[row][0], right[row, 0] = None, False
    ids = [f"rolls-{i + 1:03d}" for i in range(problems)]
    method = NAMES[2] if kind == "probability" else ""
    return evaluate_verifier(name, kind, right.astype(float).tolist(), scores, ids, Key(seed), answers, method=method)


def judged() -> Comparison:
    """One of each kind; the judge is fooled on hard problems."""
    rows = (
        drawn("self_evaluation", "probability"),
        drawn("judge:scale=5", "score", lies=2.2, seed=1),
        drawn("regex", "verdict", problems=120, n=64, seed=2),
    )
    return replace(example(60), verifiers=rows)


def edges() -> Comparison:
    """What cannot be told: nothing left, nothing right, nothing scored, one sample, a ranker."""
    ids = ["a", "b"]
    rows = (
        evaluate_verifier("nothing", "score", [[], [None]], [[], [0.3]], ids, Key()),
        evaluate_verifier(
            "all wrong", "score", [[0.0, 0.0], [0.0]], [[0.1, 0.2], [0.3]], ids, Key(), [["x", "y"], ["z"]]
        ),
        evaluate_verifier("silent", "probability", [[0.0, 1.0], [1.0, 0.0]], [[None] * 2] * 2, ids, Key()),
        evaluate_verifier("once", "verdict", [[1.0], [0.0]], [[1.0], [1.0]], ids, Key()),
        evaluate_verifier(
            "far", "score", [[1.0, 0.0]] * 2, [[-3e8, 1e9], [4.0, float("nan")]], ids, Key(), [["x", "y"]] * 2
        ),
        evaluate_verifier(
            "ranker", "score", [[1.0, 0.0, 0.0]] * 2, [[3, 2, 1]] * 2, ids, Key(), [["x", "y", "z"]] * 2, compares=True
        ),
    )
    return replace(example(2), verifiers=rows)
