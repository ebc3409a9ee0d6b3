"""`passel verify`: judging what a run drew, and drawing nothing."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

import passel
from passel.cli import main

MODEL = '''
from passel.core.ask import Generate
from passel.models.toy import toy

class Telling:
    """The toy model; it writes down the role of every ask."""

    def __init__(self):
        self.toy = toy()

    @property
    def info(self):
        return self.toy.info

    async def answer(self, asks, progress):
        with open("LOG", "a") as log:
            log.writelines(f"{ask.role}\\n" for ask in asks)
        return await self.toy.answer(asks, progress)

    async def aclose(self):
        pass

def telling(name=""):
    return Telling()
'''


@pytest.fixture
def pool(tmp_path, monkeypatch):
    """A run of 6 problems and 5 draws of a model that writes down what it is asked."""
    monkeypatch.chdir(tmp_path)
    Path("telling.py").write_text(MODEL.replace("LOG", str(tmp_path / "log")), encoding="utf-8")
    arguments = ["compare", "--model", "telling.py:telling", "--task", "sums", "--limit", "6", "--out", "run"]
    assert main([*arguments, "--methods", "single,vote", "--n", "5"]) == 0
    Path("log").write_text("", encoding="utf-8")
    return Path("run")


def asked() -> list[str]:
    return Path("log").read_text(encoding="utf-8").split()


def verified(capsys, *arguments: str) -> dict:
    capsys.readouterr()
    assert main(["verify", "--run", "run", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_verifier_without_passes_asks_nobody(pool, capsys):
    found = verified(capsys, "--verifier", "arithmetic", "--task", "sums")
    assert asked() == []
    assert [row["name"] for row in found["methods"]] == ["vote:n=5", "best_of:n=5:verifier=arithmetic"]
    assert found["paid"]["passes"] == 6 * 5
    assert (pool / "verify" / "report.html").is_file()
    assert (pool / "run.json").read_text().count("single"), "the run's own plan is as it was"


def test_judgements_are_made_by_the_verifiers_model_and_once(pool, capsys):
    first = verified(capsys, "--verifier", "judge,self_evaluation")
    assert set(asked()) == {"judge", "verifier"}
    count = len(asked())
    again = verified(capsys, "--verifier", "judge,self_evaluation")
    assert len(asked()) == count
    assert again["methods"] == first["methods"]


def test_a_report_is_made_again_without_a_model(pool, capsys):
    first = verified(capsys, "--verifier", "judge")
    count = len(asked())
    assert main(["report", "run/verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["methods"] == first["methods"]
    assert len(asked()) == count


def test_the_pool_is_the_one_that_best_of_draws(pool, capsys):
    verified(capsys, "--verifier", "judge")
    Path("log").write_text("", encoding="utf-8")
    arguments = ["run", "--model", "telling.py:telling", "--task", "sums", "--limit", "6", "--out", "run", "--n", "5"]
    assert main([*arguments, "--method", "best_of:verifier=judge"]) == 0
    assert asked() == [], "draws and judgements are all there"


def test_options_fewer_draws_and_fewer_problems(pool, capsys):
    found = verified(capsys, "--verifier", "arithmetic", "--n", "2", "--limit", "3")
    assert len(found["problems"]) == 3
    assert found["methods"][1]["mean_cost"]["passes"] == 2


def test_a_pool_with_gaps_is_judged_as_far_as_it_goes(pool, capsys):
    with sqlite3.connect(pool / "record.sqlite") as db:
        (last,) = db.execute("SELECT max(id) FROM replies").fetchone()
        db.execute("DELETE FROM replies WHERE id > ?", (last - 7,))
    db.close()
    capsys.readouterr()
    assert main(["verify", "--run", "run", "--json", "--verifier", "arithmetic"]) in (0, 3)
    found = json.loads(capsys.readouterr().out)
    assert asked() == []
    assert found["paid"]["passes"] == 6 * 5 - 7


def test_the_command_in_the_report_verifies_again(pool, capsys):
    import shlex

    from passel.runs.plan import Plan

    verified(capsys, "--verifier", "judge,arithmetic", "--n", "3")
    command = shlex.split(Plan.open(pool / "verify").command(pool / "verify"))
    assert command[:4] == ["passel", "verify", "--run", "run"]
    assert command[command.index("--verifier") + 1] == "judge,arithmetic"
    assert main(command[1:]) == 0


def test_the_python_api_finds_the_same(pool, capsys):
    told = verified(capsys, "--verifier", "arithmetic")
    found = passel.verify("arithmetic", run="run")
    assert json.loads(json.dumps(found.to_json()))["methods"] == told["methods"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--verifier", "jugde", "--run", "run"], "unknown verifier 'jugde'; did you mean judge"),
        (["--verifier", "judge:scle=3", "--run", "run"], "unknown option of verifier judge: 'scle'"),
        (["--verifier", "judge", "--run", "nowhere"], "--run: no run in nowhere"),
        (["--verifier", "judge", "--run", "run", "--task", "gsm8k"], "is of the task sums, not of gsm8k"),
        (["--verifier", " , ", "--run", "run"], "--verifier: no verifier given"),
        (["--run", "run"], "--verifier"),
        (["--verifier", "judge", "--run", "run/verify"], "itself a verification"),
    ],
)
def test_what_is_wrong_is_named(pool, capsys, arguments, message):
    main(["verify", "--run", "run", "--verifier", "arithmetic"])
    capsys.readouterr()
    assert main(["verify", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
