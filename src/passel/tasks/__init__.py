"""Tasks: one file each, found by its file name. A task hands out problems and scores answers to them.

A file holds a function of its own name, from keyword-only options to a Task. A method sees the problems; the gold
answers stay with the task.
"""

from passel.tasks.parts.load import load
from passel.tasks.parts.open import read_answer
from passel.tasks.parts.task import Generated, Item, Items, Kind, Loaded, Task
from passel.tasks.parts.user_file import user_file

__all__ = ["Generated", "Item", "Items", "Kind", "Loaded", "Task", "load", "read_answer", "user_file"]
