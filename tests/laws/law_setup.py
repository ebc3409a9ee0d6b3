"""What the laws run over: every method and verifier the folders hold, at settings small enough to walk all."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import pytest

from passel.core.ask import Ask, Call, Sampling
from passel.core.driver import Driver, Outcome, Scope
from passel.core.errors import Impossible
from passel.core.flow import Flow, Op, Round
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.needs import check_needs, needs_of
from passel.core.options import configured, parameters
from passel.core.play import Played, play
from passel.core.problem import Answer, Problem
from passel.core.ranges import Range
from passel.core.registry import Room, find, names
from passel.core.reply import Reply
from passel.core.steps import rewritten
from passel.models.toy import Toy, toy

__all__ = ["BASE_CASES", "CASES", "KEY", "METHODS", "PROBLEM", "PROBLEMS", "TOOLS", "TOY", "VERIFIERS"]
__all__ += ["Case", "answer_of", "counted", "driver", "each", "each_method", "free", "outcome_of", "played", "seeded"]

T = TypeVar("T")
METHODS = names("methods")
VERIFIERS = names("verifiers")
KEY = Key(3) / "p1"


def read_number(text: str) -> Answer | None:
    """The last number."""
    numbers = re.findall(r"-?\d+", text)
    return Answer(numbers[-1], numbers[-1]) if numbers else None


PROBLEM = Problem("p1", "What is 4 + 3?", read=read_number)
PROBLEMS = [
    PROBLEM,
    Problem("p2", "What is 10 + 5?", read=read_number),
    Problem("p3", "What is 6 + 6?", read=read_number),
]
TOY: Toy = toy()


def check(text: str, key: str) -> float:
    """The tool of methods that need an automatic verifier."""
    return float(key == "7")


def pilot(*, samples: int | None = None, bins: int = 5) -> dict[str, Any]:
    """What an earlier comparison of some methods, at the settings of the laws, found."""
    base = {"stderr": 0.1, "problems": 10, "uses_gold": False}
    rows = {"single": (0.5, 20.0), "vote:n=2": (0.6, 40.0), "best_of:n=2": (0.7, 60.0), "vote:n=3": (0.65, 60.0)}
    figures = {spec: base | {"accuracy": a, "tokens": t, "spec": spec} for spec, (a, t) in rows.items()}
    turned = {s: one | {"accuracy": 1.0 - one["accuracy"]} for s, one in figures.items()}
    edges = [place / bins for place in range(1, bins)]
    binned = {"edges": edges, "methods": [figures if place % 2 else turned for place in range(bins)]}
    worse = {s: base | {"accuracy": a, "tokens": 500.0, "spec": s} for s, a in (("direct", 0.1), ("cot", 0.3))}
    return {"methods": figures | worse, "bins": {"self_evaluation": binned, "oracle": binned}}


TOOLS: dict[str, Callable[..., object]] = {
    "check": check,
    "pilot": pilot,
    "examples": lambda k: [{"question": f"What is {i} + 1?", "solution": f"The answer is {i + 1}."} for i in range(k)],
    "python": lambda **_: {"status": "ok", "stdout": "7\n", "stderr": "", "value": None},
    "reference": lambda: "4+3=7\nThe answer is 7.",
}
"""What each tool answers here, by its name."""


class Case:
    """A method with some options, ready to be run."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name, self.make, self.options = name, find("methods", name), options

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(value, '__name__', value)}" for name, value in self.options.items())
        return ":".join([self.name, *shown])

    def flow(self, problem: Problem = PROBLEM, key: Key = KEY) -> Flow[Any]:
        """The flow on a problem."""
        return self.make(problem, key=key, **self.options)

    @property
    def arguments(self) -> dict[str, Any]:
        """All options with their values."""
        return {name: default for name, (_, default) in parameters(self.make).items()} | self.options

    @property
    def possible(self) -> bool:
        """Whether the toy model can do what it needs."""
        try:
            check_needs(self.name, needs_of(self.make, self.arguments), {"generator": TOY.info})
        except Impossible:
            return False
        return True


def _values(annotation: Any, default: Any, name: str) -> list[Any]:
    """Small values of an option, the one for base cases first."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        for mark in marks:
            if isinstance(mark, Room):
                return [_small(found) for found in (default, *_some(mark.name, name))]
            if isinstance(mark, Range) and inner is int:
                return list(dict.fromkeys([max(int(mark.low), 3), int(mark.low), max(int(mark.low), 2)]))
            if isinstance(mark, Range) and isinstance(default, float):
                return list(dict.fromkeys([default, mark.low, mark.high]))
        return _values(inner, default, name)
    if annotation is bool:
        return [default, not default]
    if get_origin(annotation) is Literal:
        return list(dict.fromkeys([default, *get_args(annotation)]))
    return [default]


def _some(room: str, name: str) -> Iterator[Callable[..., Any]]:
    """Some of a room's things to try with a method: every sixth verifier, so that six methods try them all; of methods
    those that a wrapper must be able to hold, one that draws and one that judges."""
    if room == "methods":
        yield from (find(room, inner) for inner in ("vote", "best_of"))
        return
    mine = METHODS.index(name)
    yield from (find(room, other) for place, other in enumerate(names(room)) if (place - mine) % 6 == 0)


def _small(thing: Callable[..., Any]) -> Callable[..., Any]:
    """A verifier or method with its counts at 2 or less, if that is valid: the laws walk each of its passes."""
    small: dict[str, Any] = {}
    for option, (annotation, default) in parameters(thing).items():
        for mark in get_args(annotation)[1:]:
            if isinstance(mark, Range) and type(default) is int:
                small[option] = min(default, max(int(mark.low), 2))
    return configured(thing, small)


def _cases(name: str) -> Iterator[Case]:
    choices = {option: _values(*found, name) for option, found in parameters(find("methods", name)).items()}
    base = {option: values[0] for option, values in choices.items()}
    yield Case(name, base)
    for option, values in choices.items():
        for value in values[1:]:
            yield Case(name, base | {option: value})


CASES = [case for name in METHODS for case in _cases(name) if case.possible]
BASE_CASES = list({case.name: case for case in reversed(CASES)}.values())[::-1]
"""The first case of each method."""


each = pytest.mark.parametrize("case", CASES, ids=repr)
each_method = pytest.mark.parametrize("case", BASE_CASES, ids=repr)


def driver(**settings: Any) -> Driver:
    """A driver over the toy model, whose answers are cut short enough to make worst cases small."""
    return Driver({"generator": Binding(TOY, Sampling(max_tokens=16))}, **settings)


def outcome_of(flow: Flow[Any], *, scope: Scope | None = None, **settings: Any) -> Outcome:
    """A flow run alone."""
    return asyncio.run(driver(**settings).run(flow, scope or Scope("p1", TOOLS)))


@cache
def seeded(case: Case, key: Key) -> tuple[Outcome, Mapping[str, int]]:
    """A case run alone without a budget, and its asks by kind."""
    asks: Counter[str] = Counter()
    return outcome_of(counted(case.flow(key=key), asks)), asks


def free(case: Case) -> Outcome:
    """What comes of a case without a budget."""
    return seeded(case, KEY)[0]


@cache
def played(case: Case) -> Played[Any]:
    """A case played by the toy's replies, round by round."""
    return play(case.flow(), answer_of)


def answer_of(ask: Ask) -> Reply:
    """The toy's reply, or the tool's."""
    return Reply(value=TOOLS[ask.tool](**ask.arguments)) if isinstance(ask, Call) else _toy_reply(ask)


_toy_reply = cache(TOY.reply)


def counted(flow: Flow[T], asks: Counter[str], seen: Callable[[Ask], None] = lambda ask: None) -> Flow[T]:
    """The same flow; its asks are counted by kind."""

    def look(op: Op) -> Op:
        for ask in op.asks if isinstance(op, Round) else ():
            asks[ask.kind] += 1
            seen(ask)
        return op

    return rewritten(flow, look)
