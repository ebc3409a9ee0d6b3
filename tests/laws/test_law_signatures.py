"""Every method and verifier has the one signature, and says of itself what a reader and the tuner need."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import get_args, get_type_hints

import pytest
from law_setup import BASE_CASES, CASES, METHODS, VERIFIERS, played

from passel.core.docs import bounds, describe
from passel.core.key import Key
from passel.core.options import parameters
from passel.core.problem import Problem
from passel.core.registry import find
from passel.verifiers import Kind, is_ranker

ORDER = ["Source", "Symbols", "Args", "Returns", "Cost", "Guarantees", "Deviations"]
THINGS = [("methods", name) for name in METHODS] + [("verifiers", name) for name in VERIFIERS]
each = pytest.mark.parametrize(("room", "name"), THINGS)


def test_the_rooms_hold_what_they_hold():
    assert {"single", "vote"} <= set(METHODS)
    assert VERIFIERS
    assert len(BASE_CASES) > 0.9 * len(METHODS), "the laws of methods run on what the toy model can do"
    assert all(played(case).asks for case in CASES)
    assert any(parameters(find("methods", name)) for name in METHODS)


@each
def test_the_problem_comes_first_and_the_key_by_name(room, name):
    function = find(room, name)
    found = inspect.signature(function).parameters
    first = ["problem"] if room == "methods" else ["problem", "texts" if is_ranker(function) else "text"]
    places = [p.name for p in found.values() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert places == first
    assert found["key"].kind is inspect.Parameter.KEYWORD_ONLY
    assert found["key"].default is inspect.Parameter.empty
    assert all(p.kind is not inspect.Parameter.VAR_KEYWORD for p in found.values())
    hints = get_type_hints(function)
    assert hints["problem"] is Problem
    assert hints["key"] is Key
    assert "return" in hints


@each
def test_every_option_is_annotated_and_has_a_default(room, name):
    function = find(room, name)
    hints = get_type_hints(function, include_extras=True)
    for option, (_, default) in parameters(function).items():
        assert option in hints
        assert default is not inspect.Parameter.empty


@each
def test_it_is_a_generator(room, name):
    assert inspect.isgeneratorfunction(find(room, name)), "a flow must not run before it is driven"


@each
def test_it_says_what_it_needs(room, name):
    assert hasattr(find(room, name), "__needs__")


@each
def test_the_docstring_has_its_sections_in_order(room, name):
    function = find(room, name)
    about = describe(function)
    assert about.summary.endswith(".")
    assert "\n" not in about.summary
    sections = list(about.sections)
    assert sections == [section for section in ORDER if section in sections]
    wanted = {"Source", "Cost", "Guarantees", "Deviations"} | ({"Returns"} if room == "verifiers" else set())
    assert wanted <= set(sections)
    assert all(about.sections.values())
    assert ">>> " in (function.__doc__ or ""), "a doctest on the toy model or by a script"
    assert (function.__doc__ or "").index(">>> ") > (function.__doc__ or "").index("Deviations:")


@pytest.mark.parametrize("name", VERIFIERS)
def test_a_verifier_says_what_it_returns(name):
    returns = describe(find("verifiers", name)).sections["Returns"]
    assert returns.partition(";")[0] in get_args(Kind), returns
    assert "None" in returns


@each
def test_every_option_is_explained(room, name):
    about = describe(find(room, name))
    for option in about.options:
        assert f"{option}:" in about.sections.get("Args", ""), option


@each
def test_the_cost_line_can_be_evaluated(room, name):
    about = describe(find(room, name))
    defaults = {option: default for option, (_, default) in about.options.items()}
    found = bounds(about.cost, {"n": 4} | defaults)  # a ranker's n is the number of texts
    assert found
    inner = {option for option, (_, default) in about.options.items() if callable(default)}  # flows of its own
    assert found.keys() <= {"generate", "score", "embed", "call", "verifier", "method"} | inner
    assert all(0 <= least <= most for least, most in found.values())


def test_a_problem_has_no_place_for_a_gold_answer():
    words = {"gold", "answer", "target", "solution", "label", "truth", "reference", "expected"}
    for field in fields(Problem):
        assert not words & set(field.name.lower().split("_"))


def test_a_task_puts_no_gold_answer_in_its_problems():
    """A task whose gold answers can be told from everything else in it."""
    from passel.tasks import NUMBER, Item, LoadedItems, Task

    secret = "31415926"
    items = [Item(str(i), f"question {i}", secret, NUMBER, details={"level": i}) for i in range(3)]
    for problem in Task("t", LoadedItems(lambda: items)).problems():
        assert secret not in repr(problem)
        cells = getattr(problem.read, "__closure__", None) or ()
        assert not any(secret in repr(cell.cell_contents) for cell in cells)
