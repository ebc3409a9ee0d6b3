"""The planted tree: what it draws, what its verifier says, and that both are as good as was asked for."""

from __future__ import annotations

import math
from statistics import correlation, mean

import pytest

import passel
from passel.core.ask import Generate, Sampling, Score
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.plant import Plant, letters_in, plant_in
from passel.models import load
from passel.models.planted import planted
from passel.tasks import load as load_task

PLANT = Plant(3, 4, 3)
STOP = Sampling(stop=("\n\n",))


def drawn(model, prefix="", seed=0, sampling=STOP):
    return model.reply(Generate(PLANT.question, Key(seed), prefix, sampling))


def rewards(model, *parts, prefix="", chain=False):
    return model.reply(Score(PLANT.question, parts, prefix, "reward", what="reward", chain=chain)).scores


def test_a_question_names_its_tree_and_not_its_path():
    assert plant_in(f"Please: {PLANT.question}\nGood luck.") == PLANT
    assert PLANT.path not in PLANT.question
    assert len({Plant(number, 8, 4).path for number in range(50)}) == 50
    assert PLANT.trap != PLANT.path[0]
    assert Plant(1, 3, 1).trap == ""
    for text in ("What is 2 + 2?", "Tree 1 has 0 steps of 4 branches each", "Tree 1 has 3 steps of 27 branches each"):
        assert plant_in(text) is None


def test_letters_are_read_from_steps_and_from_nothing_else():
    assert letters_in("") == ""
    assert letters_in("a\n\nb\n\n c \n") == "abc"
    assert letters_in("a\nb. The answer is ab.") == "ab"
    assert letters_in("a\n\nso b\n\n") is None


def test_a_step_is_drawn_and_cut_and_charged():
    model = planted(tokens=7)
    step = drawn(model)
    assert (step.text, step.stop_text, step.stop) == (step.text[:1], "\n\n", "end")
    assert step.usage.completion_tokens == 7
    last = drawn(model, "a\n\nb\n\nc\n\n")
    assert last.text == f"{last.text[0]}. The answer is abc{last.text[0]}."
    assert (last.stop_text, last.usage.completion_tokens) == ("", 7)
    whole = drawn(model, sampling=Sampling())
    assert letters_in(whole.text) == whole.text.split()[-1].strip(".")
    assert (whole.usage.completion_tokens, whole.stop_text) == (28, "")
    cut = drawn(model, sampling=Sampling(max_tokens=20))
    assert (cut.stop, len(letters_in(cut.text) or ""), cut.usage.completion_tokens) == ("length", 2, 14)
    over = drawn(model, last.text.join(["a\n\nb\n\nc\n\n", ""]))
    assert (over.text, over.stop_text, over.usage.completion_tokens) == ("", "", 0)


def test_steps_one_by_one_are_the_whole_solution_of_the_same_distribution():
    """The right step comes with its chance at each level, the others alike."""
    model = planted(chance=0.5)
    first = [drawn(model, seed=seed).text for seed in range(2000)]
    assert first.count(PLANT.path[0]) / 2000 == pytest.approx(0.5, abs=0.04)
    assert first.count(PLANT.trap) / 2000 == pytest.approx(0.25, abs=0.03)
    whole = [letters_in(drawn(model, seed=seed, sampling=Sampling()).text) for seed in range(2000)]
    assert mean(path == PLANT.path for path in whole) == pytest.approx(0.5**4, abs=0.02)


def test_temperature_sharpens_the_steps():
    model = planted(chance=0.5)
    assert model.chances(PLANT, 0, 0.5)["abc".index(PLANT.path[0])] == pytest.approx(4 / 6)
    assert {drawn(model, seed=seed, sampling=Sampling(temperature=0.0)).text for seed in range(9)} == {
        "\n\n".join(PLANT.path) + f". The answer is {PLANT.path}."
    }


def test_log_probabilities_are_those_of_the_letters():
    model = planted(chance=0.5)
    (token,) = drawn(model, sampling=Sampling(stop=("\n\n",), logprobs=2)).tokens
    assert token.top[0] == (PLANT.path[0] + "\n\n", pytest.approx(math.log(0.5)))
    assert len(token.top) == 2
    assert drawn(model).tokens == ()


def paths(size=3000):
    """Trees, each with the beginning of the right path or one like it with a wrong end, as often."""
    for number in range(size):
        plant = Plant(number, 6, 4)
        level = 1 + number % 5
        wrong = next(letter for letter in "abcd" if letter != plant.path[level])
        yield plant, plant.path[:level] + (plant.path[level] if number % 2 else wrong)


@pytest.mark.parametrize("rho", [1.0, 0.7, 0.0])
def test_the_verifier_correlates_with_the_truth_as_it_was_told(rho):
    model = planted(rho=rho, scale=3.0)
    values = [(model.value(plant, path), plant.path.startswith(path)) for plant, path in paths()]
    logits = [math.log(value / (1 - value)) / 3.0 for value, _ in values]
    assert correlation(logits, [float(right) for _, right in values]) == pytest.approx(rho, abs=0.04)
    assert mean(z * z for z in logits) == pytest.approx(1.0, abs=0.06)


def test_a_value_is_the_paths_own_and_differs_by_seed():
    model = planted(rho=0.5)
    assert rewards(model, "a\n\n", "b\n\n") == rewards(model, "a\n", "b")
    assert rewards(model, "a", prefix="b\n\n") == (model.value(PLANT, "ba"),)
    assert rewards(model, "b\n\n", "a\n\n", "c", chain=True) == tuple(model.value(PLANT, p) for p in ("b", "ba", "bac"))
    assert rewards(model, "b\n\n", "a") == (model.value(PLANT, "b"), model.value(PLANT, "a"))
    assert planted(rho=0.5, seed=1).value(PLANT, "a") != model.value(PLANT, "a")


def test_a_biased_verifier_likes_the_trap_until_it_sees_it():
    plain, fooled = planted(rho=1.0, scale=1.0), planted(rho=1.0, scale=1.0, bias=3.0, trap=2)
    for path in (PLANT.trap, PLANT.trap + "a"):
        assert fooled.value(PLANT, path) == pytest.approx(1 / (1 + math.exp(-2)))
        assert fooled.value(PLANT, path) > plain.value(PLANT, PLANT.path[: len(path)]) > plain.value(PLANT, path)
    assert fooled.value(PLANT, PLANT.trap + "aa") == plain.value(PLANT, PLANT.trap + "aa") == plain.value(PLANT, "zz")
    assert fooled.value(PLANT, PLANT.path[:1]) == plain.value(PLANT, PLANT.path[:1])


def test_what_is_not_of_a_tree_is_a_failed_reply():
    model = planted()
    assert model.reply(Generate("2 + 2?", Key())).stop == "failed"
    assert drawn(model, "Let me see").stop == "failed"
    assert model.reply(Score(PLANT.question, ("no path",), role="reward", what="reward")).stop == "failed"


def test_it_is_found_by_name_and_its_name_tells_its_settings():
    one, two = load("planted:rho=0.5:bias=2:trap=3"), load("planted:rho=0.5:bias=2:trap=4")
    assert one.info.name != two.info.name
    assert load("planted").info.can == {"text", "prefix", "logprobs", "reward"}
    with pytest.raises(UsageError, match="chance of model planted"):
        load("planted:chance=1.5")
    with pytest.raises(UsageError, match="branching"):
        load_task("planted:branching=30")


def test_the_task_is_solved_by_the_plant_alone():
    found = passel.compare(model="planted:chance=1", task="planted:depth=3:branching=5", limit=5, methods="single")
    assert found.methods[0].accuracy.value == 1.0
    none = passel.compare(model="planted:chance=0", task="planted:depth=3:branching=5", limit=5, methods="single")
    assert none.methods[0].accuracy.value == 0.0
