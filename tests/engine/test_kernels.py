"""The compiled kernels against the same in torch."""

from __future__ import annotations

import pytest
import torch

from passel.engine.kernels import Kernels, Rope, View, choose
from passel.engine.kernels.reference import Reference

CPU = torch.device("cpu")
FINE = {torch.float32: 1e-5, torch.bfloat16: 4e-2}
SHAPES = [(64, 9, 3), (128, 8, 2), (32, 4, 4), (16, 14, 2), (64, 7, 1), (256, 4, 1)]


def compiled(dtype: torch.dtype, size: int) -> Kernels:
    kernels = choose(CPU, dtype, size, ())
    if isinstance(kernels, Reference):
        pytest.skip("no compiler here")
    return kernels


def ints(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int32)


@pytest.fixture(params=FINE, ids=str)
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("normed", [False, True])
def test_rope_and_attention(dtype: torch.dtype, shape: tuple[int, int, int], normed: bool):
    size, heads, kv = shape
    random = torch.Generator().manual_seed(1)

    def draw(*sizes: int) -> torch.Tensor:
        return torch.randn(*sizes, generator=random).to(dtype)

    qkv, keys, values = draw(7, (heads + 2 * kv) * size), draw(300, kv, size), draw(300, kv, size)
    angles = torch.rand(512, size // 2, generator=random) * 6
    norms = (draw(size), draw(size)) if normed else (None, None)
    places = ints(5, 6, 7, 8, 9, 10, 11)
    source = ints(0, 1, 2, 3, 4, 5, 6, 0)
    at = Rope(angles.cos(), angles.sin(), source, ints(*places, 100), places, ints(50, 51, 3, 299, 7, 8, 100), *norms)
    table = torch.randperm(300, generator=random).to(torch.int32)
    where, begin = ints(0, 1, 2, 3), ints(0, 1, 2, 3, 5)
    queries, offsets, lengths = ints(0, 1, 2, 3, 7), ints(0, 10, 20, 30, 200), ints(5, 1, 200, 16, 17)
    found: list[tuple[torch.Tensor, ...]] = []
    for kernels in (compiled(dtype, size), Reference()):
        k, v, out = keys.clone(), values.clone(), torch.zeros(4, heads, size, dtype=dtype)
        q = kernels.rope(qkv, k, v, at)
        for cap in (0.0, 20.0):
            kernels.attend(q, k, v, out, View(where, begin, queries, offsets, lengths, table, size**-0.5, cap))
            found.append((q, k, v, out.clone()))
    for ours, theirs in zip(found[:2], found[2:], strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert torch.allclose(one.float(), other.float(), atol=FINE[dtype], rtol=FINE[dtype])


@pytest.mark.parametrize("size", [16, 64, 100, 1536])
@pytest.mark.parametrize("rows", [1, 33])
def test_norms_and_gates(dtype: torch.dtype, size: int, rows: int):
    random = torch.Generator().manual_seed(2)
    x, hidden = (torch.randn(rows, size, generator=random).to(dtype) for _ in range(2))
    weight, wide = (
        torch.randn(size, generator=random).to(dtype),
        torch.randn(rows, 2 * size, generator=random).to(dtype),
    )
    for offset in (0.0, 1.0):
        ours, theirs = hidden.clone(), hidden.clone()
        pairs = [
            (kernels.norm(x, weight, 1e-5, offset), kernels.add_norm(x, mine, weight, 1e-5, offset), mine)
            for kernels, mine in ((compiled(dtype, 64), ours), (Reference(), theirs))
        ]
        for one, other in zip(*pairs, strict=True):
            assert torch.allclose(one.float(), other.float(), atol=FINE[dtype], rtol=FINE[dtype])
    for activation in (0, 1):
        one, other = (kernels.gated(wide, activation) for kernels in (compiled(dtype, 64), Reference()))
        assert torch.allclose(one.float(), other.float(), atol=FINE[dtype], rtol=FINE[dtype])


def test_scores_far_apart_do_not_overflow(dtype: torch.dtype):
    keys = torch.zeros(40, 1, 64, dtype=dtype)
    keys[3] = 30.0
    values = torch.arange(40, dtype=torch.float32).to(dtype).view(40, 1, 1).expand(40, 1, 64).contiguous()
    out = torch.empty(1, 1, 64, dtype=dtype)
    view = View(ints(0), ints(0, 1), ints(0), ints(0), ints(40), torch.arange(40, dtype=torch.int32), 1.0)
    compiled(dtype, 64).attend(torch.full((1, 1, 64), 30.0).to(dtype), keys, values, out, view)
    assert (out.float() == 3.0).all()


@pytest.mark.parametrize("size", [5, 256, 1000, 49152])
def test_draws_are_those_of_the_samplers(dtype: torch.dtype, size: int):
    from passel.engine.kernels.native import draw as compiled_draw
    from passel.engine.sampling import draw

    random = torch.Generator().manual_seed(size)
    logits = (3 * torch.randn(64, size, generator=random)).to(dtype)
    u = torch.rand(64, generator=random, dtype=torch.float64)
    temperature = 0.3 + torch.rand(64, generator=random, dtype=torch.float64)
    found = compiled_draw(logits, temperature, u)
    if found is None:
        pytest.skip("no compiler here")
    shaped = logits.float() / temperature.float().unsqueeze(1)
    wanted = draw(shaped, u)
    ends = shaped.double().softmax(-1).cumsum(-1)
    # where the two differ, the number lies at the border between their tokens, up to rounding
    for row in (found != wanted).nonzero().flatten().tolist():
        low, high = sorted((int(found[row]), int(wanted[row])))
        assert abs(float(ends[row, low:high].max() - u[row])) < 1e-4
    assert (found != wanted).sum() <= 2
    cold = compiled_draw(logits, torch.zeros(64, dtype=torch.float64), u)
    assert (cold == logits.float().argmax(-1)).all()


def test_a_token_without_a_chance_is_never_drawn(dtype: torch.dtype):
    from passel.engine.kernels.native import draw as compiled_draw

    logits = torch.full((3, 700), float("-inf")).to(dtype)
    logits[:, [3, 300, 650]] = torch.tensor([0.0, 1.0, 0.5]).to(dtype)
    u = torch.tensor([0.0, 0.5, 1.0 - 1e-16], dtype=torch.float64)
    found = compiled_draw(logits, torch.ones(3, dtype=torch.float64), u)
    if found is None:
        pytest.skip("no compiler here")
    assert found.tolist() == [3, 300, 650]
    none = compiled_draw(torch.full((1, 700), float("-inf")).to(dtype), torch.ones(1, dtype=torch.float64), u[:1])
    assert none is not None
    assert none.tolist() == [-1]
