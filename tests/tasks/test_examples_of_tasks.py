"""Worked examples: never an evaluated problem, always a solution that scores, the same ones for every limit."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.tasks import Item, LoadedItems, Task, load
from passel.tasks.parts.code import code_item
from passel.tasks.parts.examples import Examples
from passel.tasks.parts.kinds import LETTER, MATH, NUMBER, TEXT

ITEMS = [Item(str(i), f"What is {i} + {i}?", str(2 * i), NUMBER) for i in range(20)]


def task(items=ITEMS, instruction=None) -> Task:
    return Task("twos", LoadedItems(lambda: items), instruction)


def one(kind, gold: str, solution: str = "", options: tuple[str, ...] = (), instruction: str | None = None) -> str:
    """The solution shown for an item beside an evaluated one."""
    items = [Item(name, name, gold, kind, options, solution=solution) for name in "ab"]
    (found,) = Examples(task(items, instruction), limit=1)(1)
    return found["solution"]


@settings(max_examples=60, deadline=None)
@given(
    questions=st.lists(st.sampled_from(["1 + 1?", "1  +  1?", "a b", "A B", "c", "d", "e", "f"]), min_size=1),
    limit=st.integers(1, 12),
    seed=st.integers(0, 5),
    k=st.integers(1, 4),
)
def test_no_evaluated_problem_is_shown_by_id_nor_by_question(questions, limit, seed, k):
    items = [Item(str(i), question, "2", NUMBER) for i, question in enumerate(questions)]
    made = task(items)
    evaluated = {" ".join(p.question.lower().split()) for p in made.problems(limit=limit, seed=seed)}
    other = {" ".join(question.lower().split()) for question in questions} - evaluated
    examples = Examples(made, limit, seed)
    if len(other) < k:
        with pytest.raises(UsageError, match=f"twos has {len(other)} problems"):
            examples(k)
        return
    shown = [" ".join(row["question"].lower().split()) for row in examples(k)]
    assert len(set(shown)) == k, "and none twice"
    assert not set(shown) & evaluated


def test_spare_items_are_what_is_not_evaluated_the_last_of_the_order_first():
    made = task()
    for limit in (1, 7, 20, 99):
        used = [problem.id for problem in made.problems(limit=limit, seed=3)]
        unevaluated = [item.id for item in made.unevaluated(limit=limit, seed=3)]
        assert sorted(used + unevaluated) == sorted(item.id for item in ITEMS)
    whole = [problem.id for problem in made.problems(seed=3)]
    assert [item.id for item in made.unevaluated(limit=5, seed=3)] == whole[:4:-1]
    assert list(made.unevaluated(seed=3)) == []


def test_examples_stay_the_same_while_the_limit_grows_and_differ_by_seed():
    shown = {limit: Examples(task(), limit, 0)(3) for limit in (1, 5, 17)}
    assert shown[1] == shown[5] == shown[17]
    assert Examples(task(), 5, 1)(3) != shown[5]
    examples = Examples(task(), 5, 0)
    assert examples(5)[:3] == examples(3) == examples(5)[:3], "more of them begin with the same"


def test_without_a_limit_nothing_is_left():
    with pytest.raises(UsageError, match="twos has 0 problems with solutions for 1 examples, beside the 20"):
        Examples(task())(1)


def test_its_edition_tells_evaluations_apart():
    made = [Examples(task(), 5), Examples(task(), 6), Examples(task(), 5, 1), Examples(task(instruction="x"), 5)]
    assert len({examples.edition for examples in made}) == 4
    assert Examples(task(), 5).edition == Examples(task(), 5).edition


def test_a_solution_is_closed_by_the_answer_where_it_does_not_state_it():
    assert one(NUMBER, "4", "2+2=4\nThe answer is 4.") == "2+2=4\nThe answer is 4."
    assert one(NUMBER, "12", "3*4=<<3*4=12>>12\n#### 12") == "3*4=12\nThe answer is 12."
    assert one(NUMBER, "4", "Count on your fingers.") == "Count on your fingers.\nThe answer is 4."
    assert one(NUMBER, "4") == "The answer is 4."
    assert one(LETTER, "B", "Blue.", ("red", "blue")) == "Blue.\nThe answer is (B)."
    assert one(TEXT, "Ada Lovelace") == "The answer is Ada Lovelace."


def test_a_boxed_answer_is_asked_for_and_shown_in_a_box():
    pytest.importorskip("math_verify")
    assert one(MATH, "\\frac{1}{2}") == "The answer is \\boxed{\\frac{1}{2}}."
    assert one(MATH, "7", "So it is $\\boxed{7}$.") == "So it is $\\boxed{7}$."
    assert one(MATH, "7", instruction="Just say it.") == "The answer is 7."


def test_items_without_anything_to_show_are_passed_over():
    known = Item("k", "known?", "1", NUMBER)
    items = [Item("a", "a?", "", NUMBER), Item("b", "b?", "not a number", NUMBER), known, Item("c", "c?", "2", NUMBER)]
    order = [task(items).problems(seed=seed)[0].id for seed in range(40)]
    seed = order.index("c")
    (found,) = Examples(task(items), 1, seed)(1)
    assert found == {"question": "known?", "solution": "The answer is 1."}


def test_programs_are_shown_as_they_are_and_not_run():
    class HiddenTests:
        def score(self, program: str) -> float | None:
            raise AssertionError("an example was run")

    items = [code_item(n, f"Write {n}.", f"def {n}(): pass", HiddenTests(), (), entry_point=n) for n in "fg"]
    (found,) = Examples(task(items), 1)(1)
    assert found["solution"] in ("```python\ndef f(): pass\n```", "```python\ndef g(): pass\n```")


@pytest.mark.skipif(not os.environ.get("PASSEL_DATA"), reason="needs PASSEL_DATA")
@pytest.mark.parametrize("spec", ["gsm8k", "svamp", "strategyqa", "commonsenseqa", "aime24", "math500"])
def test_examples_of_data_sets_are_right_by_their_own_scoring(spec):
    try:
        made = load(spec)
        evaluated = {problem.question for problem in made.problems(limit=5)}
    except UsageError as error:
        pytest.skip(str(error))
    by_question = {item.question: item for item in made.unevaluated(limit=5)}
    for row in Examples(made, 5)(4):
        item = by_question[row["question"]]
        assert row["question"] not in evaluated
        answer = item.kind.reader(item.options)(row["solution"])
        assert made.score(item.id, answer) == 1.0


def test_the_order_is_that_of_problems():
    """`unevaluated` and `problems` must draw one order; this holds them together."""
    order = (Key(4) / "problems").permutation(len(ITEMS))
    assert [p.id for p in task().problems(limit=6, seed=4)] == [str(i) for i in order[:6]]
    assert next(task().unevaluated(limit=6, seed=4)).id == str(order[-1])
