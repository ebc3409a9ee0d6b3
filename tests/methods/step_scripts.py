"""What the tests of step searches share: a problem, verifiers without passes, replies for steps, a hashed model."""

from __future__ import annotations

import re
from hashlib import blake2b

from passel.core.ask import Ask, Generate
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.play import Played
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Usage
from passel.methods.parts.trees import Tree

__all__ = ["FAILED", "PROBLEM", "by_last_digit", "drawn_from", "ends", "goes_on", "hashed", "no_idea", "shape"]

FAILED = Reply("failed", error="500")


def read_number(text: str) -> Answer | None:
    """The last number."""
    numbers = re.findall(r"\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("1", "?", read=read_number)


def by_last_digit(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """A tenth of the text's last digit; None where it has none."""
    yield from ()
    digits = re.findall(r"\d", text)
    return int(digits[-1]) / 10 if digits else None


def no_idea(problem: Problem, text: str, *, key: Key) -> Flow[float | None]:
    """Cannot tell."""
    yield from ()
    return None


def goes_on(text: str, tokens: int = 1) -> Reply:
    """A step that ended at a line's end."""
    return Reply(text=text, stop_text="\n", usage=Usage(1, tokens))


def ends(text: str, tokens: int = 1) -> Reply:
    """A step after which the model ended."""
    return Reply(text=text, stop_text="", usage=Usage(1, tokens))


def hashed(ask: Ask, *, ends_in: int = 4) -> Reply:
    """A model that is a pure function of the prefix and the draw's number: a step is a digit, and about one of
    `ends_in` is the last; without a stop text, all are."""
    assert isinstance(ask, Generate)
    seed = f"{ask.prefix}|{ask.key.path[-1]}|{ask.sampling.temperature}"
    first, second, *_ = blake2b(seed.encode(), digest_size=8).digest()
    last = second % ends_in == 0 or not ask.sampling.stop
    return ends(str(first % 10)) if last else goes_on(str(first % 10))


def shape(tree: Tree) -> list[str]:
    """A line for each node but the root: number of its parent, its text with steps joined by dots, "!" for finished."""
    lines: list[str] = []
    for node in tree.nodes[1:]:
        text = node.path.text.strip().replace("\n", ".")
        lines.append(f"{node.parent} {text}{'!' if node.path.finished else ''}")
    return lines


def drawn_from(played: Played) -> list[tuple[str, object]]:
    """The prefix and number of each draw, in order."""
    return [(ask.prefix, ask.key.path[-1]) for ask in played.asks if isinstance(ask, Generate)]
