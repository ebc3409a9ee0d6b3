"""The engine's layers against transformers' own, for every family, in pieces of many sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_models import CONTEXT, FAMILIES, logits_from_scratch, model_of

from passel.core.errors import UsageError
from passel.engine import read
from passel.engine.batch import LONG, Piece, batch_of
from passel.engine.cache import Cache
from passel.engine.kernels import Kernels, choose
from passel.engine.kernels.reference import Reference
from passel.engine.network import Network

NONE = np.empty(0, dtype=np.int32)
TOKENS = [int(i * i + 3 * i + 7) % 64 for i in range(3 * LONG)]


def pieces(network: Network, sizes: list[int]) -> torch.Tensor:
    """Logits of all tokens, put in piece by piece; pieces of one go the way of sampling rows."""
    cache = Cache(32)
    row = cache.open()
    found, at = [], 0
    for size in sizes:
        tokens = np.asarray(TOKENS[at : at + size], dtype=np.int32)
        seen = cache.slots[row, :at].copy()
        if size == 1:
            rows = np.asarray([row], dtype=np.int32)
            slots = cache.append(rows, tokens)
            batch = batch_of(cache.slots, rows, cache.length[rows], tokens, slots, [])
        else:
            slots = cache.extend(row, tokens.tolist(), size)
            places = np.arange(at, at + size, dtype=np.int32)
            batch = batch_of(cache.slots, NONE, NONE, NONE, NONE, [Piece(tokens, places, slots, seen)])
        states = network.hidden(batch)
        found.append(network.logits(states[max(states)]))
        at += size
        cache.check()
    return torch.cat(found)


@pytest.mark.parametrize("kernels", [None, Reference()], ids=["chosen", "reference"])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("sizes", [[LONG + 5, 5, 1, 1, 13], [1, LONG, LONG], [7, 1, LONG + 1]], ids=str)
def test_logits_are_those_of_transformers(family: str, sizes: list[int], kernels: Kernels | None):
    network = Network(read(model_of(family), CONTEXT), 32 * 16, kernels=kernels)
    found = pieces(network, sizes)
    wanted = logits_from_scratch(TOKENS[: sum(sizes)], family)
    assert (found - wanted).abs().max() < 2e-5 * wanted.abs().max()


def test_hidden_states_are_those_of_transformers():
    network = Network(read(model_of(), CONTEXT), 512)
    cache = Cache(32)
    slots = cache.extend(cache.open(), TOKENS[:10], 10)
    piece = Piece(np.asarray(TOKENS[:10], dtype=np.int32), np.arange(10, dtype=np.int32), slots, NONE)
    states = network.hidden(batch_of(cache.slots, NONE, NONE, NONE, NONE, [piece]), wanted=(0, 1, 2))
    with torch.no_grad():
        wanted = model_of()(input_ids=torch.tensor([TOKENS[:10]]), output_hidden_states=True).hidden_states
    for depth in (0, 1, 2):
        assert torch.allclose(states[depth], wanted[depth][0], atol=1e-5)


def test_a_family_that_cannot_run_is_refused_by_name():
    import transformers

    config = transformers.GPT2Config(n_embd=32, n_head=2, n_layer=1, vocab_size=32)
    with pytest.raises(UsageError, match="gpt2"):
        read(transformers.AutoModelForCausalLM.from_config(config), 32)


def test_a_processor_with_a_compiler_has_compiled_kernels():
    import shutil

    kernels = choose(torch.device("cpu"), torch.float32, 64, (64,))
    assert isinstance(kernels, Reference) == (shutil.which("g++") is None)


def test_weights_of_eight_bits_change_little():
    whole = Network(read(model_of(), CONTEXT), 512)
    eight = Network(read(model_of(), CONTEXT, int8=True), 512)
    one, other = (pieces(network, [30]).log_softmax(-1) for network in (whole, eight))
    apart = (one.exp() * (one - other)).sum(-1)  # Kullback-Leibler divergence
    assert 0 < apart.mean() < 0.02
