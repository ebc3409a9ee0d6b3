"""The page of learning curves: which curves a log holds, and that all of them are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="needs matplotlib")

from passel.training.loop.curve_plots import smooth
from passel.training.loop.curves import curves_of, write_curves
from passel.training.loop.log import LOG, Log, lines
from passel.training.loop.setup import Schedule


def test_curves_of_a_log(tmp_path: Path) -> None:
    import torch

    from passel.training.loop.setup import Loss

    log = Log(tmp_path, 0)
    log.evaluated(0, {"agreement": 0.25})
    for step in range(1, 5):
        log.stepped(step, Schedule(4, 0.1), [Loss(torch.tensor(1.0 / step), 10, {"token <loss>": 2.0})], 0.5, step / 2)
    log.evaluated(4, {"agreement": 0.75})
    with (tmp_path / LOG).open("a") as file:
        file.write('{"step": 5, "lo')  # the machine went down
    found = {(one.name, one.held_out): one for one in curves_of(lines(tmp_path))}
    assert set(found) == {("loss", False), ("token <loss>", False), ("agreement", True)}
    assert found["loss", False].values == pytest.approx((1.0, 0.5, 1 / 3, 0.25))
    assert found["agreement", True].steps == (0, 4)
    page = write_curves(tmp_path, "a<b")
    assert page is not None
    text = page.read_text(encoding="utf-8")
    assert text.count('<svg class="half"') == 3
    assert "a&lt;b" in text
    assert "a<b" not in text
    assert "<loss>" not in text
    assert "4 steps, 40 tokens" in text
    assert "0.75" in text


def test_smoothing_is_the_median_of_neighbours() -> None:
    assert smooth([0.0, 9.0, 1.0, 2.0, 8.0], 1) == [4.5, 1.0, 2.0, 2.0, 5.0]
