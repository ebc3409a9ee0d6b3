"""The recipe of docs/adding.md works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import passel
from passel.networks.trained_parts import WEIGHTS
from passel.training.loop.log import lines

ADDING = Path(__file__).resolve().parents[2] / "docs" / "adding.md"


def test_the_skeleton_learns(tiny: Path, sums: Path, tmp_path: Path) -> None:
    (body,) = re.findall(r"^```python\n(# token_bias\.py\n.*?)^```$", ADDING.read_text(), re.MULTILINE | re.DOTALL)
    file = tmp_path / "token_bias.py"
    file.write_text(body, encoding="utf-8")
    settings = {"model": str(tiny), "data": sums, "length": 64, "dtype": "float32", "chat": False}
    found = passel.train(f"{file}:token_bias", out=tmp_path / "out", steps=10, batch=8, **settings)
    first = next(line["held_out"]["loss"] for line in lines(tmp_path / "out"))
    assert found.figures["loss"] < first - 0.1
    assert (tmp_path / "out" / WEIGHTS).is_file()
    assert found.recipe == "token_bias"
