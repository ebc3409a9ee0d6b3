"""The section on verifiers: whole, themed, and saying no more than is known."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from report_examples import HOSTILE, example
from rich.console import Console
from test_report_page import Page
from verifier_examples import drawn, edges, judged

from passel.core.key import Key
from passel.measure.comparison import Comparison, VerifierRow
from passel.measure.evaluate_verifier import evaluate_verifier
from passel.report import read_comparison, verifier_table, write_report
from passel.report.html import page
from passel.report.verifier_findings import sentences

CASES = {"judged": judged(), "edges": edges()}


def hostile() -> Comparison:
    base = judged()
    named = (replace(row, name=text, method=text) for row, text in zip(base.verifiers, HOSTILE, strict=False))
    rows = [replace(row, problems=(replace(row.problems[0], id=HOSTILE[2]), *row.problems[1:])) for row in named]
    return replace(base, verifiers=tuple(rows))


@pytest.mark.parametrize("name", [*CASES, "hostile"])
def test_the_page_is_whole(name: str) -> None:
    text = page(CASES[name] if name in CASES else hostile())
    seen = Page(text)
    assert seen.open == []
    assert len(seen.ids) == len(set(seen.ids))
    assert all(r.startswith("#") and r[1:] in seen.ids for r in seen.references)
    assert not {"script", "img", "link", "iframe", "object", "base", "image"} & set(seen.tags)
    assert seen.events == []
    assert not re.search("#0102|#0103", text), "a sentinel colour was left"
    assert not re.search(r"\bnan\b", "".join(seen.text))


@pytest.mark.parametrize("name", CASES)
def test_written_and_read_back_with_the_same_bytes(name: str, tmp_path: Path) -> None:
    pages = [write_report(CASES[name], tmp_path / part).read_bytes() for part in "ab"]
    assert pages[0] == pages[1]
    assert read_comparison(tmp_path / "a") == CASES[name]
    assert (tmp_path / "a" / "verifiers.csv").read_text().count("\n") == 1 + len(CASES[name].verifiers)


def test_no_verifier_no_section() -> None:
    assert 'id="verifiers"' not in page(example())


def test_each_verifier_has_its_plots_and_its_figures() -> None:
    data = judged()
    text = page(data)
    section = text[text.index('<section id="verifiers"') : text.index('<section id="problems"')]
    assert section.count('role="img"') == 3 * (4 + 2)
    shown = "".join(Page(section).text)
    assert all(row.name in shown for row in data.verifiers)
    assert "mean probability" in shown
    assert "verdict" in shown
    assert "rolls-008: " in section


def test_without_matplotlib_there_are_the_table_and_the_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [m for m in sys.modules if m.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = page(judged())
    assert 'role="img"' not in text
    assert "Resampling until" in text
    assert Page(text).open == []


@pytest.mark.parametrize("name", [*CASES, "hostile"])
def test_the_table_fits_80_columns(name: str) -> None:
    console = Console(width=80, record=True, file=None, highlight=False)
    with console.capture() as taken:
        console.print(verifier_table(CASES[name] if name in CASES else hostile()))
    lines = taken.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(any(line.rstrip().endswith(end) for line in lines) for end in ("best", "K"))
    assert "\x1b" not in taken.get()


def said(row: VerifierRow) -> str:
    return " ".join(sentences(row))


def of(values: list[list[float]], scores: list[list[float | None]], kind: str = "verdict") -> VerifierRow:
    return evaluate_verifier("v", kind, values, scores, [str(i) for i in range(len(values))], Key())


def test_a_ceiling_is_called_one_only_where_every_problem_is_accepted_at_some_time() -> None:
    fooled = [[1.0, 0.0, 0.0, 0.0]] * 10
    assert (
        "cannot exceed 25 % (interval 3 to 49 %), 75 points below coverage, with any number of samples: of the answers "
        "accepted where less than half of the samples are right, 75 % are wrong."
    ) in re.sub(r"interval \d+ to \d+", "interval 3 to 49", said(of(fooled, [[1.0] * 4] * 10)))
    some = said(of([*fooled, [0.0, 1.0]], [*[[1.0] * 4] * 10, [0.0, 0.0]]))
    assert "cannot exceed" not in some
    assert "1 problem had no accepted sample" in some
    assert "reaches coverage, 100 %" in said(of(fooled, [[1.0, 0.0, 0.0, 0.0]] * 10))


def test_what_wrong_answers_cost_decides_whether_to_answer() -> None:
    row = of([[1.0, 1.0, 0.0, 0.0]] * 12, [[1.0, 1.0, 1.0, 0.0]] * 12)  # two of three accepted are right
    text = said(row)
    assert "the best number of tries is 2, worth 0.33 a problem" in text
    assert "as much as 2 right answers gain, it is best not to answer" in text
    bad = of([[1.0, 0.0, 0.0]] * 12, [[1.0, 1.0, 1.0]] * 12)
    assert "as much as a right one gains, it is best not to answer" in said(bad)


def test_only_a_probability_is_called_calibrated_or_not() -> None:
    assert "Its probabilities are off by" in said(drawn("p", "probability", problems=20))
    assert "Its score is not meant as a probability" in said(drawn("s", "score", problems=20))
    verdict = said(drawn("v", "verdict", problems=20))
    assert "probab" not in verdict
    assert "n/a" in page(replace(example(), verifiers=(drawn("s", "score", problems=20),)))


def test_seeing_which_problems_are_easy_is_not_choosing() -> None:
    """Scores that tell problems apart and nothing within them."""
    values = [[1.0, 1.0, 0.0]] * 8 + [[1.0, 0.0, 0.0]] * 8
    row = of(values, [[0.9] * 3] * 8 + [[0.1] * 3] * 8, "score")
    assert row.auc_within.value == 0.5
    assert row.auc.value == pytest.approx(2 / 3)
    assert "which problems are easy" in said(row)


def test_few_problems_are_said_to_be_few() -> None:
    assert "Only 3 problems: too few" in said(of([[1.0, 0.0]] * 3, [[1.0, 0.0]] * 3))
    assert "too few" not in said(of([[1.0, 0.0]] * 10, [[1.0, 0.0]] * 10))
    assert "its ranking cannot be measured" in said(of([[1.0, 1.0]] * 3, [[1.0, 0.0]] * 3))
    assert "nothing was measured" in said(of([[]], [[]]))
