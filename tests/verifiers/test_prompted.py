"""Prompted verifiers and rankers, by scripts of replies and by exact distributions."""

from __future__ import annotations

import math
import re
from functools import partial
from itertools import product
from math import comb, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged_values import worth_of

from passel.core.ask import Sampling
from passel.core.docs import bounds, describe
from passel.core.errors import OutOfBudget, UsageError
from passel.core.exact import exact
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply
from passel.estimators.backward import backward_shares, forward_backward
from passel.models.toy import Toy
from passel.verifiers import load, scores_of
from passel.verifiers.fobar import fobar
from passel.verifiers.genrm import genrm
from passel.verifiers.genrm_cot import genrm_cot
from passel.verifiers.judge import judge
from passel.verifiers.listwise import listwise
from passel.verifiers.pairwise import pairwise
from passel.verifiers.rating import rating


def read_number(text):
    numbers = re.findall(r"-?\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "Tom has 4 apples and buys 3 boxes of 2. How many?", instruction="[[MARK]]", read=read_number)
CUT, FAILED = Reply("length", "Verdict: Yes [[A]] [2] > [1] x = 4"), Reply("failed", error="500")
SINGLE = [genrm, genrm_cot, fobar, judge, rating]


def said(ask):
    return ask.prompt[-1].content


# what all have in common


@pytest.mark.parametrize("verifier", SINGLE, ids=lambda v: v.__name__)
def test_braces_and_marks_in_a_text_are_shown_as_they_are_and_the_instruction_is_not(verifier):
    problem = Problem("1", "{x} of 5?", instruction="[[MARK]]", read=read_number)
    asks = play(verifier(problem, "{0} {question} 7", key=Key()), lambda ask: FAILED).asks
    assert asks
    for ask in asks:
        assert re.search(r"\{x\} of [5xK]\?", said(ask))
        assert "7" in said(ask)
        assert "MARK" not in said(ask)
        if verifier is not fobar:
            assert "{0} {question} 7" in said(ask)


@pytest.mark.parametrize("ranker", [pairwise, listwise], ids=lambda v: v.__name__)
def test_a_ranker_shows_texts_as_they_are_and_not_the_instruction(ranker):
    asks = play(ranker(PROBLEM, ["{0} is 1", "{question} 2"], key=Key()), lambda ask: FAILED).asks
    for ask in asks:
        assert PROBLEM.question in said(ask)
        assert "{0} is 1" in said(ask)
        assert "{question} 2" in said(ask)
        assert "MARK" not in said(ask)


@pytest.mark.parametrize("verifier", [genrm, genrm_cot, fobar], ids=lambda v: v.__name__)
@pytest.mark.parametrize("reply", [CUT, FAILED, Reply("filtered"), Reply("cancelled", "Verdict: Yes")], ids=str)
def test_replies_that_did_not_end_tell_nothing(verifier, reply):
    assert worth_of(play(verifier(PROBLEM, "10", key=Key()), lambda ask: reply)) is None


@pytest.mark.parametrize("ranker", [pairwise, listwise], ids=lambda v: v.__name__)
@pytest.mark.parametrize("reply", [CUT, FAILED, Reply("end", "They are all fine.")], ids=str)
def test_rankings_that_did_not_end_or_rank_nothing_tell_nothing(ranker, reply):
    assert worth_of(play(ranker(PROBLEM, ["9", "10", "11"], key=Key()), lambda ask: reply)) == [None] * 3


@pytest.mark.parametrize("ranker", [pairwise, listwise], ids=lambda v: v.__name__)
@pytest.mark.parametrize("texts", [[], ["10"], ["10", "10", "10"]], ids=str)
def test_a_ranker_makes_no_pass_where_nothing_can_be_compared(ranker, texts):
    assert worth_of(play(ranker(PROBLEM, texts, key=Key()), [])) == [None] * len(texts)


# genrm


def test_genrm_is_the_share_of_yes_among_the_verdicts():
    replies = ["Verdict: Yes", "Verdict: No", "Verdict: Yes", "?", FAILED, CUT]
    played = play(genrm(PROBLEM, "10", key=Key(), m=6), replies)
    assert worth_of(played) == 2 / 3
    assert [(ask.role, ask.label, ask.sampling) for ask in played.asks] == [("verifier", "genrm", Sampling())] * 6
    assert len({ask.key for ask in played.asks}) == 6


@pytest.mark.parametrize("m", [1, 2, 4])
def test_genrm_has_the_distribution_of_a_mean_of_readable_verdicts(m):
    """Exactly, on a model that says Yes, No or nothing; and it is unbiased given that it tells anything."""
    yes, no, nothing = 0.5, 0.3, 0.2
    model = Toy(lambda text: [("Verdict: Yes", yes), ("Verdict: No", no), ("Hm.", nothing)])
    flow = partial(genrm, PROBLEM, "10", key=Key(), m=m)
    found = exact(flow, model, value=lambda judgement: judgement.value and round(judgement.value, 9))
    wanted: dict[float | None, float] = {}
    for yeses, noes in product(range(m + 1), repeat=2):
        if (rest := m - yeses - noes) >= 0:
            ways = comb(m, yeses) * comb(m - yeses, noes)
            share = round(yeses / (yeses + noes), 9) if yeses + noes else None
            wanted[share] = wanted.get(share, 0.0) + ways * yes**yeses * no**noes * nothing**rest
    assert found == pytest.approx(wanted)
    told = {share: p for share, p in found.items() if share is not None}
    assert sum(s * p for s, p in told.items()) / sum(told.values()) == pytest.approx(yes / (yes + no))


@pytest.mark.parametrize("fits", [1, 3])
def test_genrm_uses_the_chains_that_the_budget_allows(fits):
    flow = genrm(PROBLEM, "10", key=Key(), m=8)
    assert worth_of(play(flow, [OutOfBudget(fits=fits), *["Verdict: Yes"] * fits, OutOfBudget()])) == 1.0
    with pytest.raises(OutOfBudget):
        play(genrm(PROBLEM, "10", key=Key(), m=8), [OutOfBudget(fits=0)])


# genrm_cot


def test_genrm_cot_puts_the_verdict_after_each_chain():
    scores = [Reply(scores=(log(0.6), log(0.2))), Reply(scores=(log(0.1), log(0.3)))]
    replies = ["4 + 6 = 10.\n", "4 + 6 is 11.\nVerdict: No", CUT, *scores]
    played = play(genrm_cot(PROBLEM, "10", key=Key(), m=3), replies)
    assert worth_of(played) == pytest.approx((0.75 + 0.25) / 2)
    chains, verdicts = played.rounds
    assert {ask.sampling for ask in chains.asks} == {Sampling(stop=("Verdict:",))}
    assert [ask.prefix for ask in verdicts.asks] == ["4 + 6 = 10.\nVerdict:", "4 + 6 is 11.\nVerdict:"]
    assert {ask.continuations for ask in verdicts.asks} == {("Yes", "No")}


@pytest.mark.parametrize("scores", [(), (-math.inf, -math.inf)])
def test_genrm_cot_knows_nothing_without_probabilities(scores):
    assert worth_of(play(genrm_cot(PROBLEM, "10", key=Key(), m=1), ["fine", Reply(scores=scores)])) is None


def test_genrm_cot_where_the_budget_ends_after_the_chains():
    script = ["a", "b", OutOfBudget(fits=1), Reply(scores=(-1.0, -1.0))]
    assert worth_of(play(genrm_cot(PROBLEM, "10", key=Key(), m=2), script)) == 0.5
    assert worth_of(play(genrm_cot(PROBLEM, "10", key=Key(), m=2), ["a", "b", OutOfBudget(fits=0)])) is None


# fobar


def test_fobar_hides_each_number_in_turn():
    played = play(fobar(PROBLEM, "10", key=Key(), m=1), ["x = 4", "x = 3", "x = 1"])
    assert worth_of(played) == 2 / 3
    parts = ["Tom has x apples and buys 3 boxes of 2", "has 4 apples and buys x boxes of 2", "buys 3 boxes of x."]
    for ask, part in zip(played.asks, parts, strict=True):
        assert part in said(ask)
        assert "the answer to this question is 10" in said(ask)


def test_fobar_draws_m_chains_a_number():
    played = play(fobar(PROBLEM, "10", key=Key(), m=3, numbers=2), ["x = 4", "x = 3"] * 2 + [CUT, "x = 9"])
    assert worth_of(played) == 4 / 5
    assert [len(r.asks) for r in played.rounds] == [6]
    assert len({(ask.key, ask.prompt) for ask in played.asks}) == 6


@pytest.mark.parametrize(("question", "text"), [("How many days are in a week?", "7"), (PROBLEM.question, "no idea")])
def test_fobar_makes_no_pass_without_a_number_or_an_answer(question, text):
    assert worth_of(play(fobar(Problem("1", question, read=read_number), text, key=Key()), [])) is None


def test_fobar_spreads_a_short_budget_over_the_numbers():
    script = [OutOfBudget(fits=4), "x = 4", "x = 3", "x = 2", "x = 0"]
    assert worth_of(play(fobar(PROBLEM, "10", key=Key(), m=8), script)) == 3 / 4


def recovers(right, wrong):
    """A model that finds the hidden 5 with a chance that depends on the candidate answer it is given."""

    def texts(text):
        chance = right if "question is 7," in text else wrong
        return [("x = 5", chance), ("x = 1", 1.0 - chance)]

    return Toy(texts)


def winners(right, wrong, forward, m=3):
    """How likely each of two candidates is to win by forward and backward evidence, enumerated."""
    problem = Problem("1", "What is two more than 5?", read=read_number)

    def winner(found):
        scores, paid = found
        assert paid
        combined = forward_backward(forward, backward_shares({"7": m * scores[0], "8": m * scores[1]}))
        return max(combined, key=lambda answer: combined[answer])

    return exact(
        lambda: scores_of(load(f"fobar:m={m}"), problem, {0: "7", 1: "8"}, key=Key()),
        recovers(right, wrong),
        value=winner,
    )


@pytest.mark.parametrize(("right", "wrong"), [(0.7, 0.2), (0.5, 0.5), (0.2, 0.7), (1.0, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize("share", [0.3, 0.45])
def test_two_candidates_win_by_fobar_as_binomials_say(right, wrong, share):
    m = 3
    forward = {"7": share, "8": 1.0 - share}
    expected = 0.0
    for z7, z8 in product(range(m + 1), repeat=2):
        chance = comb(m, z7) * right**z7 * (1 - right) ** (m - z7) * comb(m, z8) * wrong**z8 * (1 - wrong) ** (m - z8)
        expected += chance * (share * (z7 + 0.5e-8) > (1.0 - share) * (z8 + 0.5e-8))
    assert winners(right, wrong, forward).get("7", 0.0) == pytest.approx(expected)


def test_backward_evidence_gains_over_the_vote_where_right_answers_lead_back_more_often():
    """Averaged over which of two candidates is right by its vote share; the vote alone takes the larger share."""

    def accuracy(right, wrong, share=0.4):
        lost = winners(right, wrong, {"7": share, "8": 1.0 - share}).get("7", 0.0)
        kept = winners(right, wrong, {"7": 1.0 - share, "8": share}).get("7", 0.0)
        return share * lost + (1.0 - share) * kept

    assert accuracy(0.9, 0.1) > 0.6
    assert accuracy(0.0, 0.0) == pytest.approx(0.6)
    assert accuracy(0.1, 0.9) < 0.6


# pairwise


def prefers(quality):
    """A judge that likes the text of the higher quality, whichever comes first."""

    def reply(ask):
        first, second = (quality[text] for text in re.findall(r"\[Answer [AB]\]\n(.*?)\n\[End", said(ask), re.DOTALL))
        return "[[A]]" if first > second else "[[B]]" if second > first else "[[C]]"

    return reply


@pytest.mark.parametrize(
    ("straight", "swapped", "scores"),
    [
        ("[[A]]", "[[B]]", [1.0, 0.0]),
        ("[[B]]", "[[A]]", [0.0, 1.0]),
        ("[[A]]", "[[A]]", [0.5, 0.5]),
        ("[[B]]", "[[B]]", [0.5, 0.5]),
        ("[[C]]", "[[C]]", [0.5, 0.5]),
        ("[[A]]", "[[C]]", [0.5, 0.5]),
        ("[[A]]", "?", [None, None]),
        (FAILED, "[[B]]", [None, None]),
    ],
)
def test_a_win_counts_only_in_both_orders(straight, swapped, scores):
    played = play(pairwise(PROBLEM, ["4+6=9", "4+6=10"], key=Key()), [straight, swapped])
    assert worth_of(played) == scores
    one, other = played.asks
    assert said(one).index("4+6=9") < said(one).index("4+6=10")
    assert said(other).index("4+6=10") < said(other).index("4+6=9")
    assert {(ask.role, ask.sampling) for ask in played.asks} == {("judge", Sampling(temperature=0.0))}


def test_a_judge_that_looks_at_places_alone_leaves_all_tied():
    played = play(pairwise(PROBLEM, ["a", "b", "c"], key=Key()), lambda ask: "[[A]]")
    assert worth_of(played) == [0.5, 0.5, 0.5]


@given(st.permutations("abcdefg").flatmap(lambda p: st.integers(2, 7).map(lambda n: p[:n])))
def test_a_judge_that_never_errs_is_followed(texts):
    quality = {text: ord(text) for text in texts}
    best, size = texts.index(max(texts)), len(texts)
    passes = {"all": size * (size - 1), "knockout": 2 * (size - 1)}
    for rounds in ("all", "swiss", "knockout"):
        played = play(pairwise(PROBLEM, texts, key=Key(), rounds=rounds), prefers(quality))
        assert worth_of(played)[best] == max(worth_of(played)) == 1.0
        assert len(played.asks) <= bounds(describe(pairwise).cost, {"n": size})["generate"][1]
        assert len(played.asks) == passes.get(rounds, len(played.asks))
    scores = worth_of(play(pairwise(PROBLEM, texts, key=Key()), prefers(quality)))
    assert sorted(texts, key=lambda text: scores[texts.index(text)]) == sorted(texts)


def test_equal_texts_are_judged_once_and_share_their_score():
    played = play(pairwise(PROBLEM, ["b", "a", "b"], key=Key()), prefers({"a": 1, "b": 2}))
    assert worth_of(played) == [1.0, 0.0, 1.0]
    assert len(played.asks) == 2


def test_a_pair_is_the_same_judgement_whichever_others_are_ranked():
    few = play(pairwise(PROBLEM, ["a", "b"], key=Key()), lambda ask: "[[A]]").asks
    many = play(pairwise(PROBLEM, ["a", "c", "b"], key=Key()), lambda ask: "[[A]]").asks
    assert set(few) < set(many)


def test_the_comparisons_that_the_budget_allowed_count():
    script = [OutOfBudget(fits=3), "[[A]]", "[[B]]", "[[A]]"]
    assert worth_of(play(pairwise(PROBLEM, ["a", "b", "c"], key=Key()), script)) == [1.0, 0.0, None]
    script = ["[[B]]", "[[A]]", "[[C]]", "[[C]]", OutOfBudget(fits=0)]
    flow = pairwise(PROBLEM, ["a", "b", "c", "d"], key=Key(), rounds="knockout")
    assert worth_of(play(flow, script)) == [0.0, 0.5, 0.5, 0.0]
    with pytest.raises(OutOfBudget):
        play(pairwise(PROBLEM, ["a", "b"], key=Key()), [OutOfBudget(fits=0)])


# listwise


def shown(ask):
    return re.findall(r"^\[\d+\]\n(.*)$", said(ask), re.MULTILINE)


def ranks(quality):
    """A judge that orders what it is shown by quality."""

    def reply(ask):
        texts = shown(ask)
        best_first = sorted(range(len(texts)), key=lambda i: -quality[texts[i]])
        return " > ".join(f"[{i + 1}]" for i in best_first)

    return reply


@pytest.mark.parametrize(
    ("reply", "scores"),
    [
        ("[2] > [1] > [3]", [0.5, 1.0, 0.0]),
        ("[3]", [0.5, 0.0, 1.0]),
        ("[3] > [3] > [9] > [0] > [2]", [0.0, 0.5, 1.0]),
        ("[9]", [None, None, None]),
    ],
)
def test_a_list_is_repaired(reply, scores):
    played = play(listwise(PROBLEM, ["a", "b", "c"], key=Key()), [reply])
    assert worth_of(played) == scores
    (ask,) = played.asks
    assert shown(ask) == ["a", "b", "c"]
    assert (ask.role, ask.sampling) == ("judge", Sampling(temperature=0.0))


def test_shuffles_show_other_orders_and_cancel_a_bias_of_place():
    texts = ["a", "b", "c", "d"]
    played = play(listwise(PROBLEM, texts, key=Key(1), shuffles=16), ranks({"a": 1, "b": 2, "c": 3, "d": 4}))
    assert worth_of(played) == pytest.approx([0.0, 1 / 3, 2 / 3, 1.0])
    (op,) = played.rounds
    assert len(op.asks) == 16
    assert len({tuple(shown(ask)) for ask in op.asks}) > 5
    assert shown(op.asks[0]) == texts
    biased = worth_of(play(listwise(PROBLEM, texts, key=Key(1), shuffles=1), lambda ask: "[1] > [2] > [3] > [4]"))
    averaged = worth_of(play(listwise(PROBLEM, texts, key=Key(1), shuffles=200), lambda ask: "[1] > [2] > [3] > [4]"))
    assert biased == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0])
    assert averaged == pytest.approx([0.5] * 4, abs=0.1)


def test_a_shuffle_that_cannot_be_read_is_left_out():
    texts = ["a", "b"]
    key = next(Key(seed) for seed in range(99) if (Key(seed) / "shuffle" / 1).permutation(2) == [1, 0])
    assert worth_of(play(listwise(PROBLEM, texts, key=key, shuffles=2), ["[1] > [2]", "?"])) == [1.0, 0.0]
    assert worth_of(play(listwise(PROBLEM, texts, key=key, shuffles=2), ["[1] > [2]", "[1] > [2]"])) == [0.5, 0.5]


@pytest.mark.parametrize(("size", "window", "step"), [(9, 4, 2), (9, 9, 3), (8, 3, 1), (5, 2, 1), (5, 2, 2)])
def test_a_window_slides_over_a_long_list(size, window, step):
    texts = [chr(97 + i) for i in range(size)]
    played = play(listwise(PROBLEM, texts, key=Key(), window=window, step=step), ranks({t: ord(t) for t in texts}))
    assert all(len(shown(ask)) <= window for ask in played.asks)
    most = bounds(describe(listwise).cost, {"n": size, "shuffles": 1, "window": window, "step": step})["generate"][1]
    assert len(played.asks) <= most
    if step < window:  # the overlap carries the best to the front
        assert worth_of(played)[-1] == 1.0
    assert all(score is not None for score in worth_of(played))


def test_only_what_a_window_has_reached_is_ranked_when_the_budget_ends():
    texts = list("abcdef")
    script = ["[3] > [2] > [1]", OutOfBudget(fits=0)]
    played = play(listwise(PROBLEM, texts, key=Key(), window=3, step=2), script)
    assert worth_of(played) == [None, None, None, 0.0, 0.5, 1.0]
    script = [OutOfBudget(fits=1), "[2] > [1]"]
    assert worth_of(play(listwise(PROBLEM, ["a", "b"], key=Key(), shuffles=5), script)) == [0.0, 1.0]
    with pytest.raises(OutOfBudget):
        play(listwise(PROBLEM, ["a", "b"], key=Key()), [OutOfBudget(fits=0)])


@pytest.mark.parametrize("options", ["window=4:step=5", "window=3"])
def test_a_step_past_the_window_is_refused(options):
    with pytest.raises(UsageError, match="step"):
        play(load(f"listwise:{options}")(PROBLEM, ["a", "b"], key=Key()), [])


# judge and rating


def test_several_ratings_are_drawn_and_averaged():
    played = play(judge(PROBLEM, "10", key=Key(), samples=4), ["[[10]]", "[[1]]", "no rating", FAILED])
    assert worth_of(played) == 0.5
    assert {ask.sampling for ask in played.asks} == {Sampling()}
    assert len({ask.key for ask in played.asks}) == 4


def test_criteria_are_shown_to_the_judge_and_change_nothing_else():
    (plain,) = play(judge(PROBLEM, "10", key=Key()), ["[[3]]"]).asks
    (besides,) = play(judge(PROBLEM, "10", key=Key(), criteria="Shows {all} steps."), ["[[3]]"]).asks
    assert said(besides).replace("[Criteria]\nShows {all} steps.\n\n", "") == said(plain)
    assert "Criteria" not in said(plain)


def test_a_rating_that_was_cut_off_counts_only_with_its_brackets():
    assert worth_of(play(judge(PROBLEM, "10", key=Key()), [Reply("length", "Rating: 1")])) is None
    assert worth_of(play(judge(PROBLEM, "10", key=Key()), [Reply("length", "Rating: [[10]] That is")])) == 1.0


@given(st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5), st.floats(-1e4, 0.0))
def test_the_expected_rating_is_the_weighted_mean_whatever_the_ratings_share_is(weights, shift):
    scores = tuple(log(weight) + shift for weight in weights)
    value = worth_of(play(rating(PROBLEM, "10", key=Key()), [Reply(scores=scores)]))
    mean = sum(n * weight for n, weight in enumerate(weights, 1)) / sum(weights)
    assert value == pytest.approx((mean - 1) / 4, abs=1e-6)


def test_the_expected_rating_asks_for_single_digits_of_the_judge():
    (ask,) = play(rating(PROBLEM, "10", key=Key(), scale=9), [Reply(scores=(-1.0,) * 9)]).asks
    assert (ask.role, ask.continuations) == ("judge", tuple("123456789"))
    with pytest.raises(UsageError, match="scale"):
        play(rating(PROBLEM, "10", key=Key(), scale=10), [])


@pytest.mark.parametrize("reply", [FAILED, Reply(), Reply(scores=(-math.inf,) * 5)], ids=str)
def test_no_rating_without_probabilities(reply):
    assert worth_of(play(rating(PROBLEM, "10", key=Key()), [reply])) is None


# the room


@pytest.mark.parametrize(
    ("spec", "script", "scores"),
    [
        ("genrm:m=2", ["Verdict: Yes"] * 2 + [OutOfBudget(fits=1), "Verdict: No", OutOfBudget()], {0: 1.0, 1: 0.0}),
        ("genrm:m=2", ["Verdict: Yes", "Verdict: Yes", OutOfBudget(fits=0)], {0: 1.0, 1: None}),
        ("pairwise", [OutOfBudget(fits=2), "[[A]]", "[[B]]"], {0: 1.0, 1: 0.0, 2: None}),
    ],
)
def test_a_judgement_that_made_do_with_less_is_not_paid_in_full(spec, script, scores):
    texts = dict(enumerate(["a", "b", "c"][: len(scores)]))
    assert play(scores_of(load(spec), PROBLEM, texts, key=Key()), script).value == (scores, False)
