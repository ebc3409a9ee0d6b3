"""Archon: the language of layers, its rules, and what each layer does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.errors import OutOfBudget, UsageError
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.methods import load
from passel.methods.parts.layers import Block, Layer, layers_of, max_passes, parse, read_toml

PROBLEM = Problem("1", "2 + 2?", instruction="A number.")


def played(layers: str, script, **options):
    return play(load("archon", {"layers": layers} | options).make(PROBLEM, key=Key()), script)


def test_an_expression_is_read_as_it_is_written():
    (first, second) = parse(" generate( 8 ,role = a)+generate(2)|fuse ")
    assert first == Layer((Block("generate", 8, "a"), Block("generate", 2)))
    assert second == Layer((Block("fuse", 1),))


@pytest.mark.parametrize(
    ("text", "says", "place"),
    [
        ("rank(3)", "the first layer must generate", 0),
        ("generate(2) | generate(2)", "only the first layer can generate", 14),
        ("generate(2) | rank + fuse", "must be of one kind", 14),
        ("generate(2) | rank + rank", "only generate and fuse can stand side by side", 14),
        ("generate(2) | critique | verify", "must come before a rank or a fuse", 14),
        ("generate(2) | rank | critique", "must come before a rank or a fuse", 21),
        ("generate(2) | tests | rank", "must be followed by evaluate", 14),
        ("generate(2) | evaluate", "must follow tests", 14),
        ("generate(2) | rnk(1)", "unknown component 'rnk'; did you mean rank", 14),
        ("generate(2) | rank(k=1)", "unknown argument of rank: 'k'", 14),
        ("generate(0)", "at least 1", 0),
        ("generate(2) | rank(1, 2)", "given twice", 14),
        ("generate(2) |", "expected a component", 13),
        ("generate(2) | fuse(", "expected a component", 14),
        ("generate(2, role=a b)", "a role is a name", 0),
    ],
)
def test_what_is_not_valid_is_refused_with_its_place(text, says, place):
    with pytest.raises(UsageError) as error:
        parse(text)
    message, shown, caret = str(error.value).split("\n")
    assert says in message
    assert shown == f"  {text}"
    assert caret.index("^") - 2 == place


def test_the_same_in_toml(tmp_path):
    file = tmp_path / "layers.toml"
    file.write_text(
        '[[layer]]\nblocks = [{kind = "generate", count = 8, role = "a"}, {kind = "generate", count = 2}]\n'
        '[[layer]]\nkind = "critique"\n[[layer]]\nkind = "rank"\ncount = 3\n[[layer]]\nkind = "fuse"\n'
    )
    assert layers_of(str(file)) == parse("generate(8, role=a) + generate(2) | critique | rank(3) | fuse")
    file.write_text('[[layer]]\nkind = "generate"\n[[layer]]\nkind = "critique"\n')
    with pytest.raises(UsageError, match=r"layers.toml, layer 2: a critique must come before"):
        read_toml(file)
    file.write_text('[[layer]]\nkind = "generate"\nn = 3\n')
    with pytest.raises(UsageError, match=r"layer 1: unknown argument of generate: 'n'"):
        read_toml(file)
    with pytest.raises(UsageError, match="cannot read layers"):
        read_toml(tmp_path / "none.toml")


def test_a_critique_is_seen_by_the_ranker_and_the_fuser():
    script = ["it is 5", "it is 4", "[Response 1] wrong sum\n[Response 2] right", "[2] > [1]", "4"]
    found = played("generate(2) | critique | rank(1) | fuse", script)
    rank, fuse = found.asks[3].prompt[-1].content, found.asks[4].prompt[-1].content
    assert "it is 5\n(A critic: wrong sum)" in rank
    assert "it is 4\n(A critic: right)" in fuse
    assert "it is 5" not in fuse
    assert [ask.role for ask in found.asks] == ["generator"] * 2 + ["critic", "judge", "fuser"]
    assert found.value.info == {"widths": [2, 2, 1, 1]}


def test_tests_keep_those_that_pass_most():
    script = ["a", "b", "1. It adds.\n2. It is a number.", "1: fail\n2: pass", "1: pass\n2: pass"]
    found = played("generate(2) | tests(2) | evaluate(1)", script)
    assert found.value.text == "b"
    assert "1. It adds.\n2. It is a number." in found.asks[3].prompt[-1].content


def test_verify_keeps_what_a_chain_finds_right_or_all():
    assert played("generate(2) | verify", ["a", "b", "Verdict: No", "Verdict: Yes"]).value.text == "b"
    assert len(played("generate(2) | verify", ["a", "b", "Verdict: No", "Verdict: No"]).value.candidates) == 2


def test_several_generators_each_with_its_own_draws():
    found = played("generate(2, role=a) + generate(1) + generate(1, role=a) | fuse", ["1", "2", "3", "4", "5"])
    drawn = [(ask.role, ask.key.path[-1]) for ask in found.asks[:4]]
    assert drawn == [("a", 0), ("a", 1), ("generator", 2), ("a", 3)]
    assert load("archon:layers=generate(2, role=a) | fuse").needs.keys() >= {"a", "fuser"}


def test_more_passes_than_allowed_are_refused_with_the_number():
    with pytest.raises(UsageError, match="can take 101 passes"):
        played("generate(100) | fuse", [])


def test_the_budgets_end_leaves_what_the_layers_made_so_far():
    result = played("generate(3) | rank(1)", ["5", "4", "4", OutOfBudget()]).value
    assert (result.answer.text, result.stop) == ("4", "budget")


LAST = st.sampled_from(
    ["rank(2)", "fuse(2)", "critique | rank(1)", "critique | fuse", "verify", "tests(2) | evaluate(2)"]
)


@given(st.lists(LAST, max_size=4), st.integers(1, 4), st.integers(0, 3))
def test_any_valid_expression_runs_within_its_passes(layers, n, bad):
    expression = " | ".join([f"generate({n})", *layers])
    seen = iter(range(1000))

    def script(ask):
        return Reply("failed", error="500") if next(seen) % 4 == bad else "1: pass Verdict: Yes [1] > [2]"

    found = played(expression, script)
    assert len(found.asks) <= max_passes(parse(expression))
    assert found.value.stop == "done"
