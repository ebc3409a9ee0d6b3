"""The flag --pilot of compare, run and ask."""

from __future__ import annotations

from pathlib import Path

import pytest

CHOOSER = """
from passel.core.flow import call, sample
from passel.core.needs import needs
from passel.core.result import Result, candidate

@needs(generator="text", tool="pilot")
def chooser(problem, *, key):
    told = yield from call("pilot")
    (reply,) = yield from sample(problem.prompt, key=key)
    one = candidate(problem, reply)
    return Result(one.answer, one.text, info={"told": sorted(told.value["methods"])})
"""
COMMANDS = {
    "compare": ("compare", "--task", "sums", "--limit", 2, "--methods", "single,chooser.py:chooser"),
    "run": ("run", "--task", "sums", "--limit", 2, "--method", "chooser.py:chooser"),
    "ask": ("ask", "What is 2 + 3?", "--method", "chooser.py:chooser"),
}


@pytest.fixture
def earlier(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("chooser.py").write_text(CHOOSER, encoding="utf-8")
    said = cli("compare", "--task", "sums", "--limit", 4, "--methods", "single,vote", "--model", "toy", "--out", "p")
    assert said.code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_a_pilot(command, cli, earlier):
    assert cli(*COMMANDS[command], "--model", "toy", "--pilot", "p").code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_pilot_the_flag_is_named_and_nothing_is_spent(command, cli, earlier):
    said = cli(*COMMANDS[command], "--model", "toy", "--out", "r") if command != "ask" else cli(*COMMANDS[command])
    assert said.code == 2
    assert "give its folder with --pilot" in said.err
    assert not Path("r").exists()


@pytest.mark.parametrize("command", ["compare", "run"])
def test_a_folder_without_a_run_is_blamed_on_the_flag(command, cli, earlier):
    said = cli(*COMMANDS[command], "--model", "toy", "--pilot", "nowhere")
    assert said.code == 2
    assert "--pilot: no run in nowhere" in said.err


def test_what_was_told_is_in_the_result(cli, earlier):
    said = cli(*COMMANDS["ask"], "--model", "toy", "--pilot", "p", "--json")
    assert '"told": ["single", "vote"]' in said.out
