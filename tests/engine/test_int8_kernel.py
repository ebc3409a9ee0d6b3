"""Products with weights of eight bits, compiled: the same numbers as torch's, whatever rows come together."""

from __future__ import annotations

import pytest
import torch

from passel.engine.int8 import quantise
from passel.engine.kernels.int8 import multiplies, multiply, pack
from passel.engine.linear import Int8, Linear, PackedInt8, quantised

here = pytest.mark.skipif(
    not multiplies(torch.zeros(16, 64, dtype=torch.int8), torch.float32), reason="this processor has no VNNI"
)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@here
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("outputs", "inputs"), [(16, 64), (48, 128), (96, 576), (32, 1536)])
@pytest.mark.parametrize("rows", [1, 2, 3, 8, 9, 21])
def test_the_product_is_that_of_whole_numbers(rows: int, outputs: int, inputs: int, dtype: torch.dtype) -> None:
    whole, scale = quantise(drawn(outputs, inputs) * torch.logspace(-2, 2, outputs)[:, None])
    x = (drawn(rows, inputs, seed=1) * torch.logspace(-3, 3, rows)[:, None]).to(dtype)
    bias = drawn(outputs, seed=2)
    parts = x.float().view(rows, -1, 64)
    largest = parts.abs().amax(2, keepdim=True)
    rounded = (parts * (torch.full_like(largest, 127.0) / largest)).round() * (largest / 127.0)
    wanted = (rounded.view(rows, inputs).double() @ whole.double().T) * scale.double() + bias.double()
    found = multiply(x, pack(whole), scale, bias)
    assert found.dtype == dtype
    size = (rounded.view(rows, inputs).abs().double() @ whole.abs().double().T) * scale.double() + bias.abs()
    near = 1e-6 * size + (0.0 if dtype == torch.float32 else 0.004 * wanted.abs())
    assert bool(((found.double() - wanted).abs() <= near).all())


@here
def test_a_row_is_the_same_alone_and_among_others() -> None:
    whole, scale = quantise(drawn(576, 192))
    weight, x = pack(whole), drawn(37, 192, seed=3).bfloat16()
    together = multiply(x, weight, scale, None)
    for count in (1, 2, 5, 16):
        apart = torch.cat([multiply(x[at : at + count], weight, scale, None) for at in range(0, 37, count)])
        assert torch.equal(apart, together)


@here
def test_zeros_stay_zeros_and_extremes_do_not_wrap() -> None:
    whole = torch.full((16, 1536), 127, dtype=torch.int8)
    whole[1] = -127
    one = torch.ones(16)
    x = torch.stack((torch.zeros(1536), torch.ones(1536), -torch.ones(1536)))
    found = multiply(x, pack(whole), one, None)
    assert torch.equal(found[0], torch.zeros(16))
    assert found[1].tolist() == pytest.approx([127.0 * 1536] + [-127.0 * 1536] + [127.0 * 1536] * 14)
    assert torch.equal(found[1], -found[2])


def test_sizes_that_do_not_fit_take_torch_s_way() -> None:
    assert isinstance(quantised(Linear(drawn(24, 64))), Int8)
    assert isinstance(quantised(Linear(drawn(32, 48))), Int8)
    found = quantised(Linear(drawn(32, 64), drawn(32)))
    assert isinstance(found, PackedInt8 if multiplies(torch.zeros(32, 64, dtype=torch.int8), torch.float32) else Int8)
    assert found.outputs == 32
