"""Constraints and biases on the command line, in a method's options, and in the settings of a run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from passel.cli.parts.flags import sampling_flags, sampling_of
from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.methods import load
from passel.runs.plan import Plan

ASK = ("ask", "2+2?", "--model", "toy")
SAMPLING = Sampling(stop=("a b",), logit_bias=((7, 2.5), (50, -100.0)), json_schema='{"required": ["é"]}')


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--typical-p", "2"), ["--typical-p", "between 0.0 and 1.0"]),
        (("--logit-bias", "word"), ["--logit-bias", "'word'", "id"]),
        (("--logit-bias", "5=1", "--logit-bias", "5=2"), ["--logit-bias", "once", "5"]),
        (("--json-schema", "{"), ["--json-schema", "JSON"]),
        (("--json-schema", "nosuch.json"), ["--json-schema", "nosuch.json", "cannot read"]),
        (("--regex", ""), ["--regex", "empty"]),
        (("--regex", "a", "--json-schema", "{}"), ["--json-schema", "regex", "together"]),
        (("--regex", "a"), ["toy", "does not take", "regex"]),
        (("--method", "vote:sampling.regex=a"), ["toy", "does not take", "regex"]),
    ],
)
def test_what_is_wrong_is_named(flags: tuple[str, ...], named: list[str], cli: Callable[..., Any]) -> None:
    said = cli(*ASK, *flags)
    assert said.code == 2
    assert [word for word in named if word not in said.message] == []


def test_flags_are_read(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"type": "object"}, indent=2), encoding="utf-8")

    @click.command()
    @sampling_flags
    def command(**given: Any) -> Sampling:
        return sampling_of(given)

    words = ["--logit-bias", "7=2.5", "--logit-bias", "50=-100", "--typical-p", "0.9", "--json-schema", str(file)]
    assert command.main(words, standalone_mode=False) == Sampling(
        typical_p=0.9, logit_bias=((7, 2.5), (50, -100.0)), json_schema='{"type":"object"}'
    )
    assert command.main(["--regex", "a|b"], standalone_mode=False) == Sampling(regex="a|b")


def test_a_methods_options_set_them() -> None:
    load('vote:sampling.json_schema={"type":"object"}:sampling.logit_bias=5=1')
    with pytest.raises(UsageError, match="json_schema must be JSON"):
        load("vote:sampling.json_schema={")
    with pytest.raises(UsageError, match="logit_bias must hold pairs"):
        load("vote:sampling.logit_bias=5")


def test_a_runs_settings_are_kept_and_said(tmp_path: Path) -> None:
    plan = Plan(model="toy", task="sums", methods=("vote",), sampling=SAMPLING)
    plan.save(tmp_path)
    assert Plan.open(tmp_path).sampling == SAMPLING
    words = shlex.split(plan.command(tmp_path))
    given = [(words[i], words[i + 1]) for i, word in enumerate(words) if word in ("--logit-bias", "--json-schema")]
    assert given == [
        ("--logit-bias", "7=2.5"),
        ("--logit-bias", "50=-100.0"),
        ("--json-schema", '{"required":["é"]}'),
    ]
