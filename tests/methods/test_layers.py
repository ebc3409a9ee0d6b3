"""Layers from expressions and files: valid ones run within their passes, invalid ones are refused by their rule."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passel.core.address import address
from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.core.result import Result
from passel.methods.archon import archon
from passel.methods.parts.layers import Block, Layer, layers_of, max_passes, parse

PROBLEM = Problem("1", "What is 2 + 2?")
REPLIES = ["4", "It is 5.", "[2] > [1]", "[Response 1] Good.\n[Response 2] Bad.", "Fine. Verdict: Yes", "Verdict: No"]
REPLIES += ["1. It names a number.\n2. It is short.", "1: pass\n2: fail", " ", "1: fail"]

roles = st.sampled_from([None, "a", "b"])
numbers = st.integers(1, 3)


def blocks(kind: str, most: int) -> st.SearchStrategy[str]:
    one = st.builds(lambda n, role: f"{kind}({n}, role={role})" if role else f"{kind}({n})", numbers, roles)
    return st.lists(one, min_size=1, max_size=most).map(" + ".join)


filters = st.sampled_from(["verify", "verify(role=a)", "tests(2) | evaluate(2)", "tests | evaluate(1, role=b)"])
users = st.one_of(blocks("rank", 1), blocks("fuse", 2))
critiques = st.builds(" | ".join, st.tuples(st.just("critique"), users))
held = st.builds(" | ".join, st.tuples(st.just("critique(role=a)"), filters, users))
valid = st.builds(
    lambda first, rest: " | ".join([first, *rest]),
    blocks("generate", 2),
    st.lists(st.one_of(filters, users, critiques, held), max_size=3),
)


def scripted(choices: list[int]):
    """Replies by a list of choices, over and over; a choice past the replies is a failed one."""
    place = count()

    def reply(ask) -> Reply:
        chosen = choices[next(place) % len(choices)]
        return Reply(text=REPLIES[chosen]) if chosen < len(REPLIES) else Reply("failed", error="500")

    return reply


choices = st.lists(st.integers(0, len(REPLIES)), min_size=1, max_size=12)


@given(valid)
def test_what_is_written_is_what_is_read(expression):
    layers = parse(expression)
    assert parse(" | ".join(map(str, layers))) == layers
    assert len(layers) == expression.count("|") + 1


@settings(deadline=None)
@given(valid, choices)
def test_a_valid_expression_runs_within_its_passes_and_draws_nothing_twice(expression, chosen):
    most = max_passes(parse(expression))
    played = play(archon(PROBLEM, key=Key(), layers=expression, passes=most), scripted(chosen))
    assert played.value.stop == "done"
    assert len(played.asks) <= most
    if played.value.answer is not None:
        assert PROBLEM.read(played.value.text) == played.value.answer
    drawn = [(ask.role, address("one model", ask)) for ask in played.asks if ask.sampling.temperature != 0.0]
    assert len(set(drawn)) == len(drawn), "no role is asked for the same draw twice"


@settings(deadline=None, max_examples=60)
@given(valid, choices, st.data())
def test_a_budget_may_end_at_every_point_and_what_was_paid_for_is_kept(expression, chosen, data):
    free = play(archon(PROBLEM, key=Key(), layers=expression, passes=999), scripted(chosen))
    point = data.draw(st.integers(0, len(free.asks) - 1))
    reply, place, paid = scripted(chosen), count(), []

    def until(ask) -> Reply:
        if next(place) >= point:
            raise OutOfBudget()
        paid.append(ask)
        return reply(ask)

    try:
        result = play(archon(PROBLEM, key=Key(), layers=expression, passes=999), until).value
    except OutOfBudget:
        assert point < len(free.rounds[0].asks), "it lost what it had paid for"
        return
    assert isinstance(result, Result)
    assert result.stop == "budget"


def test_too_few_passes_are_refused_with_the_number_that_is_needed():
    assert max_passes(parse("generate(8) | critique | rank(3) | fuse")) == 11
    assert (
        max_passes(parse("generate(4) + generate(2) | verify | tests | evaluate(3) | fuse(2) + fuse | rank(1)")) == 23
    )
    with pytest.raises(UsageError, match="11 passes"):
        play(archon(PROBLEM, key=Key(), passes=10))


RULES = {
    "fuse | rank(2)": ("first layer must generate", "fuse"),
    "generate(2) | rank | generate(3)": ("only the first layer can generate", "generate(3)"),
    "generate + rank(2) | fuse": ("of one kind", "generate + "),
    "generate(2) | rank + rank(3)": ("side by side", "rank + "),
    "generate(2) | verify + verify": ("side by side", "verify + "),
    "generate(2) | critique": ("critique must come before a rank or a fuse", "critique"),
    "generate(2) | fuse(2) | critique | verify": ("critique must come before", "critique"),
    "generate(2) | tests | rank(2) | evaluate": ("tests must be followed by evaluate", "tests"),
    "generate(2) | tests": ("tests must be followed by evaluate", "tests"),
    "generate(2) | evaluate(2)": ("evaluate must follow tests", "evaluate"),
    "generate(2) | rnk(2)": ("did you mean rank", "rnk"),
    "generate(2) | rank(2, top=3)": ("unknown argument of rank", "rank"),
    "generate(2) | critique(3) | fuse": ("unknown argument of critique", "critique"),
    "generate(2) | rank(0)": ("at least 1", "rank"),
    "generate(2) | rank(2.5)": ("at least 1", "rank"),
    "generate(2, 3)": ("count is given twice", "generate"),
    "generate(2, role=3) | fuse": ("a role is a name", "generate"),
    "generate(2) | rank(2": ("expected a component", "rank(2"),
    "generate(2) | | fuse": ("expected a component", "| fuse"),
    "": ("expected a component", ""),
}


@pytest.mark.parametrize("expression", RULES, ids=repr)
def test_a_broken_rule_is_named_and_pointed_at(expression):
    rule, place = RULES[expression]
    with pytest.raises(UsageError, match=rule) as caught:
        parse(expression)
    *_, shown, caret = str(caught.value).split("\n")
    assert shown.strip() == expression
    at = caret.index("^") - 2
    if place.startswith("|"):
        assert expression[at - 1 :].lstrip().startswith(place) or expression[at:].startswith(place)
    else:
        assert expression[at:].startswith(place)


@given(valid, st.sampled_from(["generate(2)", "critique", "tests", "evaluate"]), st.data())
def test_one_layer_too_many_breaks_a_rule(expression, extra, data):
    layers = [str(layer) for layer in parse(expression)]
    with pytest.raises(UsageError):
        parse(" | ".join([*layers, extra]))
    with pytest.raises(UsageError, match="first layer must generate"):
        parse(" | ".join(["fuse", *layers]))


TOML = """
[[layer]]
blocks = [{ kind = "generate", count = 8, role = "a" }, { kind = "generate", count = 2 }]
[[layer]]
kind = "critique"
[[layer]]
kind = "rank"
count = 3
[[layer]]
kind = "fuse"
"""


def test_a_file_says_the_same(tmp_path):
    file = tmp_path / "layers.toml"
    file.write_text(TOML)
    assert layers_of(str(file)) == parse("generate(8, role=a) + generate(2) | critique | rank(3) | fuse")


WRONG = {
    'kind = "generate"': "no \\[\\[layer\\]\\]",
    "[[layer]]\nkind = 'fuse'": "layer 1: the first layer must generate",
    "[[layer]]\nkind = 'generate'\n[[layer]]\nkind = 'rank'\ncout = 3": "layer 2: .*cout.*did you mean count",
    "[[layer]]\ncount = 3": "layer 1: a component is a table with `kind`",
    "[[layer]]\nblocks = [1]": "layer 1: a component is a table",
    "[[layer]]\nblocks = 3": "layer 1: a layer has `kind`",
    "[[layer]]\nblocks = []": "layer 1: a layer has `kind`",
    "[[layer]]\nkind = 'generate'\nblocks = [{ kind = 'generate' }]": "layer 1: a layer has `kind`, or `blocks` alone",
    "layer = [3]": "layer 1: a layer is a table",
    "[[layer]]\nkind = 'generate'\ncount = true": "at least 1",
    "[[layer": "cannot read layers",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file_is_refused_by_name(tmp_path, text):
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=WRONG[text]) as caught:
        layers_of(str(file))
    assert "wrong.toml" in str(caught.value)


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="cannot read layers"):
        layers_of("nowhere/none.toml")


def test_a_layer_shows_itself_as_it_is_written():
    assert str(Layer((Block("generate", 2, "a"), Block("generate")))) == "generate(2, role=a) + generate(1)"
    assert str(Block("verify", role="v")) == "verify(role=v)"
