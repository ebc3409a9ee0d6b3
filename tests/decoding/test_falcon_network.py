"""The drafter's network: who sees whom, and that reading piece by piece is reading at once."""

from __future__ import annotations

import pytest
import torch
from falcon_here import network
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from passel.decoding.parts.falcon.reading import PredictedBlocks, ReadState, predict_after, read_further
from passel.networks.falcon import relaxed_mask, unit


def inputs(tokens: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return unit(torch.randn(tokens, 64, generator=generator)), unit(torch.randn(tokens, 64, generator=generator))


@given(tokens=st.integers(1, 12), block=st.integers(1, 4), offset=st.integers(0, 3))
def test_a_place_sees_its_block_and_all_before(tokens: int, block: int, offset: int) -> None:
    offset %= block
    blocks: list[list[int]] = []
    for place in range(tokens):
        if (place + offset) % block == 0 or not place:
            blocks.append([])
        blocks[-1].append(place)
    expected = [[False] * tokens for _ in range(tokens)]
    for at, own in enumerate(blocks):
        for place in own:
            for other in (one for before in blocks[: at + 1] for one in before):
                expected[place][other] = True
    assert relaxed_mask(tokens, block, offset).tolist() == expected


@pytest.mark.parametrize("block", [1, 2, 3])
@pytest.mark.parametrize("layers", [1, 2])
def test_what_a_prediction_depends_on(block: int, layers: int) -> None:
    """All of its own block's inputs, and none after."""
    module, (features, embeddings) = network(block, layers), inputs(9)
    for of in ("features", "embeddings"):
        one = {"features": features.clone(), "embeddings": embeddings.clone()}
        one[of].requires_grad_()
        found = module(one["features"].unsqueeze(0), one["embeddings"].unsqueeze(0), 1 % block)[0]
        for place in range(9):
            (slope,) = torch.autograd.grad(found[place].square().sum(), one[of], retain_graph=True)
            seen = (slope.abs().sum(1) > 0).tolist()
            last = place + block - 1 - (place + 1 % block) % block
            assert seen == [other <= last for other in range(9)], (of, place)


def whole(module: object, features: Tensor, embeddings: Tensor) -> Tensor:
    """The last block's predictions, from scratch."""
    block = module.shape.block
    return module(features.unsqueeze(0), embeddings.unsqueeze(0), -len(features) % block)[0, -block:]


@pytest.mark.parametrize("block", [1, 2, 3, 4])
def test_a_text_read_in_pieces_is_read_as_a_whole(block: int) -> None:
    module, (features, embeddings) = network(block), inputs(17)
    for pieces in ((17,), (5, 1, 1, 2, 3, 1, 4), (1,) * 17, (2, 6, 9)):
        reading, at = ReadState(), 0
        for piece in pieces:
            stop = at + piece
            reading, blocks = read_further(module, reading, features[at:stop], embeddings[at:stop])
            at = stop
            assert reading.tokens == at
            if at < block:
                assert blocks is None
                continue
            assert blocks is not None
            assert torch.allclose(blocks.features[0], whole(module, features[:at], embeddings[:at]), atol=1e-5)


@pytest.mark.parametrize(("block", "layers"), [(1, 1), (2, 1), (3, 1), (2, 2)])
def test_what_follows_guesses_is_what_follows_text(block: int, layers: int) -> None:
    """Guesses in several rows, two blocks deep, as if each row were a text."""
    module, (features, embeddings) = network(block, layers), inputs(2 * block + 1)
    _, blocks = read_further(module, ReadState(), features, embeddings)
    assert blocks is not None
    rows = dict.fromkeys(range(1), (features, embeddings))
    for depth, sources in enumerate(([0, 0, 0], [2, 0, 2, 1])):
        guesses = [inputs(block, seed=10 * depth + row + 1) for row in range(len(sources))]
        stacked = [torch.stack([guess[of] for guess in guesses]) for of in (0, 1)]
        blocks = predict_after(module, blocks, sources, *stacked)
        assert isinstance(blocks, PredictedBlocks)
        rows = {
            row: tuple(torch.cat((rows[source][of], guesses[row][of])) for of in (0, 1))
            for row, source in enumerate(sources)
        }
        for row, text in rows.items():
            assert torch.allclose(blocks.features[row], whole(module, *text), atol=1e-5), (depth, row)


def test_scaled_features_are_read_alike() -> None:
    features = 30 * inputs(3)[0]
    assert torch.allclose(unit(features), unit(7 * features), atol=1e-5)
    assert torch.allclose(unit(features).square().mean(-1), torch.ones(3), atol=1e-5)
