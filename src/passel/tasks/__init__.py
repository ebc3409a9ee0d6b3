"""Tasks: one file each, found by its file name. A task hands out problems and scores answers to them.

A file holds a function of its own name, from keyword-only options to a `Task`. A method sees the problems; the gold
answers stay with the task.
"""

from passel.tasks.parts.code import code_item, fenced, read_code
from passel.tasks.parts.examples import Examples, plain_solution
from passel.tasks.parts.files import read_rows
from passel.tasks.parts.kinds import EXACT, LETTER, MATH, NUMBER, TEXT, TRUE_FALSE, TRUE_FALSE_UNKNOWN, YES_NO
from passel.tasks.parts.load import configured, load
from passel.tasks.parts.mathematics import same_math
from passel.tasks.parts.open import read_answer
from passel.tasks.parts.task import AnswerKind, GeneratedItems, Item, Items, LoadedItems, Task
from passel.tasks.parts.user_file import user_file

__all__ = ["EXACT", "LETTER", "MATH", "NUMBER", "TEXT", "TRUE_FALSE", "TRUE_FALSE_UNKNOWN", "YES_NO", "AnswerKind"]
__all__ += ["Examples", "GeneratedItems", "Item", "Items", "LoadedItems", "Task", "code_item", "configured", "fenced"]
__all__ += ["load", "plain_solution", "read_answer", "read_code", "read_rows", "same_math", "user_file"]
