"""A row's products in bfloat16 are those it has among others, to the last bit: so a text's tokens are the same whether
they are computed one a pass or several."""

from __future__ import annotations

import pytest
import torch

from passel.engine.linear import Linear, Packed, packed


@pytest.mark.skipif(not torch.cpu._is_avx512_bf16_supported(), reason="this processor multiplies bfloat16 otherwise")
@pytest.mark.parametrize("inputs", [64, 576, 1024, 1152, 1536, 3072, 8192])
@pytest.mark.parametrize("outputs", [96, 576])
def test_products_of_a_row_alone(inputs: int, outputs: int) -> None:
    generator = torch.Generator().manual_seed(inputs)
    weight = torch.randn(outputs, inputs, generator=generator).to(torch.bfloat16)
    rows = torch.randn(97, inputs, generator=generator).to(torch.bfloat16)
    product = packed(Linear(weight, torch.randn(outputs, generator=generator).to(torch.bfloat16)))
    assert isinstance(product, Packed)
    together = product(rows)
    for count in (1, 2, 5, 16, 32, 33, 64):
        apart = torch.cat([product(rows[start : start + count]) for start in range(0, 97, count)])
        assert torch.equal(apart, together)
