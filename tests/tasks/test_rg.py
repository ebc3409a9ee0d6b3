"""Reasoning Gym: its generators as tasks."""

import inspect
import re

import pytest

from passel.core.errors import UsageError
from passel.core.problem import Answer
from passel.tasks import load
from passel.tasks.parts.gym import EVALUATED, PUZZLES, admitted

pytest.importorskip("reasoning_gym")

GENERATORS = [
    "base_conversion",
    "basic_arithmetic",
    "caesar_cipher",
    "calendar_arithmetic",
    "chain_sum",
    "countdown",
    "decimal_arithmetic",
    "game_of_life_halting",
    "gcd",
    "gsm_symbolic",
    "knights_knaves",
    "lcm",
    "leg_counting",
    "mini_sudoku",
    "number_sorting",
    "products",
    "puzzle24",
    "simple_equations",
    "simple_integration",
    "spell_backward",
    "spiral_matrix",
    "syllogism",
    "tower_of_hanoi",
    "word_ladder",
]


@pytest.mark.parametrize("generator", GENERATORS)
def test_gold_is_right_and_nonsense_is_not(generator: str) -> None:
    task = load(f"rg:{generator}")
    for problem in task.problems(limit=8):
        for text in ("So.\nThe answer is {}.", "So.\n<answer>{}</answer>"):
            assert task.score(problem.id, problem.read(text.format(task.gold(problem.id)))) == 1.0
        score = task.score(problem.id, problem.read("The answer is nonsense 987654321."))
        assert score is not None
        assert score < 1.0
        assert task.score(problem.id, None) == 0.0


def test_options_go_to_the_generator() -> None:
    task = load("rg:chain_sum:min_terms=3:max_terms=3:min_digits=1:max_digits=1")
    assert all(re.fullmatch(r"What is \d( [+-] \d){2}\?", problem.question) for problem in task.problems(limit=20))
    assert load("rg:spell_backward:max_word_len=5").problems(limit=1)
    assert load("rg:calendar_arithmetic:tasks=['weekday_of_date']").problems(limit=1)


def test_the_seed_is_an_option_and_items_do_not_depend_on_the_limit() -> None:
    one, two = load("rg:chain_sum:seed=1"), load("rg:chain_sum:seed=2")
    assert one.gold("7") == load("rg:chain_sum:seed=1").gold("7")
    assert [p.question for p in one.problems(limit=5)] != [p.question for p in two.problems(limit=5)]
    assert len(one) == 1000
    assert len(load("rg:chain_sum:size=30").problems()) == 30


def test_the_wording_of_the_generator_can_be_kept() -> None:
    assert "final answer" in load("rg:gcd:wording=original").problems(limit=1)[0].question
    plain = load("rg:gcd").problems(limit=1)[0].question
    assert re.fullmatch(r"What is the greatest common divisor of \d+ and \d+\?", plain)
    assert re.fullmatch(
        r"Use the numbers [\d, ]+ once each with \+ - \* / to make \d+\.",
        load("rg:countdown").problems(limit=1)[0].question,
    )


def test_a_number_that_holds_the_right_digits_is_still_wrong() -> None:
    task = load("rg:chain_sum")
    problem = task.problems(limit=1)[0]
    gold = task.gold(problem.id)
    assert task.score(problem.id, Answer(f"1{gold}", f"1{gold.lstrip('-')}")) == 0.0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rg:chain_sums", "unknown generator of Reasoning Gym 'chain_sums'; did you mean chain_sum"),
        ("rg:chain_sum:terms=3", "unknown option of rg:chain_sum: 'terms'; did you mean"),
        ("rg:chain_sum:xyzzy=3", "allow_negation, max_digits, max_terms, min_digits, min_terms, seed, size, wording"),
        ("rg:chain_sum:min_terms=three", "min_terms of rg:chain_sum must be a whole number, got 'three'"),
        ("rg:chain_sum:min_terms=2.5", "min_terms of rg:chain_sum must be a whole number, got '2.5'"),
        ("rg:chain_sum:min_terms=9", "rg:chain_sum: max_terms must be >= min_terms"),
        ("rg:chain_sum:wording=odd", "wording of task rg"),
        ("rg:composite", "rg:composite: Must specify at least one dataset"),
    ],
)
def test_errors(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(spec)
    assert message in str(caught.value)


def test_every_verifier_that_evaluates_an_answer_is_guarded() -> None:
    from reasoning_gym.factory import DATASETS

    evaluating = {
        name
        for name, (dataset, _) in DATASETS.items()
        if re.search(r"\b(?:eval|exec|parse_expr|sympify)\((?!entry|metadata)", inspect.getsource(dataset.score_answer))
    }
    assert evaluating == EVALUATED.keys() | PUZZLES


@pytest.mark.parametrize("generator", sorted(EVALUATED))
@pytest.mark.parametrize(
    "text", ["__import__('os')", "[exit()]", "(1).__class__", "eval(chr(49))", "9**9**9", "x**9999"]
)
def test_code_does_not_reach_a_verifier(generator: str, text: str) -> None:
    assert not admitted(generator, text)


def test_formulas_and_literals_do() -> None:
    assert admitted("simple_integration", "-6*X**8 + 7*X**5 - X**4 + 3*X**2/2 + C")
    assert admitted("intermediate_integration", "-4*(-2*x - 8)**(3/2)/3 + exp(x)*sin(x) + C")
    assert admitted("spiral_matrix", "[4, 6, -7]")
    assert admitted("n_queens", "_ Q _\n_ _ Q")
