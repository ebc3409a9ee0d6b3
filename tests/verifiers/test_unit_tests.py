"""Public and self-written unit tests as verifiers, by scripts."""

from __future__ import annotations

import pytest
from judged_values import worth_of

from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.tasks import read_code
from passel.verifiers.own_tests import agreement, own_tests, written_tests
from passel.verifiers.unit_tests import unit_tests

TESTS = ("assert f(1) == 2", "assert f(2) == 4")
PROBLEM = Problem("1", "Double x.", read=read_code, details={"tests": TESTS, "entry_point": "f", "prompt": ""})
PROGRAM = "```python\ndef f(x):\n    return 2 * x\n```"


def ran(*passed: bool) -> Reply:
    return Reply(value=[{"passed": one, "error": "" if one else "AssertionError"} for one in passed])


@pytest.mark.parametrize(
    ("passed", "options", "value"),
    [
        ((True, True), {}, 1.0),
        ((True, False), {}, 0.0),
        ((True, False), {"partial": True}, 0.5),
        ((False, False), {"partial": True}, 0.0),
    ],
)
def test_all_tests_must_pass_unless_a_share_is_wanted(passed, options, value):
    played = play(unit_tests(PROBLEM, PROGRAM, key=Key(), **options), [ran(*passed)])
    assert worth_of(played) == value
    (ask,) = played.asks
    assert ask.tool == "unit_tests"
    assert tuple(ask.arguments["tests"]) == TESTS


def test_no_tests_and_a_broken_run_tell_nothing_and_no_program_is_wrong():
    bare = Problem("1", "Double x.", read=read_code)
    assert worth_of(play(unit_tests(bare, PROGRAM, key=Key()))) is None
    assert worth_of(play(unit_tests(PROBLEM, PROGRAM, key=Key()), [Reply("failed", error="no sandbox")])) is None
    assert worth_of(play(unit_tests(PROBLEM, "", key=Key()))) == 0.0


def test_tests_are_read_from_what_a_model_writes():
    text = "Sure!\n```python\nassert f(1) == 2\nassert g(1) == 2\nassert f(2 == 4\nprint(f(1))\nassert f(3) == 6\n```"
    assert list(written_tests(text, "f")) == ["assert f(1) == 2", "assert f(3) == 6"]


def test_agreement_is_the_product_of_supporters_and_tests():
    """Two programs pass both tests, one passes the first alone: 2 * 2, 2 * 2 and 1 * 1 of 3 * 2."""
    assert agreement([(True, True), (True, True), (True, False)], by="agreement") == pytest.approx(
        [4 / 6, 4 / 6, 1 / 6]
    )


def test_programs_are_ranked_by_the_tests_the_model_wrote():
    texts = [PROGRAM, PROGRAM.replace("2 *", "x *"), PROGRAM.replace("2 * x", "x + x")]
    script = ["assert f(2) == 4\nassert f(3) == 6", ran(True, True), ran(True, False), ran(True, True)]
    scores = worth_of(play(own_tests(PROBLEM, texts, key=Key()), script))
    assert scores == pytest.approx([4 / 6, 1 / 6, 4 / 6])
    scores = worth_of(play(own_tests(PROBLEM, texts, key=Key(), by="passed"), script))
    assert scores == pytest.approx([1.0, 0.5, 1.0])


def test_without_a_test_nothing_is_ranked():
    assert worth_of(play(own_tests(PROBLEM, [PROGRAM, "x"], key=Key()), ["I see no way."])) == [None, None]
