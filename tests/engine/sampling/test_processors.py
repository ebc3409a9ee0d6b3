"""Which tokens are kept, and in which order, does not depend on the instructions that a processor has."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="needs torch")

SCRIPT = """
import json
import torch
from passel.engine.plain import top
from passel.engine.sampling import min_p, top_k, top_p, typical

def kept(logits):
    return [(row > -torch.inf).nonzero().squeeze(1).tolist() for row in logits]

levels = torch.randint(0, 12, (4, 3001), generator=torch.Generator().manual_seed(0)) / 4  # exact, with many ties
spread = torch.tensor([[0.4, *[0.01] * 60]]).log()
halves = torch.tensor([[0.5, 0.25, 0.25, *[0.0] * 28]]).log()
wide = torch.tensor([[0.3, *[0.65 / 900] * 900, *[0.05 / 1000] * 1000]]).log()
out = {"capability": torch.backends.cpu.get_cpu_capability()}
for name, logits in {"levels": levels, "spread": spread, "halves": halves, "wide": wide}.items():
    for share in (0.05, 0.25, 0.5, 0.55, 0.9, 0.95):
        mass = torch.full((len(logits),), share, dtype=torch.float64)
        out[f"{name} top_p {share}"] = kept(top_p(logits, mass))
        out[f"{name} typical {share}"] = kept(typical(logits, mass))
        out[f"{name} min_p {share}"] = kept(min_p(logits, mass))
    out[f"{name} top_k"] = kept(top_k(logits, torch.full((len(logits),), 7)))
    out[f"{name} top"] = [[place for place, _ in top(row, 40)] for row in logits]
print(json.dumps(out))
"""


def kept_with(capability: str) -> dict[str, object]:
    environment = {**os.environ, "ATEN_CPU_CAPABILITY": capability}
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(ran.stdout)


def test_all_instruction_sets_keep_the_same_tokens():
    found = [kept_with(capability) for capability in ("default", "avx2", "avx512")]
    assert found[0].pop("capability") == "DEFAULT"
    for other in found[1:]:
        other.pop("capability")
        assert other == found[0]
