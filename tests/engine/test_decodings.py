"""Decoding methods on the engine: what their forwards see, and what becomes of their branches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from tiny_models import FAMILIES, engine_of, logits_from_scratch, model_of

from passel.core.errors import UsageError
from passel.engine import Decoding, Engine, Output
from passel.engine.requests import ALL, Drop, Forward, Read, drop, emit, fork, forward, forwards, keep, open_branch
from passel.engine.scheduler import EngineFull

TEXT = [(7 * i * i + 3) % 64 for i in range(60)]


def close(engine: Engine) -> None:
    engine.close()
    for side in engine._scheduler.models:
        side.cache.check()
        assert side.cache.branches == 0


def near(found: torch.Tensor, wanted: torch.Tensor) -> bool:
    return bool((found - wanted).abs().max() < 3e-5 * wanted.abs().max())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_branch_sees_what_it_holds(family: str):
    def flow() -> Decoding[list[Output]]:
        branch = yield from open_branch()
        outputs = [(yield from forward(Forward(branch, TEXT[:30], logits=ALL)))]
        other = yield from fork(branch)
        outputs += yield from forwards(
            [Forward(branch, TEXT[30:33], logits=ALL), Forward(other, TEXT[40:45], logits=2)]
        )
        yield from keep(branch, 20)
        outputs.append((yield from forward(Forward(branch, TEXT[50:52]))))
        yield from drop(other)
        return outputs

    engine = engine_of(family)
    whole, more, forked, shortened = engine.run(flow())
    close(engine)
    assert near(whole.logits, logits_from_scratch(TEXT[:30], family))
    assert near(more.logits, logits_from_scratch(TEXT[:33], family)[30:])
    assert near(forked.logits, logits_from_scratch(TEXT[:30] + TEXT[40:45], family)[-2:])
    assert near(shortened.logits, logits_from_scratch(TEXT[:20] + TEXT[50:52], family)[-1:])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tree_is_its_paths(family: str):
    parents = [-1, -1, 0, 0, 2, 1]
    tokens = [3, 9, 27, 17, 51, 25]

    def flow() -> Decoding[tuple[Output, Output]]:
        branch = yield from open_branch()
        yield from forward(Forward(branch, TEXT[:14]))
        tree = yield from forward(Forward(branch, tokens, parents=parents, logits=ALL))
        yield from keep(branch, 14, (0, 2, 4))
        after = yield from forward(Forward(branch, [5]))
        return tree, after

    engine = engine_of(family)
    tree, after = engine.run(flow())
    close(engine)
    paths = [[0], [1], [0, 2], [0, 3], [0, 2, 4], [1, 5]]
    for row, path in zip(tree.logits, paths, strict=True):
        assert near(row, logits_from_scratch(TEXT[:14] + [tokens[i] for i in path], family)[-1])
    assert near(after.logits, logits_from_scratch([*TEXT[:14], 3, 27, 51, 5], family)[-1:])


def test_embeddings_in_place_of_tokens():
    def flow(table: torch.Tensor) -> Decoding[Output]:
        branch = yield from open_branch()
        yield from forward(Forward(branch, TEXT[:8]))
        mixed = 0.5 * table[TEXT[8:10]] + 0.5 * table[TEXT[20:22]]
        yield from forward(Forward(branch, [0, 0], embeddings=mixed))
        return (yield from forward(Forward(branch, TEXT[10:11])))

    engine = engine_of()
    model = model_of()
    table = engine.parts.embedding
    found = engine.run(flow(table))
    close(engine)
    given = table[TEXT[:11]].clone()
    given[8:10] = 0.5 * table[TEXT[8:10]] + 0.5 * table[TEXT[20:22]]
    with torch.no_grad():
        wanted = model(inputs_embeds=given.unsqueeze(0)).logits[0, -1:]
    assert near(found.logits, wanted)


def test_a_shallow_pass_is_the_first_layers_and_the_head():
    def flow() -> Decoding[Output]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, TEXT[:9], layers=2, hidden=(1, 2), logits=ALL)))

    engine = engine_of()
    found = engine.run(flow())
    close(engine)
    model = model_of()
    with torch.no_grad():
        states = model(input_ids=torch.tensor([TEXT[:9]]), output_hidden_states=True).hidden_states
        wanted = model.lm_head(model.model.norm(states[2][0]))
    assert near(found.logits, wanted)
    assert near(found.hidden[0], states[1][0])
    assert near(found.hidden[1], states[2][0])


def test_a_read_with_the_right_position_is_the_text_put_together():
    """With one layer, keys do not depend on what stood before them, so a view of blocks is the text itself."""

    def flow() -> Decoding[Output]:
        block = yield from open_branch()
        yield from forward(Forward(block, TEXT[:20], layers=1))
        own = yield from open_branch()
        # the first two tokens of the own branch stand at positions 0 and 1, and see the block as if 20 tokens later
        yield from forward(Forward(own, TEXT[20:22], layers=1, reads=(Read(block, 20),)))
        return (yield from forward(Forward(own, TEXT[22:23], layers=1, reads=(Read(block, 22),), logits=1)))

    engine = engine_of()
    found = engine.run(flow())
    close(engine)

    def straight() -> Decoding[Output]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, TEXT[:23], layers=1)))

    engine = engine_of()
    wanted = engine.run(straight())
    close(engine)
    assert near(found.logits, wanted.logits)


def test_workers_see_each_others_tokens_of_earlier_passes_only():
    def flow(later: Sequence[int]) -> Decoding[list[Output]]:
        branches = [(yield from open_branch()), (yield from open_branch())]
        yield from forwards([Forward(branch, TEXT[i : i + 3]) for i, branch in enumerate(branches)])
        asks = [Forward(branch, [later[i]], reads=(Read(branches[1 - i], 6),)) for i, branch in enumerate(branches)]
        return (yield from forwards(asks))

    found = []
    for later in ([1, 2], [1, 9], [8, 2]):
        engine = engine_of()
        found.append([output.logits for output in engine.run(flow(later))])
        close(engine)
    assert torch.equal(found[0][0], found[1][0])  # the other's new token is not seen
    assert torch.equal(found[0][1], found[2][1])
    assert not torch.equal(found[0][1], found[1][1])


def test_flows_and_texts_share_passes():
    def flow(start: int) -> Decoding[int]:
        branch = yield from open_branch()
        tokens: tuple[int, ...] = tuple(TEXT[start : start + 10])
        for _ in range(10):
            output = yield from forward(Forward(branch, tokens))
            tokens = (int(output.logits[-1].argmax()),)
        return tokens[0]

    engine = engine_of()
    found: list[Any] = []
    flows = [flow(start) for start in range(6)]
    engine._put(lambda: [engine._scheduler.start(one) for one in _decodings(flows, found)])
    engine.close()
    assert len(found) == 6
    assert engine.tally.ticks == 10
    close(engine)


def _decodings(flows: Sequence[Decoding[int]], found: list[Any]) -> list[Any]:
    from passel.engine.running import RunningDecoding

    return [RunningDecoding(flow, lambda result, error: found.append((result, error))) for flow in flows]


def test_another_model_beside_the_engines_own():
    def flow() -> Decoding[tuple[Output, Output]]:
        own, draft = (yield from open_branch()), (yield from open_branch(1))
        one, other = yield from forwards([Forward(own, TEXT[:9]), Forward(draft, TEXT[:9])])
        return one, other

    other_models = engine_of("qwen2", seed=4).parts
    engine = engine_of(other_models=[other_models])
    own, draft = engine.run(flow())
    close(engine)
    assert near(own.logits, logits_from_scratch(TEXT[:9])[-1:])
    assert near(draft.logits, logits_from_scratch(TEXT[:9], "qwen2", 4)[-1:])


def test_what_is_certain_is_told_as_it_comes():
    def flow() -> Decoding[None]:
        yield from emit([1, 2])
        yield from emit([3], index=1)

    told: list[tuple[tuple[int, ...], int]] = []
    engine = engine_of()
    engine.run(flow(), on_emit=lambda one: told.append((one.tokens, one.index)))
    close(engine)
    assert told == [((1, 2), 0), ((3,), 1)]


def bad_flows() -> dict[str, Any]:
    def foreign() -> Decoding[Any]:
        return (yield (Drop(3),))

    def empty() -> Decoding[Any]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, [])))

    def too_long() -> Decoding[Any]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, [1] * 300)))

    def too_deep() -> Decoding[Any]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, [1], layers=4)))

    def odd_tree() -> Decoding[Any]:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, [1, 2], parents=[1, -1])))

    def no_such_model() -> Decoding[Any]:
        return (yield from open_branch(1))

    return {
        "has not opened": foreign,
        "at least one token": empty,
        "context of 256": too_long,
        "3 layers": too_deep,
        "before its children": odd_tree,
        "0 other models": no_such_model,
    }


@pytest.mark.parametrize("message", bad_flows())
def test_an_ask_that_cannot_be_is_named(message: str):
    engine = engine_of()
    with pytest.raises(UsageError, match=message):
        engine.run(bad_flows()[message]())
    close(engine)


def test_a_flow_that_needs_more_than_there_is_ends_and_the_others_go_on():
    def greedy_for_room() -> Decoding[None]:
        while True:
            branch = yield from open_branch()
            yield from forward(Forward(branch, TEXT, positions=range(60)))  # never shared

    engine = engine_of(memory=20 * 16 * engine_of().parts.bytes_per_token)
    with pytest.raises(EngineFull):
        engine.run(greedy_for_room())
    close(engine)
