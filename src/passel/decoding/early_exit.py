"""Early exits: a token leaves the model at the layer that has it already, and a text ends where no layer will."""

from __future__ import annotations

from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.opening import Decoded, Opening
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
    opening: Opening,
    *,
    key: Key = Key(),
    path: str = "",
    exit_threshold: Annotated[float, Linear(0.0, 1.01)] = EXIT_THRESHOLD,
    stop_threshold: Annotated[float, Linear(0.0, 1.01)] = STOP_THRESHOLD,
) -> Decoding[tuple[Decoded, ...]]:
    """Takes the most likely token at every step, read off the first layer of which a controller says that it has it.

    After each layer the controller looks at the hidden state. Where it says exit, that layer's head gives the token,
    and the layers skipped get keys and values from the state as it is; where it says stop, the draft ends with what it
    has. The prompt goes through all layers.

    Source: Sun et al. 2024, When neural code completion models size up the situation, arXiv 2401.09964, and its public
    code (v587su/SEC, `multi_lmhead_gpt2.py`).

    Symbols: none.

    Args:
        opening: what to go on from; its sampling is not read.
        key: not read: nothing is random.
        path: a folder that `passel train early_exit` made for this model.
        exit_threshold: the controller's probability of exit must be above it, and exit its likeliest class; above 1 no
            token leaves early. 0.9, of the values that the paper sweeps.
        stop_threshold: the same for stop; 0.8, of the values that the paper sweeps.

    Cost: passes <= tokens of the draft, and one more where it stopped; a pass has the keys and values of all layers,
    and the rest of those up to where its token leaves. One more token in the pass of the prompt.

    Guarantees: heuristic. With both thresholds above 1 the draft is the greedy one, token for token.

    Deviations: a stopped draft has no end token of its own, where the code appends one; it counts as ended by itself
    all the same. `depths` of the draft tells the layers that each token took.
    """
    parts, manifest = load_trained(path, "early_exit", build_early_exit)
    branch, other = (yield from open_branch()), (yield from open_branch())
    # one more token of the same pass tells what model this is
    first, shape = yield from forwards(
        (Forward(branch, opening.prompt), Forward(other, opening.prompt[:1], exit=NeverExit(), hidden=(0,), logits=0))
    )
    size, vocabulary = shape.hidden[0].shape[-1], first.logits.shape[-1]
    manifest.check(path, layers=shape.depths[0], hidden_size=size, vocabulary=vocabulary)
    tokens, depths, device = [int(first.logits[-1].argmax())], [parts.layers], first.logits.device
    yield (Drop(other), Emit((tokens[-1],)))
    parts, least = parts.to(device), thresholds(exit_threshold, stop_threshold, device)
    while tokens[-1] not in opening.end and len(tokens) < opening.max_tokens:
        leaving = ControllerExit(parts, least)
        output = yield from forward(Forward(branch, tokens[-1:], exit=leaving, hidden=(parts.layers,)))
        if leaving.stopped or _stops(leaving, output):
            return (Decoded(tuple(tokens), "end", depths=tuple(depths), spent=1),)
        tokens.append(int(output.logits[-1].argmax()))
        depths += output.depths
        yield (Emit((tokens[-1],)),)
    ended = "end" if tokens[-1] in opening.end else "length"
    return (Decoded(tuple(tokens), ended, depths=tuple(depths)),)


def _stops(leaving: ControllerExit, output: Output) -> bool:
    """Whether the controller says so of a token that went through all layers, of which the engine does not ask."""
    return output.depths[-1] == leaving.parts.layers and bool((leaving.decide(output.hidden[0]) == STOP).any())
