"""The annotations of tensors are checked when tests run, or they would be worth nothing."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch")

import torch

from passel.engine.sampling import Entries, draw, temperature


def test_axes_of_a_call_must_agree():
    with pytest.raises(Exception, match="rows"):
        temperature(torch.zeros(2, 5), torch.ones(3))


def test_dtypes_must_be_those_of_the_annotation():
    with pytest.raises(Exception, match="Float64"):
        draw(torch.zeros(2, 5), torch.zeros(2, dtype=torch.float32))


def test_fields_of_values_must_agree():
    with pytest.raises(Exception, match="entries"):
        Entries(torch.zeros(2, dtype=torch.int64), torch.zeros(3, dtype=torch.int64), torch.zeros(2))
