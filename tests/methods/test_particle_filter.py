"""Particle filter and particle Gibbs by scripts: what is drawn from what, and what the answer is."""

from __future__ import annotations

import pytest
from step_scripts import FAILED, PROBLEM, by_last_digit, drawn_from, ends, goes_on, hashed, no_idea

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.key import Key
from passel.core.play import play
from passel.core.reply import Reply
from passel.methods.particle_filter import particle_filter
from passel.methods.particle_gibbs import particle_gibbs

KEY = Key(4) / "1"
SHARP = {"weight_temperature": 0.01}
"""So sharp that the best takes all."""


def filtered(n: int, **options):
    return particle_filter(PROBLEM, key=KEY, n=n, **({"verifier": by_last_digit, "step": "line"} | options))


def gibbs(n: int, iterations: int, **options):
    options = {"verifier": by_last_digit, "step": "line"} | options
    return particle_gibbs(PROBLEM, key=KEY, n=n, iterations=iterations, **options)


def test_copies_of_one_particle_go_on_by_draws_of_their_own():
    played = play(filtered(3, **SHARP), [*map(goes_on, "183"), *map(ends, "462")])
    assert drawn_from(played) == [("", 0), ("", 1), ("", 2), ("8\n", 0), ("8\n", 1), ("8\n", 2)]
    assert {ask.sampling for ask in played.asks} == {Sampling(stop=("\n",))}
    assert {ask.key.path[:-1] for ask in played.asks} == {(*KEY.path, "draw")}
    assert (played.value.text, played.value.stop) == ("8\n6", "done")
    assert [one.text for one in played.value.candidates] == ["8\n4", "8\n6", "8\n2"]


def test_without_resampling_each_goes_on_by_itself():
    played = play(filtered(3, threshold=0.0), [*map(goes_on, "183"), *map(ends, "462")])
    assert drawn_from(played)[3:] == [("1\n", 0), ("8\n", 0), ("3\n", 0)]
    odds = [1 / 9 * 4 / 6, 8 / 2 * 6 / 4, 3 / 7 * 2 / 8]
    assert played.value.info["weights"] == pytest.approx([one / sum(odds) for one in odds])


def test_it_resamples_only_where_few_particles_have_the_weight():
    """Odds of 8, 8, 2: the effective sample size is (4 + 4 + 1/4)^2 / (16 + 16 + 1/16) = 2.12 of 3."""
    script = [*map(goes_on, "882"), *map(ends, "999")]
    apart = ["8\n", "8\n", "2\n"]
    assert [prefix for prefix, _ in drawn_from(play(filtered(3, threshold=0.70), script))[3:]] == apart
    seen = {
        tuple(prefix for prefix, _ in drawn_from(play(filtered(3, threshold=0.71, resampling=scheme), script))[3:])
        for scheme in ("multinomial", "systematic", "residual", "stratified")
    }
    assert tuple(apart) not in seen


def test_one_particle_is_a_plain_sample():
    played = play(filtered(1), [goes_on("3"), goes_on("0"), ends("7")])
    assert drawn_from(played) == [("", 0), ("3\n", 0), ("3\n0\n", 0)]
    assert played.value.text == "3\n0\n7"


def test_a_finished_particle_takes_part_and_is_not_drawn_from():
    played = play(filtered(2, **SHARP), [ends("9"), goes_on("1")])
    assert len(played.asks) == 2, "both particles are the finished one"
    assert [one.text for one in played.value.candidates] == ["9", "9"]
    dropped = play(filtered(2, **SHARP), [ends("1"), goes_on("9"), ends("4"), ends("3")])
    assert [one.text for one in dropped.value.candidates] == ["9\n4", "9\n3"], "a finished one can be lost"


def test_a_finished_particle_is_weighed_once_but_for_odds():
    """Nobody is resampled; the second particle takes three steps."""
    script = [ends("8"), goes_on("5"), goes_on("5"), ends("5")]
    assert play(filtered(2, threshold=0.0), script).value.info["weights"] == pytest.approx([64 / 65, 1 / 65])
    weights = play(filtered(2, threshold=0.0, weight="probability"), script).value.info["weights"]
    assert weights == pytest.approx([0.8 / 0.925, 0.125 / 0.925])
    weights = play(filtered(2, threshold=0.0, weight="ratio"), script).value.info["weights"]
    assert weights == pytest.approx([8 / 13, 5 / 13])


def test_the_last_step_is_drawn_to_the_end():
    played = play(filtered(2, depth=2, threshold=0.0), [goes_on("1"), goes_on("2"), Reply(text="3\n4"), ends("1")])
    assert [ask.sampling.stop for ask in played.asks] == [("\n",), ("\n",), None, None]
    assert played.value.text == "1\n3\n4"


def test_the_answer_can_be_chosen_otherwise():
    script = [ends("3"), ends("9"), ends("3"), ends("3")]
    assert play(filtered(4, choice="best"), script).value.text == "9"
    assert play(filtered(4, choice="vote"), script).value.text == "3"
    assert play(filtered(4, choice="weighted"), script).value.text == "9", "odds of 9 against three times 3 / 7"
    assert play(filtered(4, choice="weighted", weight_temperature=9.0), script).value.text == "3"
    texts = []
    for seed in range(200):
        flow = particle_filter(PROBLEM, key=Key(seed), n=2, verifier=by_last_digit, choice="sample")
        texts.append(play(flow, [ends("8"), ends("4")]).value.text)
    assert 150 < texts.count("8") < 195, "odds of 4 against 2 / 3"


@pytest.mark.parametrize("bad", [FAILED, Reply("length", "cut 9"), Reply("filtered")], ids=lambda reply: reply.stop)
def test_bad_steps_weigh_nothing(bad):
    played = play(filtered(3), [bad, goes_on("1"), bad, *map(ends, "243")])
    assert [prefix for prefix, _ in drawn_from(played)[3:]] == ["1\n"] * 3
    assert played.value.text == "1\n4"
    none = play(filtered(2), [bad, bad]).value
    assert (none.answer, none.candidates, none.info["log_evidence"]) == (None, (), None)


def test_what_cannot_be_judged_weighs_nothing_unless_nothing_can():
    played = play(filtered(3), [goes_on("what"), goes_on("1"), goes_on("who"), *map(ends, "243")])
    assert [prefix for prefix, _ in drawn_from(played)[3:]] == ["1\n"] * 3
    blind = play(filtered(2, verifier=no_idea, resampling="systematic"), [*map(goes_on, "12"), *map(ends, "34")])
    assert [prefix for prefix, _ in drawn_from(blind)[2:]] == ["1\n", "2\n"]
    assert blind.value.info["weights"] == [0.5, 0.5]


def test_where_all_scores_are_nought_the_living_go_on():
    played = play(filtered(2, weight="probability"), [goes_on("0"), FAILED, ends("5"), ends("6")])
    assert [prefix for prefix, _ in drawn_from(played)[2:]] == ["0\n", "0\n"]
    assert (played.value.text, played.value.info["log_evidence"]) == ("0\n6", None)


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ([OutOfBudget(fits=1), ends("7"), OutOfBudget()], "7"),
        ([ends("7"), goes_on("6"), OutOfBudget()], "7"),
        ([goes_on("7"), goes_on("6"), OutOfBudget(), OutOfBudget(), OutOfBudget()], ""),
    ],
)
def test_when_the_budget_ends_it_answers_from_what_is_finished(script, text):
    result = play(filtered(2, threshold=0.0), script).value
    assert (result.text, result.stop) == (text, "budget")
    assert result.info["log_evidence"] is None


def test_gibbs_keeps_a_finished_particle_and_draws_anew_beside_it():
    played = play(gibbs(2, 2, **SHARP), [ends("3"), ends("9"), ends("5")])
    assert drawn_from(played) == [("", 0), ("", 1), ("", 2)]
    assert [one.text for one in played.value.candidates] == ["5", "9"], "the reference comes last"
    assert played.value.text == "9"


def test_a_copy_of_the_reference_goes_on_from_where_the_others_stand():
    """The reference is 9, 4. The new first step is worse than 9, so the free particle is copied from the reference's
    first step, and draws the next number from it; by the reference's last score, 4, it would have lost to 6."""
    first = [goes_on("9"), goes_on("1"), ends("4"), ends("2")]
    played = play(gibbs(2, 2, **SHARP), [*first, goes_on("6"), ends("8")])
    assert drawn_from(played) == [("", 0), ("", 1), ("9\n", 0), ("9\n", 1), ("", 2), ("9\n", 2)]
    assert [one.text for one in played.value.candidates] == ["9\n8", "9\n4"]
    assert played.value.text == "9\n8"


def test_the_reference_goes_on_when_the_others_are_finished_and_stays_when_it_is():
    """Free particles that are finished are not drawn from while the reference comes to its end, and the other way."""
    first = [goes_on("5"), goes_on("1"), goes_on("4"), goes_on("1"), ends("7"), ends("2")]
    short = play(gibbs(2, 2, **SHARP), [*first, ends("8")])
    assert [one.text for one in short.value.candidates] == ["8", "5\n4\n7"]
    long = play(gibbs(2, 2, **SHARP), [ends("8"), ends("1"), goes_on("9"), goes_on("9"), ends("9")])
    assert [one.text for one in long.value.candidates] == ["9\n9\n9", "8"]


def test_gibbs_of_one_iteration_is_the_filter():
    for seed in range(5):
        options = {"n": 4, "verifier": by_last_digit, "step": "line", "depth": 5}
        one = play(particle_gibbs(PROBLEM, key=Key(seed), iterations=1, **options), hashed)
        other = play(particle_filter(PROBLEM, key=Key(seed), **options), hashed)
        assert one.rounds == other.rounds
        assert one.value.candidates == other.value.candidates


@pytest.mark.parametrize("iterations", [2, 4])
def test_no_draw_is_made_twice(iterations):
    for seed in range(20):
        flow = particle_gibbs(
            PROBLEM, key=Key(seed), n=5, iterations=iterations, verifier=by_last_digit, step="line", depth=5
        )
        drawn = drawn_from(play(flow, hashed))
        assert len(set(drawn)) == len(drawn)
        assert sum(prefix == "" for prefix, _ in drawn) == 5 + 4 * (iterations - 1)


def test_gibbs_goes_on_without_a_reference_where_nothing_was_finished():
    played = play(gibbs(2, 2), [FAILED, FAILED, ends("3"), ends("4")])
    assert drawn_from(played) == [("", 0), ("", 1), ("", 2), ("", 3)]
    assert played.value.text == "4"


def test_gibbs_answers_from_all_that_is_finished_when_the_budget_ends():
    played = play(gibbs(2, 3, **SHARP), [ends("9"), ends("3"), OutOfBudget()])
    assert (played.value.text, played.value.stop) == ("9", "budget")
    assert [one.text for one in played.value.candidates] == ["9", "3"]
