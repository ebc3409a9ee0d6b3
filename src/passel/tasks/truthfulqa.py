"""TruthfulQA: questions that people answer wrongly (Lin et al. 2021, arXiv 2109.07958), as multiple choice."""

from __future__ import annotations

from passel.core.key import Key
from passel.tasks.parts.choices import choice_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["truthfulqa"]

_FIELDS = {
    "Question": "question",
    "Best Answer": "best_answer",
    "Incorrect Answers": "incorrect_answers",
    "Category": "category",
}


def truthfulqa() -> Task:
    """TruthfulQA: 817 questions, each with its best answer among incorrect answers (the form MC1), in random order."""
    hub = Hub("truthfulqa/truthful_qa", "validation", "generation", _FIELDS)
    return task_from_rows("truthfulqa", "truthfulqa/TruthfulQA.csv", _item, hub)


def _item(index: int, row: Row) -> Item:
    wrong = row["Incorrect Answers"]
    texts = [row["Best Answer"], *(wrong.split(";") if isinstance(wrong, str) else wrong)]
    options = list(dict.fromkeys(text.strip().removesuffix(".") for text in texts if text.strip()))
    order = (Key() / "truthfulqa" / index).permutation(len(options))
    shown = [options[place] for place in order]
    return choice_item(str(index), row["Question"], shown, order.index(0), {"category": row["Category"]})
