"""Eight-bit weights: how far off they are, and that every path computes the same product."""

from __future__ import annotations

import pytest

from passel.core.errors import UsageError

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

from passel.engine.weights import int8, int8_linear, quantise  # noqa: E402


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
@pytest.mark.parametrize("round_input", [False, True])
def test_the_product_is_near_the_exact_one(weight, dtype, round_input):
    """Each output is checked on its own: the rows' sizes differ by eight orders."""
    x = drawn(3, 5, 64, seed=1).to(getattr(torch, dtype))
    bias = drawn(48, seed=2).to(x.dtype)
    found = int8_linear(x, *quantise(weight), bias, round_input=round_input)
    assert (found.shape, found.dtype) == ((3, 5, 48), x.dtype)
    exact = x.double() @ weight.double().T + bias.double()
    for output in range(48):
        assert relative(found[..., output], exact[..., output]) < 0.05


def test_rounding_the_input_costs_exactness(weight):
    x = drawn(64, 64, seed=3)
    exact = x @ weight.T
    plain, rounded = (int8_linear(x, *quantise(weight), round_input=choice) for choice in (False, True))
    assert not torch.equal(plain, rounded) or not int8._multiplies_int8()
    assert relative(plain, exact) < 0.01


def test_a_row_does_not_depend_on_its_neighbours(weight):
    x = drawn(33, 64, seed=4).bfloat16()
    whole, scale = quantise(weight)
    together = int8_linear(x, whole, scale, round_input=True)
    for row in (0, 17, 32):
        assert torch.equal(int8_linear(x[row], whole, scale, round_input=True), together[row])


def test_without_instructions_for_it_the_input_is_not_rounded(weight, monkeypatch):
    monkeypatch.setattr(int8, "_multiplies_int8", lambda: False)
    x, quantised = drawn(4, 64, seed=5).bfloat16(), quantise(weight)
    assert torch.equal(int8_linear(x, *quantised, round_input=True), int8_linear(x, *quantised))


def test_a_row_of_zeros_stays_one(weight):
    found = int8_linear(torch.zeros(2, 64), *quantise(weight), round_input=True)
    assert torch.equal(found, torch.zeros(2, 48))


def test_only_a_matrix_is_quantised():
    with pytest.raises(UsageError, match="two dimensions"):
        quantise(torch.zeros(3))
