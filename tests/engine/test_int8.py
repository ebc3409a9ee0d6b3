"""Eight-bit weights: how far off they are, and that every path computes the same product."""

from __future__ import annotations

import pytest

from passel.core.errors import UsageError

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

from passel.engine.int8 import int8_linear, quantise  # noqa: E402


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def relative(found, wanted):
    return float((found.float() - wanted).norm() / wanted.norm())


@pytest.fixture(scope="module")
def weight():
    """[48, 64], rows of very different size, one of zeros."""
    made = drawn(48, 64) * torch.logspace(-4, 4, 48)[:, None]
    made[7] = 0
    return made


def test_an_entry_is_off_by_half_a_scale_at_most(weight):
    whole, scale = quantise(weight)
    assert (whole.dtype, whole.shape, scale.shape) == (torch.int8, weight.shape, (48,))
    error = (weight - whole * scale[:, None]).abs()
    assert bool((error <= scale[:, None] * 0.5001).all())
    assert not whole[7].any()
    largest = whole.abs().amax(1)
    assert set(largest.tolist()) == {0, 127}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_product_is_near_the_exact_one(weight, dtype):
    """Each output is checked on its own: the rows' sizes differ by eight orders."""
    x = drawn(3, 5, 64, seed=1).to(getattr(torch, dtype))
    bias = drawn(48, seed=2).to(x.dtype)
    found = int8_linear(x, *quantise(weight), bias)
    assert (found.shape, found.dtype) == ((3, 5, 48), x.dtype)
    exact = x.double() @ weight.double().T + bias.double()
    for output in range(48):
        assert relative(found[..., output], exact[..., output]) < 0.05


def test_a_row_of_zeros_stays_one(weight):
    found = int8_linear(torch.zeros(2, 64), *quantise(weight))
    assert torch.equal(found, torch.zeros(2, 48))


def test_only_a_matrix_is_quantised():
    with pytest.raises(UsageError, match="two dimensions"):
        quantise(torch.zeros(3))
