"""A mix of tokens as a forward's input, and what a method shows."""

from __future__ import annotations

import pytest
import torch
from tiny_models import CONTEXT, FAMILIES, engine_of, model_of

from passel.core.errors import UsageError
from passel.engine import Decoding, Output
from passel.engine.requests import ALL, Emit, Forward, Mix, Show, emit, forward, open_branch

TEXT = (5, 40, 17, 3, 61, 22)
MIXES: tuple[Mix, ...] = (((5, 0.5), (9, 0.3), (33, 0.2)), ((7, 1.0),), ((1, 0.25), (2, 0.75)))


def flow(*asks: Forward) -> Decoding[list[Output]]:
    branch = yield from open_branch()
    outputs: list[Output] = []
    for ask in asks:
        outputs.append((yield from forward(Forward(branch, ask.tokens, mix=ask.mix, logits=ask.logits))))
    return outputs


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mix_is_the_weighted_sum_of_embeddings(family: str):
    """Against transformers on embeddings made by hand, from scratch."""
    model = model_of(family)
    engine = engine_of(family)
    prompt, mixed, after = engine.run(
        flow(Forward(0, TEXT), Forward(0, (0,) * 3, mix=MIXES, logits=ALL), Forward(0, (8,)))
    )
    embed = model.get_input_embeddings()
    sums = [sum(w * embed(torch.tensor(t)) for t, w in mix) for mix in MIXES]
    whole = torch.cat((embed(torch.tensor(TEXT)), torch.stack(sums), embed(torch.tensor([8]))))
    with torch.no_grad():
        wanted = model(inputs_embeds=whole.unsqueeze(0), use_cache=False).logits[0].float()
    found = torch.cat((prompt.logits[-1:], mixed.logits, after.logits))
    assert (found - wanted[len(TEXT) - 1 :]).abs().max() < 3e-5 * wanted.abs().max()
    assert (wanted[6] - wanted[7]).abs().max() > 0.1
    engine.close()
    engine._scheduler.cache.check()
    assert engine._scheduler.cache.branches == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mix_of_one_token_is_that_token(family: str):
    engine = engine_of(family)
    _, mixed = engine.run(flow(Forward(0, TEXT), Forward(0, (0,), mix=(((9, 1.0),),))))
    _, plain = engine.run(flow(Forward(0, TEXT), Forward(0, (9,))))
    engine.close()
    assert torch.equal(mixed.logits, plain.logits)


def test_a_mix_is_never_shared():
    """A second branch with the same ids computes them: zeros in place of ids are no tokens."""
    zeros = (0,) * 40
    mix: tuple[Mix, ...] = tuple(((i, 0.5), (i + 1, 0.5)) for i in range(40))
    engine = engine_of()
    engine.run(flow(Forward(0, zeros, mix=mix), Forward(0, (8,))))
    (plain,) = engine.run(flow(Forward(0, zeros)))
    (again,) = engine.run(flow(Forward(0, zeros, mix=mix)))
    engine.close()
    assert (plain.cached, again.cached) == (0, 0)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (Forward(0, (0, 0), mix=(((1, 1.0),),)), "2 tokens has 1 mix"),
        (Forward(0, (0,), mix=(((1, 1.0),),), embeddings=torch.zeros(1, 64)), "not both"),
    ],
)
def test_a_wrong_mix_ends_the_method_alone(ask: Forward, says: str):
    def wrong() -> Decoding[None]:
        branch = yield from open_branch()
        yield from forward(Forward(branch, ask.tokens, mix=ask.mix, embeddings=ask.embeddings))

    engine = engine_of()
    with pytest.raises(UsageError, match=says):
        engine.run(wrong())
    assert len(engine.run(flow(Forward(0, TEXT)))) == 1
    engine.close()
    assert engine._scheduler.cache.branches == 0


def test_a_mix_of_a_token_that_is_none_ends_the_method_alone():
    engine = engine_of()
    with pytest.raises(IndexError):
        engine.run(flow(Forward(0, (0,), mix=(((CONTEXT * 100, 1.0),),))))
    assert len(engine.run(flow(Forward(0, TEXT)))) == 1
    engine.close()


def test_what_is_shown_is_nothing_that_is_certain():
    def shows() -> Decoding[int]:
        sent = yield (Show(((1, 2), (1, 3))), Emit((1,)))
        yield from emit((2,))
        return len(sent)

    engine, watched = engine_of(), list[object]()
    assert engine.run(shows(), watched.append) == 2
    engine.close()
    assert watched == [Emit((1,)), Emit((2,))]
