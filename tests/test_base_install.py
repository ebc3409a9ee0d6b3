"""The base install: what it can do without the packages of any extra, torch among them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import pytest

from passel.core.registry import names

BLOCKED = """
import sys

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in {blocked!r} else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
"""


def in_base_install() -> set[str]:
    """Distributions that come with `pip install passel`, names folded."""
    found: set[str] = set()
    todo = ["passel"]
    while todo:
        name = re.sub(r"[-_.]+", "-", todo.pop()).lower()
        if name in found:
            continue
        found.add(name)
        try:
            lines = requires(name) or []
        except PackageNotFoundError:  # for another Python or another system
            continue
        todo += [re.split(r"[^\w.-]", line)[0] for line in lines if "extra ==" not in line]
    return found


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose Python sees the base install alone."""
    base = in_base_install()
    folded = {
        module: {re.sub(r"[-_.]+", "-", name).lower() for name in owners}
        for module, owners in packages_distributions().items()
    }
    blocked = sorted(module for module, owners in folded.items() if not owners & base)
    assert "torch" in blocked or "torch" not in folded
    folder = tmp_path_factory.mktemp("base")
    (folder / "sitecustomize.py").write_text(BLOCKED.format(blocked=set(blocked)), "utf-8")
    return {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "100"}


def passel(setup: dict[str, str], *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "passel", *words]
    return subprocess.run(command, env={**setup, **more}, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("words", [(), ("--help",), *[(name, "--help") for name in names("cli")]], ids=" ".join)
def test_help_needs_no_extra(words: tuple[str, ...], setup: dict[str, str]) -> None:
    said = passel(setup, *words)
    assert "Traceback" not in said.stderr
    assert "Usage: passel" in said.stdout + said.stderr


def test_completion_needs_no_extra(setup: dict[str, str]) -> None:
    said = passel(setup, _PASSEL_COMPLETE="bash_complete", COMP_WORDS="passel ", COMP_CWORD="1")
    assert "Traceback" not in said.stderr
    assert {line.partition(",")[2] for line in said.stdout.split()} >= set(names("cli"))


@pytest.mark.parametrize(
    "words", [("ngrams", "README.md", "--model", "smollm2-135m", "--out", "tables"), ("draft", "The capital"),
              ("train", "falcon", "--data", "README.md", "--out", "folder")], ids=lambda words: words[0],
)  # fmt: skip
def test_a_command_of_the_engine_names_its_extra(words: tuple[str, ...], setup: dict[str, str]) -> None:
    said = passel(setup, *words)
    assert said.returncode == 2
    assert 'pip install "passel[engine]"' in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_the_toy_is_asked_in_a_base_install(setup: dict[str, str]) -> None:
    said = passel(setup, "ask", "What is 17 + 25?", "--model", "toy", "--n", "8")
    assert said.returncode == 0, said.stderr
    assert "42" in said.stdout
