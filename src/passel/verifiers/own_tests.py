"""Unit tests that the model writes itself; programs are ranked by how they do on them."""

from __future__ import annotations

import ast
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from passel.core.ask import Message
from passel.core.flow import Flow, affordable, sample_within, together
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.verifiers.parts.code import TestRun, first_failure, run
from passel.verifiers.parts.verdicts import undecided

__all__ = ["agreement", "own_tests", "written_tests"]

PROMPT = """{question}

Do not solve this. Write {t} different unit tests for it, each a single line of the form `assert {name}(...) == ...`
with literal values. Cover usual and unusual inputs. Answer with one fenced Python block of these lines alone."""

_LONGEST = 1000  # characters of a test


@needs(tester="text", tool="unit_tests")
def own_tests(
    problem: Problem,
    texts: Sequence[str],
    *,
    key: Key,
    m: Annotated[int, Log(1, 100)] = 1,
    t: Annotated[int, Log(1, 100)] = 10,
    by: Literal["agreement", "passed"] = "agreement",
    seconds: Annotated[float, Log(0.1, 60)] = 2.0,
) -> Flow[list[Judgement]]:
    """Tests are written from the problem only, and every program is run on all of them, in the sandbox.

    By agreement, programs that pass the same tests support each other: a program is worth the number of programs that
    pass exactly the tests it passes, times the number of these tests.

    Source: Chen et al. 2022, CodeT (2207.10397), section 2.2; `by=passed`: unit test generator and evaluator of Archon,
    Saad-Falcon et al. 2024 (2409.15254), section 3.1.

    Args:
        m: samples of tests, in the role `tester`. CodeT takes 100 with 5 tests of each; 1 is our default.
        t: tests kept, the first of each sample in turn.
        by: "agreement", or "passed": by the number of tests passed.
        seconds: processor time for each test.

    Returns: score; in [0, 1], 1 if all programs pass all tests (with `by=passed`: if it passes all); 0 for a text
        without a program; None for all if no sample holds a test, and for a text whose tests could not be run.

    Cost: generate <= m, call <= n

    Guarantees: heuristic. Programs that fail alike on wrong tests support each other too.

    Deviations: agreement is the product of the two numbers as in the paper; its authors' code takes the square root of
    the number of programs. A test is one assert that calls the asked function, each counted once. Archon's evaluator
    is a model that reads the tests; here they are run.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> problem = Problem("1", "Double x.", details={"entry_point": "f"})
    >>> passed, failed = ([{"passed": ok, "error": ""}] for ok in (True, False))
    >>> script = ["assert f(1) == 2", Reply(value=passed), Reply(value=failed)]
    >>> flow = own_tests(problem, ["def f(x): return 2 * x", "def f(x): return x"], key=Key())
    >>> [judgement.value for judgement in play(flow, script).value]
    [0.5, 0.0]
    """
    name = str(problem.details.get("entry_point", ""))
    prompt = PROMPT.format(question=problem.question, t=t, name=name or "f")
    replies = yield from sample_within((Message("user", prompt),), key=key, n=m, role="tester", label="own_tests")
    tests = _in_turn([list(written_tests(reply.text, name)) for reply in replies if reply.ok])[:t]
    if not tests:
        return [undecided(replies, "a test")] * len(texts)
    runs = yield from together([affordable(run(problem, text, tests, seconds)) for text in texts])
    passed = [None if row is None else tuple([test.passed for test in row]) for row in runs]
    scores = agreement(passed, by=by)
    return [_judgement(score, row, passed) for score, row in zip(scores, runs, strict=True)]


def _judgement(
    score: float | None, runs: Sequence[TestRun] | None, passed: Sequence[Sequence[bool] | None]
) -> Judgement:
    if runs is None:
        return Judgement(None, "the tests could not be run, or the budget did not allow it")
    mine = tuple([run.passed for run in runs])
    alike = sum(row == mine for row in passed)
    why = f"passes {sum(mine)} of {len(mine)} tests, as {alike - 1} other programs do"
    if failure := first_failure(runs):
        why += f"; {failure}"
    return Judgement(score, why, {"passed": sum(mine), "tests": [run.test for run in runs], "alike": alike})


def agreement(passed: Sequence[Sequence[bool] | None], *, by: Literal["agreement", "passed"]) -> list[float | None]:
    """Scores of programs in [0, 1] from the tests that each passed, `passed[program][test]`; None where not known.

    >>> agreement([[True, True], [True, False], [True, False]], by="agreement")
    [0.3333333333333333, 0.3333333333333333, 0.3333333333333333]
    """
    known = [tuple(row) for row in passed if row is not None]
    alike = Counter(known)

    def score(row: tuple[bool, ...]) -> float:
        share = sum(row) / len(row)
        return share if by == "passed" else share * alike[row] / len(known)

    return [None if row is None else score(tuple(row)) for row in passed]


def written_tests(text: str, name: str) -> Iterator[str]:
    """The single-line asserts in a text, of which each calls the function; any function if `name` is ""."""
    for line in re.findall(r"^[\s>*\-\d.`]*(assert\b.*)$", text, re.MULTILINE):
        shown = line.strip().rstrip("`")
        tree = _parsed(shown) if len(shown) <= _LONGEST else None
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Assert) and _calls(tree, name):
            yield ast.unparse(tree)


def _parsed(line: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(line)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _calls(tree: ast.Module, name: str) -> bool:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return any(not name or (isinstance(function, ast.Name) and function.id == name) for function in calls)


def _in_turn(lists: Sequence[Sequence[str]]) -> list[str]:
    """The first of each, then the second of each, …; each once."""
    longest = max(map(len, lists), default=0)
    return list(dict.fromkeys(tests[index] for index in range(longest) for tests in lists if index < len(tests)))
