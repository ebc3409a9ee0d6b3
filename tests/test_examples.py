"""What the documentation shows is true: its files run, its commands parse, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from doc_pages import FENCE, ROOT, blocks, in_a_process, module
from passel import Budget
from passel.cli import commands
from passel.core.docs import describe
from passel.core.registry import find
from passel.models import catalog, load
from passel.runs.plan import Plan
from passel.tasks import load as load_task
from passel.verifiers import load as load_verifier

CARD = ROOT / "src/passel/models/catalog/passel-reasoner-135m/README.md"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", CARD, *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def command_lines() -> list[Any]:
    found = [(page, line) for page in PAGES for body in blocks(page, "console") for line in body.splitlines()]
    inside = [(file, line.strip()) for file in EXAMPLES for line in file.read_text().split('"""')[1].splitlines()]
    lines = [(where, line) for where, line in found + inside if line.startswith("passel ")]
    return [pytest.param(line, id=f"{name_of(where)}: {line[:60]}") for where, line in lines]


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


def test_the_pages_have_links_and_command_lines() -> None:
    """The tests of each are not of nothing."""
    assert sum("](" in page.read_text(encoding="utf-8") for page in PAGES) > len(PAGES) // 2
    assert len(command_lines()) > 20


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
    assert pages
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
