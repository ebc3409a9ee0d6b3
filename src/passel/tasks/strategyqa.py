"""StrategyQA: yes or no, by steps that the question does not mention (Geva et al. 2021, arXiv 2101.02235)."""

from __future__ import annotations

from passel.tasks.parts.files import Row
from passel.tasks.parts.kinds import YES_NO
from passel.tasks.parts.source import Hub, task_from_rows
from passel.tasks.parts.task import Item, Task

__all__ = ["strategyqa"]


def strategyqa() -> Task:
    """StrategyQA: the 2290 questions of its train set, as in BIG-bench."""
    hub = Hub("ChilleD/StrategyQA", "train+test", fields={"input": "question"})
    return task_from_rows("strategyqa", "strategyqa/bigbench_task.jsonl", _item, hub)


def _item(index: int, row: Row) -> Item:
    right = row["target_scores"]["Yes"] == 1 if "target_scores" in row else row["answer"]
    return Item(str(index), row["input"], "yes" if right else "no", YES_NO)
