"""The skeletons of docs/adding.md, written to disk, work as the page says.

Those of a decoding method and of a recipe are run in tests/decoding and tests/training.
"""

from __future__ import annotations

import asyncio
import shlex
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doc_pages import ADDING, blocks, in_a_process
from passel import Budget, Problem, compare, solve
from passel.core.ask import Generate
from passel.core.docs import bounds, describe
from passel.core.driver import Driver, Ledger, Scope
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.play import play
from passel.core.problem import Answer
from passel.core.registry import find
from passel.models import catalog
from passel.models.toy import toy
from passel.tasks import load as load_task


def drive(flow: Any, budget: Budget | None = None) -> Any:
    """The outcome of a flow on the toy model."""

    async def run() -> Any:
        driver = Driver({"generator": Binding(toy())})
        try:
            return await driver.run(flow, Scope("p", {}, Ledger(budget)))
        finally:
            driver.close()

    return asyncio.run(run())


def test_every_skeleton_is_there(skeletons: Path) -> None:
    names = {"agree.py", "recheck.py", "doubling.py", "dice.py", "second_best.py", "token_bias.py"}
    names |= {"tiny-example.toml", "tiny-adapter.toml"}
    assert {path.name for path in skeletons.iterdir()} == names | {"pyproject.toml"}


@pytest.mark.parametrize("file", ["agree.py", "recheck.py"])
def test_a_skeletons_doctest_and_docstring_are_whole(file: str, skeletons: Path) -> None:
    in_a_process("-m", "doctest", skeletons / file, folder=skeletons)
    about = describe(find("methods", f"{skeletons / file}:{file.removesuffix('.py')}"))
    assert {"Source", "Cost", "Guarantees", "Deviations"} <= about.sections.keys()


def test_the_method_keeps_to_its_cost_line_and_to_its_key(skeletons: Path) -> None:
    agree: Callable[..., Any] = find("methods", f"{skeletons}/agree.py:agree")
    problem = Problem("p", "What is 4 + 3?", read=lambda text: Answer(text, text))
    model = toy()
    for n, k in ((1, 1), (5, 3), (9, 2)):
        played = [play(agree(problem, key=Key(2) / "p", n=n, k=k), model.reply) for _ in range(2)]
        assert played[0].value == played[1].value
        least, most = bounds(describe(agree).cost, {"n": n, "k": k})["generate"]
        assert least <= Counter(ask.kind for ask in played[0].asks)["generate"] <= most
        assert all(isinstance(ask, Generate) for ask in played[0].asks)


def test_the_method_lives_with_any_budget(skeletons: Path) -> None:
    agree: Callable[..., Any] = find("methods", f"{skeletons}/agree.py:agree")
    problem = Problem("p", "What is 4 + 3?")
    for passes in range(7):
        outcome = drive(agree(problem, key=Key(1) / "p", n=6, k=6), Budget(passes=passes))
        assert outcome.cost.passes == min(passes, 6)
        assert outcome.error is None
        assert outcome.result.stop == ("done" if passes >= 6 else "budget")
        assert (outcome.result.answer is None) == (passes == 0)


def test_the_method_runs_by_its_path(skeletons: Path) -> None:
    assert solve("What is 17 + 25?", model="toy", method=f"{skeletons}/agree.py:agree:k=2").answer is not None
    found = compare(model="toy", task="held_out", methods=["vote", "agree.py:agree"], n=4, limit=3)
    assert [row.name for row in found.methods] == ["vote", "agree.py:agree"]
    assert found.paid.passes == 12, "all draws of the one are draws of the other"


def test_the_verifier_runs_by_its_path(skeletons: Path) -> None:
    solution = solve("What is 17 + 25?", model="toy", method="best_of:n=6:verifier=recheck.py:recheck")
    scores = {one.score for one in solution.result.candidates if one.answer is not None}
    assert scores <= {0.0, 1.0, None}
    assert scores & {0.0, 1.0}
    assert solution.cost.passes > 6


def test_the_task_keeps_the_laws_of_tasks(skeletons: Path) -> None:
    task = load_task("doubling.py:doubling:times=2")
    problems = task.problems(limit=20)
    assert len({problem.id for problem in problems}) == 20
    for problem in problems:
        right = problem.read(f"So it is.\nThe answer is {task.gold(problem.id)}.")
        assert task.score(problem.id, right) == 1.0
        assert task.score(problem.id, problem.read("The answer is 987654321.")) == 0.0
        assert task.score(problem.id, None) == 0.0
    assert task.problems(limit=5) == problems[:5]
    found = compare(model="toy:skill=0.9", task="doubling.py:doubling", methods="single,vote", n=8, limit=20)
    assert found.methods[1].accuracy.value is not None
    assert found.methods[1].accuracy.value > 0.5


def test_the_model_answers(skeletons: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = [body for body in blocks(ADDING, "python") if body.startswith("import passel\nfrom dice")]
    (skeletons / "program.py").write_text(program, encoding="utf-8")
    assert in_a_process(skeletons / "program.py", folder=skeletons).strip() in {"1", "2", "3", "4"}


def test_the_cards_are_read(skeletons: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "FOLDER", skeletons)
    (skeletons / "pyproject.toml").unlink()
    catalog.cards.cache_clear()
    try:
        assert list(catalog.cards()) == ["tiny-adapter", "tiny-example"]
        assert catalog.find_card("tiny-adapter").weights.name == "tiny-example"
        assert catalog.find_card("tiny-example").sampling.max_tokens == 512
    finally:
        catalog.cards.cache_clear()


def test_a_package_of_ones_own_is_found_by_its_entry_points(skeletons: Path) -> None:
    project = tomllib.loads((skeletons / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = skeletons / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {thing}" for name, thing in points.items())])
        for group, points in project["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(groups) + "\n", encoding="utf-8")
    (line,) = [line for body in blocks(ADDING, "console") for line in body.splitlines() if "dice:sides" in line]
    elsewhere = skeletons.parent
    said = in_a_process("-m", "passel", *shlex.split(line)[1:], folder=elsewhere, path=str(skeletons))
    assert "best_of:verifier=recheck" in said.replace("\n", "")
    assert "agree" in in_a_process("-m", "passel", "methods", folder=elsewhere, path=str(skeletons))
