"""The seam itself, on items made up here."""

from dataclasses import replace

from passel.core.problem import Answer
from passel.tasks import GeneratedItems, Item, LoadedItems, Task
from passel.tasks.parts.kinds import LETTER, NUMBER, TEXT

ITEM = Item("1", "Which?", "B", LETTER, ("x", "y"))


def test_problems_do_not_depend_on_the_gold_answer() -> None:
    one, other = (Task("t", LoadedItems(lambda gold=gold: [replace(ITEM, gold=gold)])) for gold in "AB")
    assert one.problems() == other.problems()
    assert one.gold("1") != other.gold("1")


def test_without_a_gold_answer_nothing_is_scored_not_even_zero() -> None:
    for kind in (LETTER, NUMBER, TEXT):
        task = Task("t", LoadedItems(lambda kind=kind: [replace(ITEM, gold="", kind=kind)]))
        assert task.score("1", Answer("A", "A")) is None
        assert task.score("1", None) is None


def test_the_name_and_the_order_come_from_the_seed_alone() -> None:
    task = Task("t", GeneratedItems(lambda: 40, lambda index: replace(ITEM, id=str(index))))
    assert [p.id for p in task.problems(seed=1)] == [p.id for p in task.problems(seed=1)]
    assert sorted(int(p.id) for p in task.problems(limit=99)) == list(range(40))


def test_items_are_made_once() -> None:
    made: list[int] = []

    def make(index: int) -> Item:
        made.append(index)
        return replace(ITEM, id=str(index))

    task = Task("t", GeneratedItems(lambda: 10, make))
    for problem in task.problems(limit=3) * 2:
        task.score(problem.id, Answer("B", "B"))
    assert len(made) == 3
