"""What the documentation shows is true: its files run, its commands parse, its links lead somewhere.

The README, docs/ and the model card are read for fenced blocks. A block whose first line is `# NAME.py` or
`# NAME.toml` is a file; a block of kind `console` holds command lines.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from passel import Budget, Problem, compare, solve
from passel.cli import commands
from passel.core.ask import Generate
from passel.core.docs import bounds, describe
from passel.core.driver import Driver, Ledger, Scope
from passel.core.key import Key
from passel.core.model import Binding
from passel.core.play import play
from passel.core.problem import Answer
from passel.core.registry import find
from passel.models import catalog, load
from passel.models.toy import toy
from passel.runs.plan import Plan
from passel.tasks import load as load_task
from passel.verifiers import load as load_verifier

ROOT = Path(__file__).resolve().parent.parent
ADDING = ROOT / "docs" / "adding.md"
CARD = ROOT / "src/passel/models/catalog/passel-reasoner-135m/README.md"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", CARD, *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(page: Path, kind: str) -> list[str]:
    return [body for found, body in FENCE.findall(page.read_text(encoding="utf-8")) if found == kind]


def command_lines() -> list[Any]:
    found = [(page, line) for page in PAGES for body in blocks(page, "console") for line in body.splitlines()]
    inside = [(file, line.strip()) for file in EXAMPLES for line in file.read_text().split('"""')[1].splitlines()]
    lines = [(where, line) for where, line in found + inside if line.startswith("passel ")]
    return [pytest.param(line, id=f"{name_of(where)}: {line[:60]}") for where, line in lines]


@pytest.fixture
def skeletons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of docs/adding.md."""
    for body in blocks(ADDING, "python") + blocks(ADDING, "toml"):
        if named := re.match(r"# (\S+\.(?:py|toml))\n", body):
            (tmp_path / named[1]).write_text(body, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    try:
        spec.loader.exec_module(found)
    finally:
        del sys.modules[spec.name]
    return found


def in_a_process(*arguments: object, folder: Path = ROOT, path: str = "") -> str:
    environment = {**os.environ, "COLUMNS": "140", "PYTHONPATH": os.pathsep.join(filter(None, [*sys.path, path]))}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


# The scripts in examples/


SAID = {
    "budget": [
        "42 after 5 passes; stopped by: budget",
        "at most 20 passes: 20 used, 20 replies kept, 4 trials ended by the budget",
        "no limit: 48 used, 48 replies kept, 0 trials ended by the budget",
    ],
    "compare": ["Made 16.0 passes a problem; the methods alone: 21.0", "coverage at k (exact)"],
    "own_method": ["single", "second_look  2.0 passes a problem"],
    "solve": ["vote:n=8", "confidence 0.875"],
}
"""What an example says on the toy model, whose draws never change."""


@pytest.mark.parametrize("script", EXAMPLES, ids=name_of)
def test_an_example_runs_on_the_toy_model(script: Path) -> None:
    said = in_a_process(script)
    assert [line for line in SAID[script.stem] if line not in said] == []


# The README and the pages


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)):
        if re.match(r"https?:", target):
            continue
        file, _, heading = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{target} in {name_of(page)}"
        if heading:
            titles = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
            assert heading in slugs, f"{target} in {name_of(page)}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_lines_fit_the_page(page: Path) -> None:
    """Tables and commands may be longer: they cannot be broken."""
    prose = [line for line in FENCE.sub("", page.read_text(encoding="utf-8")).splitlines() if line[:1] != "|"]
    assert [line for line in prose if len(line) > 125] == []


@pytest.mark.parametrize("line", command_lines())
def test_a_command_line_is_understood(
    line: str, skeletons: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Flags, methods and models are those that exist. Nothing is run."""
    _, name, *arguments = shlex.split(line, comments=True)
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    given = command.make_context(name, arguments).params
    if "agree,best_of:verifier=recheck" in line:
        return  # things of another package: run for themselves below
    if "examples/" in line:
        monkeypatch.chdir(ROOT)
    model = given.get("model") or "toy"
    if name == "pull":
        assert model in catalog.cards()
    elif not model.startswith("passel-") and "smollm2" not in model:
        load(model)
    methods = given["methods"].split(",") if "methods" in given else [given["method"]] if "method" in given else []
    if methods and name != "methods":
        Plan(model=model, task="held_out", methods=tuple(methods)).load_methods()
    if name == "verify":
        assert all(load_verifier(spec) for spec in given["verifier"].split(","))
    elif given.get("task"):
        columns = [f"{column}={given[column]}" for column in ("question", "answer") if given[column]]
        load_task(":".join([given["task"], *columns]))
    Budget.parse(given.get("budget") or "")
    Budget.parse(given.get("problem_budget") or "")


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 200


def test_the_readmes_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (body,) = blocks(ROOT / "README.md", "python")
    exec(compile(body, "README.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "42"
    assert [line.split()[0] for line in said if line.startswith(("single", "vote"))] == ["single", "vote"]


@pytest.mark.parametrize("room", ["methods", "verifiers", "tasks", "models"])
def test_what_there_is_is_listed(
    room: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    commands.main(["methods", "--verifiers"] if room == "verifiers" else [room], standalone_mode=False)
    said = capsys.readouterr().out
    folder = [path.stem for path in (ROOT / "src/passel" / room).glob("[a-z]*.py")]
    assert [name for name in folder if name not in said] == []


@pytest.mark.parametrize("room", ["methods", "verifiers"])
def test_the_table_of_a_room_is_that_of_its_folder(room: str) -> None:
    made = module(ROOT / "docs" / "methods_table.py")
    page, table = made.PAGES[room]
    text = page.read_text(encoding="utf-8")
    assert text == made.written(room, text), "run: python docs/generate.py"
    folder = {path.stem for path in (ROOT / "src/passel" / room).glob("[a-z]*.py")}
    rows = {row.split("`")[1]: row for row in table().splitlines()[2:]}
    assert rows.keys() == folder
    for name, row in rows.items():
        about = describe(find(room, name))
        assert f"`{about.cost}`" in row
        assert all(number in row for number in made.ARXIV.findall(about.source)), name


def test_the_readme_names_every_method_and_each_has_a_page() -> None:
    made = module(ROOT / "docs" / "methods_table.py")
    page, names_of = made.PAGES["names"]
    text = page.read_text(encoding="utf-8")
    assert text == made.written("names", text), "run: python docs/generate.py"
    pages = {path.stem for path in (ROOT / "docs" / "methods").glob("*.md")}
    assert pages == {path.stem for path in (ROOT / "src/passel/methods").glob("[a-z]*.py")}
    assert set(names_of().replace("`", "").split()) == pages


def test_the_readme_holds_one_table_of_the_demo() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("<!-- demo -->") == text.count("<!-- /demo -->") == 1
    methods = re.search(r"--methods (\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert methods is not None
    table = text.partition("<!-- demo -->")[2].partition("<!-- /demo -->")[0]
    assert re.findall(r"^\| `(\S+)`", table, re.MULTILINE) == methods[1].split(",")


def test_every_decision_says_what_why_what_was_weighed_and_what_would_reverse_it() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, page in enumerate(pages, start=1):
        assert page.name.startswith(f"{number:04d}-")
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. ")
        for part in ("**Decision.**", "**Why.**", "**Weighed.**", "**Would be reversed by**"):
            assert part in text, f"{part} in {page.name}"


def test_the_model_card_is_that_of_the_files_beside_it() -> None:
    text = CARD.read_text(encoding="utf-8")
    size = (CARD.parent / "adapter.gguf").stat().st_size
    assert f"{size / 1e6:.1f} MB; made by" in text
    card = catalog.cards()["passel-reasoner-135m"]
    assert f"\n    {card.instruction}\n" in text
    assert f"temperature {card.sampling.temperature}" in text
    assert f"{card.sampling.max_tokens} tokens" in text


# The skeletons of docs/adding.md


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
