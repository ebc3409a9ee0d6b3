"""What prompted verifiers are made of: reading verdicts and orders, tournaments, hidden numbers, combined evidence."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, permutations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.problem import Problem
from passel.estimators.backward import backward_shares, forward_backward
from passel.verifiers.parts.masking import masked, read_unknown, same_number
from passel.verifiers.parts.rankings import read_order, repair, scores_of_ranks, windows
from passel.verifiers.parts.tournaments import all_pairs, copeland, knockout, stages, swiss
from passel.verifiers.parts.verdicts import read_choice, read_verdict

YES = [
    "Verdict: Yes",
    "Step 1 is right.\nStep 2 is wrong? No, it holds.\n\nVerdict: Yes",
    "Verification: Is the answer correct (Yes/No)? Yes",
    "**Verification: Is the answer correct (Yes/No)? Yes**",
    "Verification: Is the answer correct? Yes.",
    "**Verdict:** **Yes**",
    "Final verdict: correct",
    "Verdict:\n\nYes.",
    "The verdict is: the solution is correct.",
    "Verdict: No errors found.",
    "\\boxed{Yes}",
    "So my judgement is \\boxed{\\text{correct}}.",
    "[[Yes]]",
    "<verdict>yes</verdict>",
    "Yes",
    "**Yes**",
    "yes.",
    "Yes, the answer is correct.",
    "Let me recompute: 3 * 2 = 6 and 4 + 6 = 10.\nYes.",
    "All steps hold. Therefore, the answer is correct.",
    "The proposed answer of 3.5 is therefore correct.",
    "The answer is 10, which is right.",
    "I checked whether the answer is wrong. It adds up, so the solution is valid.",
    "First I said Verdict: No\nbut I misread it.\nVerdict: Yes",
    'End with "Verdict: Yes" if it is correct or "Verdict: No" if it is not.\nI find that the answer is correct.',
    "The answer isn't wrong.",
    'The answer is "No" to the question of the final answer, but the proposed solution is correct.',
]
NO = [
    "Verdict: No",
    "Verdict: no, since 3 * 2 = 6",
    "Verification: Is the answer correct (Yes/No)? No",
    "Is the answer correct (yes or no)? **No**",
    "Verdict: Incorrect",
    "Verdict: not correct",
    "Verdict: the answer is not entirely correct",
    "**No**",
    "No.",
    "No, because 4 + 6 = 10.",
    "No - the last step is wrong.",
    "The answer is incorrect.",
    "The answer isn't correct.",
    "The answer is not the right answer.",
    "The proposed solution is clearly wrong.",
    "The correct answer is 10, so the given answer is wrong.",
    "\\boxed{No}",
    "Every step looked right at first.\nIncorrect",
    "The answer was not correct!",
    "Verdict: Yes\nWait, 4 + 6 is not 11.\nVerdict: No",
]
NEITHER = [
    "",
    "   \n",
    "I cannot tell.",
    "4 + 6 = 10",
    "Verdict: unclear",
    "Verdict: partially correct",
    'Answer "Verdict: Yes" or "Verdict: No".',
    "Is the answer correct?",
    "Let me check whether the answer is correct.",
    "Yes, at first sight. In the end, though, the answer is wrong.",
    "If the answer is correct, 4 + 6 is 10.",
    "Notable. Yesterday I knew.",
    "Correctly solved problems have a check.",
    "Please make sure your answer is correct.",
    "Verification: Is the answer correct (Yes/No)?",
]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [(text, True) for text in YES] + [(text, False) for text in NO] + [(text, None) for text in NEITHER],
)
def test_a_verdict_is_read(text, verdict):
    assert read_verdict(text) is verdict


WORDS = st.sampled_from(
    [
        "yes",
        "No",
        "the answer is",
        "correct",
        "not",
        "Verdict:",
        "\n",
        "[[",
        "]]",
        "?",
        "A",
        "B",
        "[1]",
        ">",
        "3",
        "x =",
    ]
)


@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=80))
def test_every_reader_takes_any_text(text):
    assert read_verdict(text) in (True, False, None)
    assert read_choice(text, "ABC") in ("A", "B", "C", None)
    assert all(number >= 0 for number in read_order(text))
    assert read_unknown(text, "x") is None or isinstance(read_unknown(text, "x"), Fraction)


@pytest.mark.parametrize(
    "text", ["1 " * 5000 + "!", ">" * 5000, "not " * 5000, "[" * 5000, "1," * 5000, "answer " * 3000]
)
def test_a_model_that_repeats_itself_is_read_at_once(text):
    """Patterns with several ways to match the same spaces would take years."""
    assert read_verdict(text) is None
    assert read_choice(text, "ABC") is None
    read_order(text)
    read_unknown(text, "x")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Both add up, B explains it. [[B]]", "B"),
        ("[[A]]\nNo, on a second look:\n[[C]]", "C"),
        ('Use "[[A]]" or "[[B]]".\n[[A]]', "A"),
        ("**[[ A ]]**", "A"),
        ("[B]", "B"),
        ("My verdict: A", "A"),
        ("Answer: **B**", "B"),
        ("B", "B"),
        ("Answer A is better, for it adds up.", "A"),
        ("The better answer is B.", "B"),
        ("The winner is answer A", "A"),
        ("[[A]] or [[B]]", None),
        ("[[D]]", None),
        ("A good answer has steps.", None),
        ("Answer A is better. Answer B is better.", None),
        ("", None),
    ],
)
def test_a_choice_is_read(text, choice):
    assert read_choice(text, "ABC") == choice


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("[2] > [1] > [3]", [2, 1, 3]),
        ("**[2]** > **[1]**", [2, 1]),
        ("Candidate [1] slips. So: [2] > [3] > [1].", [2, 3, 1]),
        ("[1] > [2] was my first thought.\nFinal: [2]>[1]", [2, 1]),
        ("2 > 1 > 3", [2, 1, 3]),
        ("1. [3]\n2. [1]\n3. [2]", [3, 1, 2]),
        ("Ranking: 3, 1, 2", [3, 1, 2]),
        ("[2]", [2]),
        ("[best] > [second best] > ... > [worst]", []),
        ("All are wrong.", []),
        ("There are 3 answers, and 2 of them agree.", []),
        ("", []),
    ],
)
def test_an_order_is_read(text, order):
    assert read_order(text) == order


SIZES = st.integers(1, 9)


@given(st.lists(st.integers(-3, 12)), SIZES)
def test_a_repaired_order_is_a_permutation_that_keeps_what_was_said(order, size):
    repaired = repair(order, size)
    assert sorted(repaired) == list(range(size))
    named = list(dict.fromkeys(i for i in order if 0 <= i < size))
    assert repaired[: len(named)] == named
    assert repaired[len(named) :] == sorted(repaired[len(named) :])
    assert repair(repaired, size) == repaired


@given(st.integers(2, 60), st.integers(2, 20), st.data())
def test_windows_reach_every_place_and_are_as_many_as_the_cost_line_allows(size, window, data):
    step = data.draw(st.integers(1, window))
    places = windows(size, window, step)
    assert len(places) <= max(1, size - window + 1)
    assert places[0][1] == size
    assert places[-1][0] == 0
    for (later, _), (start, end) in pairwise(places):
        assert start < later <= end
    assert all(2 <= end - start <= window for start, end in places)


def test_a_sliding_window_brings_the_best_to_the_front():
    """Bubbled through overlaps, as in RankGPT: with an overlap of k, the best k arrive."""
    for quality in permutations(range(6)):
        order = list(range(6))
        for start, end in windows(6, 3, 1):
            order[start:end] = sorted(order[start:end], key=lambda i: -quality[i])
        assert [quality[i] for i in order[:2]] == [5, 4]


@given(st.integers(2, 6), st.data())
def test_scores_of_ranks_are_linear_in_the_mean_rank(size, data):
    orders = data.draw(st.lists(st.permutations(range(size)), min_size=1, max_size=4))
    mean = [sum(order.index(i) for order in orders) / len(orders) for i in range(size)]
    assert scores_of_ranks(orders, size) == pytest.approx([1 - rank / (size - 1) for rank in mean])


def test_what_no_order_holds_has_no_score():
    assert scores_of_ranks([[2, 1], [1, 2]], 3) == [None, 0.5, 0.5]
    assert scores_of_ranks([(), [0]], 2) == [None, None]


def play_out(schedule, size, compare, most=100):
    """Results of a tournament, and its rounds."""
    results, rounds = {}, []
    while pairs := schedule(size, results):
        assert all(one < other for one, other in pairs)
        assert not set(pairs) & set(results), "a pair met twice"
        results |= {pair: compare(*pair) for pair in pairs}
        rounds.append(pairs)
        assert len(rounds) <= most
    return results, rounds


def by_quality(quality):
    return lambda one, other: 0.5 * (1 + (quality[one] > quality[other]) - (quality[one] < quality[other]))


@given(st.permutations(range(7)).flatmap(lambda p: st.integers(1, 7).map(lambda n: p[:n])))
def test_the_best_wins_every_tournament_of_a_judge_that_never_errs(quality):
    size, best = len(quality), quality.index(max(quality))
    pairs = {all_pairs: comb(size, 2), knockout: size - 1, swiss: (size // 2) * (size - 1).bit_length()}
    for schedule, most in pairs.items():
        results, rounds = play_out(schedule, size, by_quality(quality))
        scores = (stages if schedule is knockout else copeland)(size, results)
        if size == 1:
            assert scores == [None]
            continue
        assert scores[best] == max(scores) == 1.0
        assert len(results) <= most
        if schedule is not swiss:
            assert len(results) == most
            assert [score for score in scores if score == 1.0] == [1.0]
        assert len(rounds) == (1 if schedule is all_pairs else len(rounds))


@given(st.permutations(range(6)))
def test_copeland_over_all_pairs_gives_back_the_order(quality):
    results, _ = play_out(all_pairs, 6, by_quality(quality))
    assert copeland(6, results) == [q / 5 for q in quality]


@given(st.integers(2, 9), st.data())
def test_any_results_end_every_tournament_with_scores_in_range(size, data):
    outcome = st.sampled_from([0.0, 0.5, 1.0, None])
    for schedule, score in ((all_pairs, copeland), (swiss, copeland), (knockout, stages)):
        results, _ = play_out(schedule, size, lambda *_: data.draw(outcome))
        assert len(results) <= size * (size - 1) // 2
        seen = dict.fromkeys(range(size), False)
        for pair, result in results.items():
            seen |= dict.fromkeys(pair, True) if result is not None else {}
        scores = score(size, results)
        assert [value is not None for value in scores] == list(seen.values())
        assert all(value is None or 0.0 <= value <= 1.0 for value in scores)
        part = dict(list(results.items())[: data.draw(st.integers(0, len(results)))])
        assert all(value is None or 0.0 <= value <= 1.0 for value in score(size, part))


def test_knockout_rounds_have_a_bye_for_an_odd_number():
    results, rounds = play_out(knockout, 5, by_quality([0, 1, 2, 3, 4]))
    assert rounds == [[(0, 1), (2, 3)], [(1, 3)], [(3, 4)]]
    assert stages(5, results) == [0.0, 1 / 3, 0.0, 2 / 3, 1.0]


def test_a_knockout_that_was_cut_off_counts_the_matches_played():
    assert stages(4, {(0, 1): 0.0}) == [0.0, 0.5, None, None]


def test_swiss_does_not_let_a_pair_meet_again():
    results, rounds = play_out(swiss, 4, lambda one, other: 1.0)
    assert rounds == [[(0, 1), (2, 3)], [(0, 2), (1, 3)]]
    assert copeland(4, results) == [1.0, 0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Tom has 4 apples and buys 3 boxes of 2.", {"4": "Tom has x apples", "3": "buys x boxes", "2": "of x."}),
        ("It costs $1,250.50, or 5% more.", {"2501/2": "costs $x, or", "5": "or x% more"}),
        ("Half of 3/4?", {"3/4": "Half of x?"}),
        ("The 3rd of 5/6/2020 at 12:30, 2x, H2O, 10^3 and v1.2.3.", {}),
        ("two apples", {}),
        ("For x = 3, what is x + 1?", {"3": "For x = K", "1": "x + K"}),
        ("", {}),
    ],
)
def test_numbers_are_hidden_one_at_a_time(question, found):
    hidden = masked(Problem("1", question), 9)
    assert [str(one.hidden) for one in hidden] == list(found)
    for one, part in zip(hidden, found.values(), strict=True):
        assert part in one.question


def test_numbers_of_answer_options_are_not_hidden():
    problem = Problem("1", "What is 2 + 3?\n(A) 4\n(B) 5", options=("4", "5"))
    assert [int(one.hidden) for one in masked(problem, 9)] == [2, 3]


def test_only_the_first_numbers_are_hidden():
    assert [int(one.hidden) for one in masked(Problem("1", "1 + 2 + 3 + 4"), 3)] == [1, 2, 3]


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=5))
def test_putting_the_number_back_gives_the_question(numbers):
    question = "Add " + " and ".join(map(str, numbers)) + "."
    hidden = masked(Problem("1", question), 9)
    assert len(hidden) == len(numbers)
    for one, number in zip(hidden, numbers, strict=True):
        assert one.question.replace("x", str(number)) == question


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = 4", "4"),
        ("x=10-6\nx = 4.", "4"),
        ("x = 10 - 6 = 4", "4"),
        ("x = (10 - 6) apples = 4 apples", "4"),
        ("2x = 8, so x = 4", "4"),
        ("Then x is 4, since 4 + 6 = 10.", "4"),
        ("The value of x is $1,200.", "1200"),
        ("**x = 4**", "4"),
        ("\\(x = 4\\)", "4"),
        ("\\boxed{4}", "4"),
        ("x = \\frac{3}{4}", "3/4"),
        ("x = -5", "-5"),
        ("x = 0.75", "3/4"),
        ("10 - 6 = 4\nThe answer is 4.", "4"),
        ("10-6=4", "4"),
        ("x is unknown", "None"),
        ("x = 1/0", "None"),
        ("x = " + "9" * 500, "None"),
        ("", "None"),
    ],
)
def test_the_unknown_is_read(text, value):
    assert str(read_unknown(text, "x")) == value


def test_a_whole_number_is_recovered_exactly_and_another_nearly():
    assert same_number(Fraction(4), Fraction(4))
    assert not same_number(Fraction(4000), Fraction(4001))
    assert same_number(Fraction(1, 3), Fraction("0.3333"))
    assert not same_number(Fraction(1, 3), Fraction("0.34"))
    assert not same_number(Fraction(4), None)


COUNTS = st.dictionaries(st.sampled_from("pqrst"), st.integers(0, 20), min_size=1)


@given(COUNTS)
def test_backward_shares_sum_to_one_and_keep_the_order(counts):
    shares = backward_shares(counts)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert all((shares[a] > shares[b]) == (counts[a] > counts[b]) for a, b in permutations(counts, 2))
    if not any(counts.values()):
        assert list(shares.values()) == pytest.approx([1 / len(counts)] * len(counts))


def order_of(scores):
    return sorted(scores, key=lambda answer: (-scores[answer], answer))


@given(COUNTS.filter(lambda c: sum(c.values())), st.data())
def test_the_limits_of_alpha_and_a_flat_backward_side(votes, data):
    forward = {answer: count / sum(votes.values()) for answer, count in votes.items()}
    recovered = {answer: data.draw(st.integers(0, 20)) for answer in votes}
    backward = backward_shares(recovered)
    assert forward_backward(forward, backward, alpha=1.0) == forward
    assert forward_backward(forward, backward, alpha=0.0) == backward
    flat = forward_backward(forward, backward_shares(dict.fromkeys(votes, 0)))
    assert order_of(flat) == order_of(forward)


def test_only_forward_candidates_can_win_and_one_without_a_backward_entry_has_epsilon():
    scores = forward_backward({"p": 0.25, "q": 0.75}, {"p": 0.5, "r": 0.5}, epsilon=1e-8)
    assert scores == {"p": pytest.approx(0.125**0.5), "q": pytest.approx((0.75 * 1e-8) ** 0.5)}


def test_two_candidates_in_closed_form():
    """With alpha = 1/2 the first wins iff its votes times its recoveries exceed the other's (to within epsilon)."""
    for votes, total in ((3, 10), (5, 10), (7, 10)):
        for one in range(9):
            for other in range(9):
                forward = {"p": votes / total, "q": 1 - votes / total}
                scores = forward_backward(forward, backward_shares({"p": one, "q": other}))
                left, right = votes * (one + 0.5e-8), (total - votes) * (other + 0.5e-8)
                if abs(left - right) > 1e-12:
                    assert (scores["p"] > scores["q"]) == (left > right)
