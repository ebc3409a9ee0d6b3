"""Laws of all recipes, over what the folder holds: the signature, the docstring; a whole training on a tiny model, with
an interruption; and that the model beside stays as it was."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from recipes_here import OPTIONS

import passel
from passel.core.docs import describe
from passel.core.options import parameters
from passel.core.ranges import Range
from passel.core.registry import find, names
from passel.networks.trained_parts import MANIFEST
from passel.training.loop.curves import PAGE
from passel.training.loop.log import LOG, StepReport, lines

RECIPES = names("training")
SECTIONS = ["Source", "Symbols", "Args", "Cost", "Guarantees", "Deviations"]


@pytest.mark.parametrize("name", RECIPES)
def test_signature_and_docstring(name: str) -> None:
    recipe = find("training", name)
    first, key, *rest = inspect.signature(recipe).parameters.values()
    assert first.name == "data"
    assert key.name == "key"
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in (key, *rest))
    assert all(one.default is not inspect.Parameter.empty for one in rest)
    about = describe(recipe)
    assert about.summary.endswith(".")
    assert list(about.sections) == SECTIONS
    args = about.sections["Args"]
    assert [option for option in about.options if option not in args] == [], "each option is explained"
    assert "steps" in parameters(recipe)
    for option, (kind, default) in parameters(recipe).items():
        for mark in getattr(kind, "__metadata__", ()):
            if isinstance(mark, Range) and default is not None:
                mark.check(default, option)


@pytest.mark.parametrize("name", RECIPES)
def test_a_training_on_a_tiny_model(name: str, tiny: Path, sums: Path, tmp_path: Path) -> None:
    """It writes what it says; interrupted after its third step, it comes to the same weights."""
    whole = train(name, tiny, sums, tmp_path / "whole")
    log = lines(tmp_path / "whole")
    assert [line["step"] for line in log if "loss" in line] == list(range(1, len([x for x in log if "loss" in x]) + 1))
    assert all(torch.isfinite(torch.tensor(line["loss"])) for line in log if "loss" in line)
    manifest = json.loads((tmp_path / "whole" / MANIFEST).read_text())
    assert manifest["recipe"] == name
    assert manifest["figures"] == dict(whole.figures)
    assert {LOG, PAGE} <= {path.name for path in (tmp_path / "whole").iterdir()}

    def stop(step: StepReport) -> None:
        if step.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(name, tiny, sums, tmp_path / "part", on_step=stop)
    again = train(name, tiny, sums, tmp_path / "part")
    assert again.figures == whole.figures
    for file in (tmp_path / "whole").rglob("*.safetensors"):
        assert file.read_bytes() == (tmp_path / "part" / file.relative_to(tmp_path / "whole")).read_bytes(), file.name


def train(name: str, model: Path, data: Path, out: Path, **more: Any) -> Any:
    options: Mapping[str, Any] = OPTIONS.get(name, {})
    settings = {"model": str(model), "data": data, "length": 64, "dtype": "float32", "chat": False, "evaluations": 2}
    return passel.train(name, out=out, **{"steps": 6, "batch": 4, **options}, **settings, **more)
