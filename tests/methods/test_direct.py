"""Direct answering: one line more, behind everything the task says."""

from __future__ import annotations

from passel.core.ask import Message
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.methods import load
from passel.methods.direct import LINE, direct
from passel.methods.single import single
from passel.methods.vote import vote

PROBLEM = Problem("1", "2 + 2?", 'Solve step by step. End with "The answer is N."', system="Be brief.")


def test_the_instruction_stays_and_the_line_that_overrules_it_comes_last():
    (ask,) = play(direct(PROBLEM, key=Key()), ["4"]).asks
    assert ask.prompt == (
        Message("system", "Be brief."),
        Message("user", f'2 + 2?\nSolve step by step. End with "The answer is N."\n{LINE}'),
    )


def test_without_an_instruction_there_is_no_empty_line():
    assert play(direct(Problem("1", "2 + 2?"), key=Key()), ["4"]).asks[0].prompt[-1].content == f"2 + 2?\n{LINE}"


def test_the_result_is_that_of_the_method_inside_on_the_changed_problem():
    inside = play(vote(PROBLEM, key=Key(), n=3), ["4", "5", "4"]).value
    played = play(load("direct:method=vote:method.n=3").make(PROBLEM, key=Key()), ["4", "5", "4"])
    assert played.value == inside
    assert {ask.prompt[-1].content for ask in played.asks} == {f"{PROBLEM.question}\n{PROBLEM.instruction}\n{LINE}"}
    assert [ask.key for ask in played.asks] == [Key() / "draw" / i for i in range(3)]


def test_it_can_be_named_from_either_side():
    scripts = [play(load(spec).make(PROBLEM, key=Key()), ["4", "5"]).rounds
               for spec in ("direct:method=vote:method.n=2", "vote:n=2:prompt=direct")]  # fmt: skip
    assert scripts[0] == scripts[1]


def test_it_draws_something_else_than_the_plain_sample():
    """Else a comparison of the two would compare a sample with itself."""
    plain = play(single(PROBLEM, key=Key()), ["4"]).asks[0]
    assert play(direct(PROBLEM, key=Key()), ["4"]).asks[0] != plain
