"""Which verifiers of a comparison get a row, under which name, and what of the run they stand for."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from passel.core.cost import Budget
from passel.measure.comparison import Comparison
from passel.measure.summary import summarise
from passel.report import as_text, read_comparison, write_report
from passel.report.export import verifiers_csv
from passel.runs.plan import Plan
from passel.runs.run import Run

HALF = '''"""Scores by a hash of the text: reproducible, and blind to what is right."""
from passel.core.key import Key

def half(problem, text: str, *, key: Key, scale: float = 1.0):
    """A number.

    Returns: {returns}
    """
    yield from ()
    return scale * (Key() / text).uniform() if (Key() / text / "known").uniform() < 0.8 else None
'''


@pytest.fixture
def verifier(tmp_path: Path):
    def make(returns: str, name: str = "half") -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(HALF.replace("{returns}", returns))
        return f"{path}:half"

    return make


def compared(*methods: str, n: int = 6, limit: int = 12, **settings: object) -> Comparison:
    plan = Plan(model="toy", task="sums", methods=methods, n=n, limit=limit, **settings)  # type: ignore[arg-type]
    import asyncio

    return summarise(asyncio.run(Run(plan).execute()))


def test_a_verifier_is_found_with_its_name_kind_and_pool(verifier) -> None:
    spec = verifier("probability; of nothing in particular.")
    found = compared("single", f"best_of:verifier={spec}", "best_of")
    half, own = found.verifiers
    assert (half.name, half.kind, half.method) == (spec, "probability", f"best_of:verifier={spec}")
    assert (own.name, own.kind) == ("self_evaluation", "probability")
    assert (half.depth, len(half.problems), half.samples) == (6, 12, 72)
    assert half.unscored > 0
    assert [p.id for p in half.problems] == [p.id for p in found.problems]
    coverage = next(c for c in found.curves if c.name == "coverage")
    assert half.curve("coverage").value == coverage.value
    by_method = next(c for c in found.curves if c.name == half.method)
    assert half.curve("best_of").value == pytest.approx(by_method.value)


@pytest.mark.parametrize(
    ("returns", "kind"), [("verdict; always.", "verdict"), ("score; any.", "score"), ("a number.", "score")]
)
def test_the_kind_is_read_from_the_docstring(verifier, returns: str, kind: str) -> None:
    assert compared(f"best_of:verifier={verifier(returns)}", limit=3).verifiers[0].kind == kind


def test_one_verifier_over_one_pool_is_shown_once(verifier) -> None:
    spec = verifier("score; any.")
    found = compared(f"best_of:verifier={spec}", f"best_of:verifier={spec}:weighted=true", limit=4)
    assert [row.method for row in found.verifiers] == [f"best_of:verifier={spec}"]


def test_other_options_or_another_pool_make_another_row(verifier) -> None:
    spec = verifier("score; any.")
    methods = (f"best_of:verifier={spec}", f"best_of:verifier={spec}:verifier.scale=3", f"best_of:n=3:verifier={spec}")
    found = compared(*methods, limit=4)
    assert [row.name for row in found.verifiers] == [
        f"{spec} ({methods[0]})",
        f"{spec}:scale=3",
        f"{spec} ({methods[2]})",
    ]
    assert [row.depth for row in found.verifiers] == [6, 6, 3]


def test_methods_without_a_verifier_have_no_row() -> None:
    found = compared("single", "vote", limit=3)
    assert found.verifiers == ()
    assert found.notes == ()


def test_a_verifier_that_scores_nothing_is_noted(verifier) -> None:
    found = compared("best_of:verifier=arithmetic", limit=3)
    assert found.verifiers == ()
    assert any("`arithmetic` is not measured" in note for note in found.notes)


def test_problems_that_the_budget_ended_are_left_out() -> None:
    found = compared("best_of", limit=8, n=4, budget=Budget(passes=40), concurrency=1)
    stopped = sum(trial.stop != "done" for row in found.problems for trial in row.trials.values())
    assert stopped > 0
    (row,) = found.verifiers
    assert row.left_out == stopped
    assert len(row.problems) == 8 - stopped


def test_a_run_comes_back_from_its_record_and_its_json(verifier, tmp_path: Path) -> None:
    import asyncio

    plan = Plan(model="toy", task="sums", methods=(f"best_of:verifier={verifier('score; any.')}",), n=4, limit=5)
    run = Run(plan, tmp_path / "run")
    found = summarise(asyncio.run(run.execute()))
    assert summarise(asyncio.run(Run.open(tmp_path / "run").replay())).verifiers == found.verifiers
    write_report(found, tmp_path / "run")
    assert read_comparison(tmp_path / "run") == found


def test_what_was_written_before_there_were_verifiers_still_loads(verifier, tmp_path: Path) -> None:
    found = compared(f"best_of:verifier={verifier('score; any.')}", limit=3)
    write_report(found, tmp_path)
    data = json.loads((tmp_path / "comparison.json").read_text())
    del data["verifiers"]
    (tmp_path / "comparison.json").write_text(json.dumps(data))
    old = read_comparison(tmp_path)
    assert old == replace(found, verifiers=())
    assert "verifier  " not in as_text(old)
    write_report(old, tmp_path)
    assert not (tmp_path / "verifiers.csv").exists()


def test_the_table_and_the_csv_have_the_figures(verifier) -> None:
    found = compared(f"best_of:verifier={verifier('score; any.')}", limit=12)
    (row,) = found.verifiers
    (line,) = csv.DictReader(io.StringIO(verifiers_csv(found)))
    assert float(line["auc_within"]) == row.auc_within.value
    assert float(line["false_positive_rate_high"]) == row.false_positive_rate.high
    assert float(line["ceiling"]) == row.resampling.ceiling.value
    assert float(line["best_of_at_depth"]) == row.curve("best_of").value[-1]
    assert int(line["best_k_at_cost_1"]) == row.resampling.values[1].best_k
    assert f"{100 * row.curve('coverage').value[-1]:.0f}" in as_text(found)
