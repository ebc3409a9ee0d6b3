"""The skeleton of docs/adding.md works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from decoders_here import inputs, run
from tiny_models import logits_from_scratch

from passel.core.key import Key
from passel.decoding import load
from passel.decoding.greedy import greedy

ADDING = Path(__file__).resolve().parents[2] / "docs" / "adding.md"


def test_the_skeleton_takes_the_token_of_its_rank(tmp_path: Path):
    (body,) = re.findall(r"^```python\n(# second_best\.py\n.*?)^```$", ADDING.read_text(), re.MULTILINE | re.DOTALL)
    file = tmp_path / "second_best.py"
    file.write_text(body, encoding="utf-8")
    second = run(load(f"{file}:second_best").make(inputs(), key=Key()))[0].tokens
    logits = logits_from_scratch((*inputs().prompt, *second))[len(inputs().prompt) - 1 : -1]
    assert list(second) == logits.topk(2).indices[:, 1].tolist()
    first = run(load(f"{file}:second_best:rank=1").make(inputs(), key=Key()))[0].tokens
    assert first == run(greedy(inputs()))[0].tokens
