"""What the report claims, case by case: nothing that the intervals do not carry."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_examples import example, unscored

from passel.measure.comparison import Comparison, Estimate, MethodRow
from passel.report import headline
from passel.report.findings import findings, frontier, saved


def row(
    name: str,
    accuracy: float | None,
    gain: tuple[float, float, float] | None = None,
    tokens: float = 100,
    gold: bool = False,
    scored: int = 20,
) -> MethodRow:
    base = example().methods[0]
    difference = Estimate(*gain) if gain else None
    mean = {"tokens": tokens, "passes": 1.0}
    around = Estimate(accuracy, accuracy - 0.1, accuracy + 0.1) if accuracy is not None else Estimate(None)
    return replace(
        base,
        name=name,
        accuracy=around,
        difference=difference,
        scored=scored,
        problems=20,
        uses_gold=gold,
        mean_cost=mean,
        stopped=0,
    )


def of(*rows: MethodRow) -> Comparison:
    return replace(example(), methods=rows, notes=())


def details(comparison: Comparison) -> str:
    return " ".join(findings(comparison).details).replace("`", "")


FIRST = row("single", 0.5)


def test_a_gain_whose_interval_excludes_zero_is_significant() -> None:
    data = of(FIRST, row("vote", 0.7, (0.2, 0.05, 0.35), 800))
    assert headline(data) == (
        "vote is more accurate: 70 % right against 50 % for single (+20 points, interval +5 to +35), "
        "for 8.0 times the tokens."
    )
    assert "vote also has the best accuracy" in details(data)
    assert "frontier, where no method is as accurate for fewer tokens: single, vote." in details(data)


def test_a_gain_within_its_interval_does_not() -> None:
    data = of(FIRST, row("vote", 0.6, (0.1, -0.05, 0.25), 800), row("best_of", 0.55, (0.05, 0.0, 0.1), 800))
    assert headline(data) == "No method is significantly more accurate than single on these 20 problems."
    assert "vote has the best accuracy, 60 %, but its gain over single (+10 points, interval -5 to +25)" in details(
        data
    )


def test_the_first_may_be_best_and_others_worse() -> None:
    data = of(FIRST, row("vote", 0.3, (-0.2, -0.3, -0.1), 800))
    assert headline(data).startswith("No method is significantly more accurate than single")
    assert "single has the best accuracy, 50 %." in details(data)
    assert "vote is significantly less accurate than single (-20 points, interval -30 to -10)." in details(data)
    assert "tokens: single." in details(data)


def test_coverage_never_wins_and_is_said_to_be_a_bound() -> None:
    data = of(FIRST, row("repeat", 0.9, (0.4, 0.2, 0.6), 800, gold=True))
    assert "no other method was compared" in headline(data)
    assert "repeat (90 %) knows the gold answer: its accuracy is coverage, an upper bound" in details(data)
    assert "would add at most +40 points to single" in details(data)
    assert [r.name for r in frontier(data.methods)] == ["single"]


def test_coverage_beside_a_loser_does_not_make_a_winner() -> None:
    data = of(FIRST, row("vote", 0.5, (0.0, -0.1, 0.1), 800), row("repeat", 0.9, (0.4, 0.2, 0.6), 800, gold=True))
    assert headline(data) == "No method is significantly more accurate than single on these 20 problems."


def test_coverage_as_first_method_is_no_yardstick() -> None:
    data = of(row("repeat", 0.9, gold=True), row("vote", 0.7, (-0.2, -0.3, -0.1)))
    assert headline(data) == (
        "vote is the most accurate method that does not know the gold answer: "
        "70 % of 20 problems right (interval 60 to 80 %)."
    )
    assert "put a method without the gold answer first" in details(data)
    assert "less accurate" not in details(data)


def test_only_coverage() -> None:
    assert "Only coverage was measured on 20 problems" in headline(of(row("repeat", 0.9, gold=True)))


def test_a_handful_of_problems_cannot_tell() -> None:
    few = of(row("single", 0.0, scored=3), row("vote", 1.0, (1.0, 1.0, 1.0), scored=3))
    assert headline(few) == "Only 3 problems scored: too few to call a method better."
    assert "fewer than 10 problems" in details(few)


def test_the_cheapest_winner_is_named_beside_the_best() -> None:
    data = of(FIRST, row("vote", 0.8, (0.3, 0.1, 0.5), 1600), row("first_finish", 0.7, (0.2, 0.1, 0.3), 90))
    assert headline(data).startswith("vote is more accurate: 80 %")
    assert (
        "cheapest significant gain is by first_finish: 70 % right (+20 points, interval +10 to +30) for 0.90 times"
        in (details(data))
    )
    assert "tokens: first_finish, vote." in details(data)
    same = of(FIRST, row("vote", 0.8, (0.3, 0.1, 0.5), 1600), row("best_of", 0.7, (0.2, 0.1, 0.3), 1590))
    assert "cheapest" not in details(same), "a per cent less is no other price"


def test_a_paired_gain_that_is_not_the_difference_of_the_shares_says_why() -> None:
    data = of(FIRST, row("vote", 0.7, (0.17, 0.05, 0.35), 800, scored=18))
    assert "(+17 points on problems scored for both, interval +5 to +35)" in headline(data)


def test_the_most_accurate_need_not_be_the_one_that_pays() -> None:
    data = of(FIRST, row("vote", 0.7, (0.2, 0.1, 0.3), 800), row("best_of", 0.75, (0.25, -0.01, 0.5), 800))
    assert headline(data).startswith("vote is more accurate")
    assert "best_of has the best accuracy, 75 %, but its gain" in details(data)


def test_the_reader_is_warned_of_many_comparisons() -> None:
    won = [row(f"m{i}", 0.7, (0.2, 0.1, 0.3)) for i in range(5)]
    assert "5 methods were compared with the first" in details(of(FIRST, *won))
    assert "may look better by chance" not in details(of(FIRST, *won[:4]))


def test_a_stop_by_the_budget_and_unscored_problems_are_said() -> None:
    data = of(replace(FIRST, stopped=2), row("vote", 0.7, (0.2, 0.1, 0.3), scored=15))
    assert "with the best answer so far: single (2)" in details(data)
    assert "left out, not counted as wrong: vote (5)" in details(data)


def test_nothing_run_and_nothing_scored() -> None:
    assert headline(example(0)) == "Nothing was compared: no problem was run."
    assert headline(unscored()) == "None of 12 problems could be scored: no method can be judged."


def test_first_unscored() -> None:
    data = of(row("single", None), row("vote", 0.7, None))
    assert "vote is the most accurate method that does not know the gold answer" in headline(data)


@pytest.mark.parametrize(
    ("figures", "names"),
    [
        ([("a", 0.5, 10), ("b", 0.5, 20)], "a"),
        ([("a", 0.5, 10), ("b", 0.6, 10)], "b"),
        ([("a", 0.5, 10), ("b", 0.5, 10)], "ab"),
        ([("a", 0.9, 30), ("b", 0.6, 20), ("c", 0.5, 10), ("d", 0.55, 25)], "cba"),
        ([("a", None, 10)], ""),
    ],
)
def test_frontier(figures: list[tuple[str, float | None, float]], names: str) -> None:
    assert "".join(r.name for r in frontier([row(n, a, tokens=t) for n, a, t in figures])) == names


def test_saved() -> None:
    data = replace(example(), saved={"passes": 0.75, "dollars": 0.0})
    assert saved(data) == (
        "8.0 passes a problem were made, shared by all methods; without sharing it would be 29.0: 75 % of passes saved."
    )
    assert saved(replace(example(), saved={})) == ""
    assert saved(example(0)) == ""
