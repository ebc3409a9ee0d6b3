"""The Python API, with and without a running event loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import passel
from passel.core.driver import MemoryStore, Record
from passel.core.errors import Impossible, ModelError, OutOfBudget, RecordError, UsageError
from passel.measure.summary import summarise
from passel.models import load

QUESTION = "What is 17 + 25?"
MINE = '''
from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import sample
from passel.core.ranges import Log
from passel.core.result import Result, candidate


def longest(problem, *, key, n: Annotated[int, Log(1, 64)] = 2, shout: bool = False):
    """The longest of n samples."""
    replies = yield from sample(problem.prompt, key=key, n=n)
    chosen = max((candidate(problem, reply) for reply in replies), key=lambda one: len(one.text))
    return Result(chosen.answer, chosen.text.upper() if shout else chosen.text)


def breaks(problem, *, key):
    yield from sample(problem.prompt, key=key)
    raise ZeroDivisionError("mine")
'''


@pytest.fixture
def mine(tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(MINE)
    return f"{tmp_path}/mine.py"


def test_solve_and_compare_without_a_loop() -> None:
    solution = passel.solve(QUESTION, model="toy", n=8)
    assert (solution.answer, str(solution), solution.cost.passes, solution.error) == ("42", "42", 8, None)
    found = passel.compare(model="toy", task="held_out", methods=["single", "vote"], n=4, limit=3)
    assert [row.name for row in found.methods] == ["single", "vote"]
    assert found.paid.passes == 12


def test_the_same_inside_a_running_loop() -> None:
    """As in a notebook: the synchronous functions work while a loop runs in this thread."""

    async def main() -> tuple[Any, Any, Any]:
        inside = passel.solve(QUESTION, model="toy", n=8)
        found = passel.compare(model="toy", task="held_out", methods="single,vote", n=4, limit=3)
        return inside, found, await passel.solve_async(QUESTION, model="toy", n=8)

    inside, found, awaited = asyncio.run(main())
    outside = passel.solve(QUESTION, model="toy", n=8)
    assert inside.result == awaited.result == outside.result
    assert (
        found.methods[1].cost.tokens
        == passel.compare(model="toy", task="held_out", methods="single,vote", n=4, limit=3).methods[1].cost.tokens
    )


def test_an_endpoint_inside_and_outside_a_loop(endpoint: Callable[..., Any]) -> None:
    """One model object in several loops, one after the other: its connections belong to the loop that made them."""
    mock = endpoint()
    model = load(mock.spec())

    async def main() -> Any:
        inside = passel.solve(QUESTION, model=model, n=2)
        awaited = await passel.solve_async(QUESTION, model=model, n=2, seed=1)
        await model.aclose()
        return inside, awaited

    solutions = [
        passel.solve(QUESTION, model=model, n=2),
        *asyncio.run(main()),
        passel.solve(QUESTION, model=mock.spec()),
    ]
    assert all(solution.answer is not None and solution.error is None for solution in solutions)
    assert mock.stats["choices"] == 2 + 2 + 2 + 16


def test_many_at_once_share_one_loop(endpoint: Callable[..., Any]) -> None:
    mock = endpoint(delay=0.05)
    model = load(mock.spec())

    async def main() -> list[Any]:
        questions = [f"What is {i} + {i}?" for i in range(20)]
        found = await asyncio.gather(*(passel.solve_async(q, model=model, n=3) for q in questions))
        await model.aclose()
        return found

    assert [solution.cost.passes for solution in asyncio.run(main())] == [3] * 20
    assert mock.stats["choices"] == 60


def test_cancelling_a_solve_cancels_its_passes(endpoint: Callable[..., Any]) -> None:
    mock = endpoint(delay=5.0)

    async def main() -> None:
        work = asyncio.ensure_future(passel.solve_async(QUESTION, model=mock.spec(), n=2))
        while not mock.stats["requests"]:
            await asyncio.sleep(0.01)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(main())
    assert mock.stats == {**mock.stats, "requests": 1, "choices": 0}


def test_a_method_of_ones_own_in_a_file(mine: str) -> None:
    solution = passel.solve(QUESTION, model="toy", method=f"{mine}:longest", n=6)
    assert solution.cost.passes == 6
    shouted = passel.solve(QUESTION, model="toy", method=f"{mine}:longest:shout=yes:n=6")
    assert shouted.text == solution.text.upper()
    specs = ["single", f"{mine}:longest"]
    found = passel.compare(model="toy", task="held_out", methods=specs, n=3, limit=3)
    assert found.methods[1].cost.passes == 9
    with pytest.raises(UsageError, match="'m'"):
        passel.solve(QUESTION, model="toy", method=f"{mine}:longest", m=6)


def test_a_method_that_breaks_is_data(mine: str) -> None:
    solution = passel.solve(QUESTION, model="toy", method=f"{mine}:breaks")
    assert solution.error is not None
    assert solution.error.startswith("ZeroDivisionError: mine (mine.py:")
    assert (solution.answer, solution.cost.passes) == (None, 1)
    found = passel.compare(model="toy", task="held_out", methods=["single", f"{mine}:breaks"], limit=3)
    assert [row.scored for row in found.methods] == [3, 0]
    assert "3 of 6 trials failed" in found.notes[0]


def test_a_model_of_ones_own_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(
        "from passel.models.toy import toy\n\ndef sums(name='', *, skill: float = 0.5):\n    return toy(skill=skill)\n"
    )
    solution = passel.solve(QUESTION, model=f"{tmp_path}/models.py:sums:skill=0.9", n=4)
    assert solution.answer == "42"
    with pytest.raises(UsageError, match="did you mean skill"):
        passel.solve(QUESTION, model=f"{tmp_path}/models.py:sums:skil=0.9")


def test_a_budget() -> None:
    solution = passel.solve(QUESTION, model="toy", n=8, budget=passel.Budget(passes=3))
    assert (solution.cost.passes, solution.result.stop) == (3, "budget")
    nothing = passel.solve(QUESTION, model="toy", budget=passel.Budget(tokens=0))
    assert (nothing.cost.passes, nothing.answer, nothing.result.stop) == (0, None, "budget")
    found = passel.compare(model="toy", task="held_out", methods="vote", n=4, limit=5, budget=passel.Budget(passes=9))
    assert found.paid.passes <= 9
    assert found.methods[0].stopped > 0


@pytest.mark.parametrize("kind", [MemoryStore, Record])
def test_a_pool_pays_once(kind: Any, endpoint: Callable[..., Any], tmp_path: Path) -> None:
    mock = endpoint()
    store = MemoryStore() if kind is MemoryStore else Record(tmp_path / "record.sqlite")
    first = passel.solve(QUESTION, model=mock.spec(), n=4, store=store)
    again = passel.solve(QUESTION, model=mock.spec(), n=6, store=store)
    assert mock.stats["choices"] == 6
    assert again.result.candidates[:4] == first.result.candidates
    if isinstance(store, Record):
        store.close()


def test_an_automatic_verifier(endpoint: Callable[..., Any]) -> None:
    asked: list[str] = []

    def check(text: str, key: str) -> bool:
        asked.append(text)
        return text == "42"

    solution = passel.solve(QUESTION, model="toy", method="repeat", n=50, check=check)
    assert solution.answer == "42" == asked[-1]
    assert "42" not in asked[:-1]
    with pytest.raises(UsageError, match="check"):
        passel.solve(QUESTION, model="toy", method="repeat")


def test_a_problem_and_roles(endpoint: Callable[..., Any]) -> None:
    problem = passel.Problem("p", "2 + 2?", system="Be brief.")
    assert passel.solve(problem, model="toy", method="single").cost.passes == 1
    judge = endpoint()
    solution = passel.solve(QUESTION, model="toy", method="best_of:verifier=judge", roles={"judge": judge.spec()}, n=3)
    assert 0 < judge.stats["choices"] <= 3
    assert solution.cost.passes == 3 + judge.stats["choices"] or solution.cost.passes == 6


def test_errors_have_types(endpoint: Callable[..., Any], tmp_path: Path, mine: str) -> None:
    for settings in (
        {"model": "toyy"},
        {"method": "vot"},
        {"method": "vote:m=2"},
        {"m": 2},
        {"roles": {"jugde": "toy"}, "method": "best_of:verifier=judge"},
        {"sampling": passel.Sampling(presence_penalty=1.0)},
        {"method": f"{mine}:nothing"},
    ):
        with pytest.raises(UsageError):
            passel.solve(QUESTION, **{"model": "toy", **settings})
    with pytest.raises(Impossible, match="presence_penalty"):
        passel.solve(QUESTION, model="toy", sampling=passel.Sampling(presence_penalty=1.0))
    with pytest.raises(ModelError, match="404"):
        passel.solve(QUESTION, model=f"openai:mock@{endpoint().base}/v2")
    (tmp_path / "record.sqlite").write_bytes(b"junk" * 100)
    with pytest.raises(RecordError, match=r"record\.sqlite"):
        passel.compare(model="toy", task="held_out", limit=2, out=tmp_path)
    with pytest.raises(UsageError, match="given twice"):
        passel.compare(model="toy", task="held_out", methods="vote,vote")
    with pytest.raises(TypeError):
        passel.compare(model="toy", task="held_out", limt=2)
    for kind in (Impossible, ModelError, OutOfBudget, RecordError, UsageError):
        assert issubclass(kind, passel.PasselError)


def test_compare_writes_and_goes_on(endpoint: Callable[..., Any], tmp_path: Path) -> None:
    mock = endpoint()
    settings: dict[str, Any] = {
        "model": mock.spec(),
        "task": "held_out",
        "methods": "vote",
        "limit": 4,
        "out": tmp_path,
    }
    passel.compare(n=2, **settings)
    found = passel.compare(n=3, **settings)
    assert mock.stats["choices"] == 12
    assert (tmp_path / "report.html").is_file()
    assert summarise(asyncio.run(passel.Run.open(tmp_path).replay())).methods == found.methods


def test_importing_passel_is_light() -> None:
    heavy = ("numpy", "aiohttp", "torch", "rich", "click", "matplotlib", "xllamacpp", "asyncio")
    code = f"import sys, passel; print([name for name in {heavy!r} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


def test_public_names() -> None:
    assert passel.__all__ == sorted(passel.__all__)
    for name in passel.__all__:
        assert getattr(passel, name) is not None
    assert set(passel.__all__) <= set(dir(passel))
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        _ = passel.nothing_of_that_name
