"""Drafters of which it is known how well they guess, and an engine to run them on."""

from __future__ import annotations

from typing import Any

from tiny_models import CONTEXT, engine_of, model_of

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.decoding import DecodingInput
from passel.decoding.parts.drafting import DraftContext, Drafter, Proposal
from passel.engine import Engine, read
from passel.engine.requests import Decoding

PROMPT = (5, 6, 7, 8, 5, 6, 7, 9, 5, 6)
GREEDY = DecodingInput(PROMPT, 16, frozenset(), Sampling(temperature=0.0), extra_models=1)


def bad(inputs: DecodingInput, *, key: Key) -> Drafter:
    """Trees of random tokens."""

    def propose(context: DraftContext) -> Decoding[Proposal]:
        yield from ()
        at = key / len(context.tokens)
        nodes = min(7, context.nodes)
        tokens = tuple((at / node / "token").below(context.vocabulary) for node in range(nodes))
        return Proposal(tokens, tuple((at / node).below(node + 1) - 1 for node in range(nodes)))

    return Drafter(propose, 3)


def right(answer: tuple[int, ...], length: int, *, tree: bool = False) -> Any:
    """A drafter that knows the answer; in a tree, beside a wrong guess on each level."""

    def make(inputs: DecodingInput, *, key: Key) -> Drafter:
        def propose(context: DraftContext) -> Decoding[Proposal]:
            yield from ()
            done = len(context.tokens) - len(inputs.prompt)
            coming = answer[done : done + context.length]
            if not tree:
                return Proposal(coming)
            tokens = tuple(one for token in coming for one in ((token + 1) % context.vocabulary, token))
            parents = tuple(parent for level in range(len(coming)) for parent in (2 * level - 1, 2 * level - 1))
            return Proposal(tokens, parents)

        return Drafter(propose, length)

    return make


def made(family: str) -> Engine:
    return engine_of(family, other_models=[read(model_of(family, 1), CONTEXT)], memory=16 << 20)


def closed(engine: Engine) -> None:
    engine.close()
    for side in engine._scheduler.models:
        side.cache.check()
        assert side.cache.branches == 0
