"""What speculative decoding offers drafters and users: hidden states, names, options, clear refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from known_drafters import GREEDY, PROMPT, bad, closed, made, right
from scripted_engine import ScriptedEngine, logits_of
from tiny_models import logits_from_scratch

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.decoding import DecodingInput, load
from passel.decoding.drafters.layers import layers
from passel.decoding.drafters.lookup import lookup
from passel.decoding.drafters.model import model
from passel.decoding.greedy import greedy
from passel.decoding.parts.drafting import DraftContext, Drafter, Proposal
from passel.decoding.speculative import speculative
from passel.engine.requests import Decoding, Forward, forward, open_branch


def test_a_drafter_that_asks_for_hidden_states_is_given_those_of_the_text() -> None:
    """The seam for drafters that read the target: each token's states come once, in order."""
    states: list[torch.Tensor] = []
    lengths: list[int] = []

    def reading(inputs: DecodingInput, *, key: Key) -> Drafter:
        guess = bad(inputs, key=key)

        def propose(context: DraftContext) -> Decoding[Proposal]:
            low, high = context.hidden
            assert len(low) == len(high)
            states.append(high)
            lengths.append(len(context.tokens))
            proposal = yield from guess.propose(context)
            return replace(proposal, memory=len(context.tokens))

        return Drafter(propose, guess.length, hidden=(1, 3))

    engine = made("llama")
    (draft,) = engine.run(speculative(GREEDY, drafter=reading))
    text = [*PROMPT, *draft.tokens]
    assert torch.cat(states).shape[0] == lengths[-1] - 1

    def again() -> Decoding[torch.Tensor]:
        branch = yield from open_branch()
        output = yield from forward(Forward(branch, text[: lengths[-1] - 1], hidden=(3,)))
        return output.hidden[0]

    assert torch.allclose(torch.cat(states), engine.run(again()), atol=1e-4)
    closed(engine)


def test_logprobs_are_the_models_own_where_they_are_asked_for() -> None:
    engine = made("llama")
    inputs = replace(GREEDY, sampling=Sampling(temperature=0.0, logprobs=0))
    (draft,) = engine.run(speculative(inputs))
    logits = logits_from_scratch([*PROMPT, *draft.tokens[:-1]])[len(PROMPT) - 1 :].log_softmax(-1)
    assert draft.logprobs == pytest.approx(logits[range(16), draft.tokens].tolist(), abs=1e-4)
    assert engine.run(speculative(GREEDY))[0].logprobs == ()
    closed(engine)


def test_what_cannot_work_is_refused() -> None:
    alone = replace(GREEDY, extra_models=0)
    with pytest.raises(UsageError, match="0 models beside"):
        ScriptedEngine([logits_of("target", 4)]).run(
            load("speculative:drafter=model").make(replace(alone, prompt=(1, 2)), key=Key())
        )
    engine = ScriptedEngine([logits_of("target", 4), logits_of("draft", 5)])
    with pytest.raises(UsageError, match="it has 5 tokens, not 4"):
        engine.run(speculative(replace(GREEDY, prompt=(1, 2)), drafter=model))
    with pytest.raises(UsageError, match="not among the model's 4"):
        ScriptedEngine([logits_of("target", 4)]).run(
            speculative(replace(alone, prompt=(1, 2)), drafter=right((0, 4, 0, 0), 2))
        )
    with pytest.raises(UsageError, match="lookup"):
        load("speculative:drafter=lookupp")
    with pytest.raises(UsageError, match="length"):
        load("speculative:drafter=lookup:drafter.lenght=4")
    with pytest.raises(UsageError, match="at least 1"):
        load("speculative:drafter=lookup:drafter.length=0")


def test_a_drafter_can_come_from_a_file(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text(
        "from passel.decoding.parts.drafting import Drafter, Proposal\n\n\n"
        "def always(inputs, *, key, token: int = 1):\n"
        "    def propose(known):\n        yield from ()\n        return Proposal((token,) * known.length)\n\n"
        "    return Drafter(propose, 3)\n",
        encoding="utf-8",
    )
    target = logits_of("target", 4)
    inputs = replace(GREEDY, prompt=(1, 2), max_tokens=6)
    method = load(f"speculative:drafter={tmp_path / 'mine.py'}:always:drafter.token=2:adaptive=false")
    engine = ScriptedEngine([target])
    (draft,) = engine.run(method.make(inputs, key=Key()))
    assert tuple(engine.forwards[1].tokens[1:]) == (2, 2, 2)
    assert draft.tokens == ScriptedEngine([target]).run(greedy(inputs))[0].tokens


def test_options_are_those_of_the_named_drafters() -> None:
    assert load("speculative").options["drafter"] is lookup
    assert load("speculative:drafter=layers").options["drafter"] is layers
