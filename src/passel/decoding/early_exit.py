"""Early exits: a token leaves the model at the first layer that predicts it, and a text ends where no layer does."""

from __future__ import annotations

from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.requests import Decoding, Drop, Emit, Forward, Output, forward, forwards, open_branch
from passel.networks.early_exit import (
    EXIT_THRESHOLD,
    STOP,
    STOP_THRESHOLD,
    ControllerExit,
    NeverExit,
    build_early_exit,
    thresholds,
)
from passel.networks.trained_parts import load_trained

__all__ = ["early_exit"]


def early_exit(
    inputs: DecodingInput,
    *,
    key: Key = Key(),
    path: str = "",
    exit_threshold: Annotated[float, Linear(0.0, 1.01)] = EXIT_THRESHOLD,
    stop_threshold: Annotated[float, Linear(0.0, 1.01)] = STOP_THRESHOLD,
) -> Decoding[tuple[Decoded, ...]]:
    """Takes the most likely token at every step, read off the first layer that a controller finds deep enough.

    After each layer the controller classifies the hidden state. At exit, this layer's head gives the token, and the
    skipped layers get keys and values from this state; at stop, the text ends. The prompt goes through all layers.

    Source: Sun et al. 2024, When neural code completion models size up the situation, arXiv 2401.09964, and its public
    code (v587su/SEC, `multi_lmhead_gpt2.py`).

    Symbols: none.

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used.
        key: not used: nothing is random.
        path: a folder that `passel train early-exit` made for this model.
        exit_threshold: a token exits where the controller's probability of exit is above this and exit is its likeliest
            class; above 1 no token exits early. 0.9 is one of the values that the paper sweeps.
        stop_threshold: the same for stop; 0.8 is one of the values that the paper sweeps.

    Cost: passes <= tokens of the text, and one more where it stopped; a pass computes the keys and values of all
    layers, and the rest only of the layers up to the token's exit. One more token in the pass of the prompt.

    Guarantees: heuristic. With both thresholds above 1 the text is that of greedy decoding, token for token.

    Deviations: a stopped text gets no end token, where the code appends one; it counts as ended all the same. `depths`
    of the result has the number of layers of each token.
    """
    parts, manifest = load_trained(path, "early_exit", build_early_exit)
    branch, other = (yield from open_branch()), (yield from open_branch())
    # one more token in the same pass shows the model's size
    first, shape = yield from forwards(
        (Forward(branch, inputs.prompt), Forward(other, inputs.prompt[:1], exit=NeverExit(), hidden=(0,), logits=0))
    )
    size, vocabulary = shape.hidden[0].shape[-1], first.logits.shape[-1]
    manifest.check(path, layers=shape.depths[0], hidden_size=size, vocabulary=vocabulary)
    tokens, depths, device = [int(first.logits[-1].argmax())], [parts.layers], first.logits.device
    yield (Drop(other), Emit((tokens[-1],)))
    parts, least = parts.to(device), thresholds(exit_threshold, stop_threshold, device)
    while tokens[-1] not in inputs.end_tokens and len(tokens) < inputs.max_tokens:
        leaving = ControllerExit(parts, least)
        output = yield from forward(Forward(branch, tokens[-1:], exit=leaving, hidden=(parts.layers,)))
        if leaving.stopped or _stops(leaving, output):
            return (Decoded(tuple(tokens), "end", depths=tuple(depths), spent=1),)
        tokens.append(int(output.logits[-1].argmax()))
        depths += output.depths
        yield (Emit((tokens[-1],)),)
    ended = "end" if tokens[-1] in inputs.end_tokens else "length"
    return (Decoded(tuple(tokens), ended, depths=tuple(depths)),)


def _stops(leaving: ControllerExit, output: Output) -> bool:
    """Whether the controller stops after the last layer, where the engine does not ask it."""
    return output.depths[-1] == leaving.parts.layers and bool((leaving.decide(output.hidden[0]) == STOP).any())
