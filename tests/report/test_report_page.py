"""The page: it parses, reaches for nothing outside itself, and no text in the data can break it."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_examples import HOSTILE, NAMES, example, hostile, single, unscored

from passel.core.cost import Cost
from passel.measure.comparison import Comparison
from passel.report import write_report
from passel.report.grid import MAX_SHOWN
from passel.report.html import page

VOID = {"meta", "br", "wbr", "input", "link", "img", "hr"}
CASES = {"main": example(), "empty": example(0), "one": single(), "none": unscored(), "hostile": hostile()}


class Page(HTMLParser):
    """Counts tags, checks their nesting, keeps ids, references and the visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.events: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for key, value in attrs:
            if key == "id":
                self.ids.append(value or "")
            if key in ("href", "src", "xlink:href", "action", "data", "srcset", "poster"):
                self.references.append(value or "")
            if key.startswith("on"):
                self.events.append(key)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", CASES)
def test_page_is_whole_and_reaches_for_nothing(name: str) -> None:
    text = page(CASES[name])
    seen = Page(text)
    assert seen.open == []
    assert len(seen.ids) == len(set(seen.ids))
    assert all(r.startswith("#") and r[1:] in seen.ids for r in seen.references)
    assert all(u.startswith("#") for u in re.findall(r'url\(["\']?([^)"\']*)', text))
    assert not {"script", "img", "link", "iframe", "object", "base", "image"} & set(seen.tags)
    assert seen.events == []
    assert "@import" not in text
    assert "default-src 'none'" in text
    text.encode("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_same_data_same_bytes(name: str, tmp_path: Path) -> None:
    written = [write_report(CASES[name], tmp_path / part).read_bytes() for part in ("a", "b")]
    assert written[0] == written[1]
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "comparison.json",
        "methods.csv",
        "problems.csv",
        "report.html",
    ]


def test_a_report_replaces_the_one_before(tmp_path: Path) -> None:
    write_report(example(), tmp_path)
    path = write_report(single(), tmp_path)
    assert path == tmp_path / "report.html"
    assert len(list(tmp_path.iterdir())) == 4
    assert "vote:n=8" not in path.read_text(encoding="utf-8")


def test_hostile_texts_are_shown_not_obeyed() -> None:
    text = page(hostile())
    shown = "".join(Page(text).text)
    assert HOSTILE[0] in shown
    assert HOSTILE[1] in shown
    assert "<img src=x" not in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\u202a-\u202e]", text)
    assert "\u2400 escape\u241b[31m" in shown
    assert "196,000 more characters, in comparison.json" in shown
    assert len(text) < 1_000_000
    assert "vote\u2400\ufffd:t=0.123456" in shown, "digits in names are not those of a path"


def test_every_problem_is_there_with_what_was_said() -> None:
    data = example()
    text = page(data)
    shown = "".join(Page(text).text)
    assert text.count('<details class="problem') == 20
    for problem in data.problems:
        assert problem.question in shown
        assert problem.id in shown
    assert "rolls-001" in shown
    assert all(name in shown for name in NAMES)
    assert "75 % of passes saved".replace(" %", "\u00a0%") in shown


def test_cached_tokens_are_shown() -> None:
    data = replace(example(), paid=Cost(passes=3, prompt_tokens=1865, cached_tokens=1734, completion_tokens=9))
    shown = "".join(Page(page(data)).text).replace("\u00a0", " ")
    assert "1,865 prompt tokens, 1,734 of them cached" in shown


def test_many_problems_are_limited_with_a_note() -> None:
    data = example(30, names=("single",))
    many = replace(data, problems=tuple(replace(data.problems[i % 30], id=str(i)) for i in range(MAX_SHOWN + 7)))
    text = page(many)
    assert text.count('<details class="problem') == MAX_SHOWN
    assert "The first 500 of 507 are shown" in text


def test_300_problems_make_a_page_of_reasonable_size() -> None:
    assert len(page(example(300))) < 2_000_000


def test_plots_follow_the_theme_and_speak() -> None:
    text = page(example())
    assert text.count('role="img"') == 4, "two plots, wide and narrow"
    assert not re.search("#0102|#0103", text), "a sentinel colour was left"
    assert "var(--s1)" in text
    assert (
        "<title>vote:n=8: 85 % (interval 70 to 100 %), 2,030 tokens a problem, on the Pareto frontier</title>" in text
    )
    assert "coverage, an upper bound" in text
    assert "DejaVu Sans'," not in text


def test_no_curves_no_plot_of_them() -> None:
    text = page(replace(example(), curves=()))
    assert 'id="curves"' not in text
    assert text.count('role="img"') == 2


def test_nothing_scored_draws_nothing() -> None:
    assert 'role="img"' not in page(unscored())


def test_costs_that_span_an_order_get_a_log_axis() -> None:
    assert "log scale" not in page(example())
    data = example()
    cheap = replace(data.methods[0], mean_cost={**data.methods[0].mean_cost, "tokens": 20.0})
    assert "log scale" in page(replace(data, methods=(cheap, *data.methods[1:])))


def test_zero_and_equal_costs_can_be_drawn() -> None:
    data = example()
    for tokens in (0.0, 7.0):
        rows = tuple(replace(r, mean_cost={"tokens": tokens}) for r in data.methods)
        assert 'role="img"' in page(replace(data, methods=rows))


def test_without_matplotlib_the_page_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [m for m in sys.modules if m.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    text = write_report(example(), tmp_path).read_text(encoding="utf-8")
    assert 'pip install "passel[report]"' in text
    assert 'role="img"' not in text
    assert text.count('<details class="problem') == 20
    assert Page(text).open == []


def test_money_only_where_there_is_a_price() -> None:
    assert "$0.00" in page(example())
    assert "$" not in "".join(Page(page(replace(example(), price_known=False))).text)


def test_a_method_that_was_not_run_on_a_problem_is_an_empty_cell() -> None:
    data = example(12)
    first = replace(data.problems[0], trials={"single": data.problems[0].trials["single"]})
    shown = "".join(Page(page(replace(data, problems=(first, *data.problems[1:])))).text)
    assert "vote:n=8 not run" in shown


@pytest.mark.parametrize("data", [Comparison("m", "t", 0, (), ()), example(0)], ids=["bare", "no problems"])
def test_nothing_at_all_is_still_a_page(data: Comparison) -> None:
    assert "Nothing was compared" in page(data)
