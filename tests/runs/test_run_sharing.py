"""A run without a folder shares its samples among its methods, however many there are."""

from __future__ import annotations

import pytest

from passel.core.driver import MemoryStore, run_sync
from passel.runs.plan import Plan
from passel.runs.run import Run


def test_a_run_without_a_folder_forgets_no_sample(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(MemoryStore.__init__, "__defaults__", (1,))
    plan = Plan(model="toy", task="held_out", methods=("single", "vote:n=6", "vote:n=8"), limit=3, concurrency=1)
    assert run_sync(Run(plan).execute()).paid.passes == 3 * 8
