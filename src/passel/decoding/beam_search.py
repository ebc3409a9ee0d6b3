"""Beam search over tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.plain import top
from passel.engine.requests import Decoding, Forward, drop, fork, forwards, open_branch

__all__ = ["beam_search", "normalised"]


@dataclass(frozen=True, slots=True)
class _Beam:
    """An unfinished text. branch: holds all its tokens but the last. total: its log-probability."""

    branch: int
    tokens: tuple[int, ...]
    total: float


def beam_search(
    inputs: DecodingInput,
    *,
    key: Key = Key(),
    width: Annotated[int, Log(1, 64)] = 4,
    length_penalty: Annotated[float, Linear(0.0, 2.0)] = 1.0,
) -> Decoding[tuple[Decoded, ...]]:
    """Keeps the `width` most likely texts and extends all of them, a token at a time.

    It ends when `width` texts are finished and no unfinished text can become better.

    Source: the usual algorithm; the length penalty is that of transformers: log-probability / tokens^alpha.

    Symbols: alpha -> `length_penalty`.

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used.
        key: not used: nothing is random.
        width: number of texts kept.
        length_penalty: 0 prefers short texts, 1 compares the mean log-probability of a token.

    Cost: passes <= width * max_tokens, `width` at a time in one batch; what texts have in common is computed once.

    Guarantees: heuristic: the most likely of the texts that it saw. At width 1, greedy decoding. A width of at least
    vocabulary^(max_tokens - 1) finds the most likely text of all.

    Deviations: none.
    """
    branch = yield from open_branch()
    (output,) = yield from forwards([Forward(branch, inputs.prompt)])
    alive = [_Beam(branch, (), 0.0)]
    logits = output.logits[-1:]
    finished: list[tuple[float, Decoded]] = []
    while True:
        totals = torch.tensor([beam.total for beam in alive], dtype=torch.float64).unsqueeze(1)
        chances = totals.to(logits.device) + logits.log_softmax(-1).double()
        children: list[tuple[int, _Beam]] = []
        for rank, (place, total) in enumerate(top(chances.flatten(), 2 * width)):
            parent, token = divmod(place, logits.shape[-1])
            tokens = (*alive[parent].tokens, token)
            if token in inputs.end_tokens or len(tokens) == inputs.max_tokens:
                if rank < width:  # a finished text counts only if it is among the best, like an unfinished one
                    score = normalised(total, len(tokens), length_penalty)
                    finished.append((score, Decoded(tokens, "end" if token in inputs.end_tokens else "length", score)))
            elif len(children) < width:
                children.append((parent, _Beam(alive[parent].branch, tokens, total)))
        finished = sorted(finished, key=lambda scored: -scored[0])[:width]
        if not children or (len(finished) == width and _none_better(children, finished[-1][0], inputs, length_penalty)):
            return tuple(text for _, text in finished)
        alive = yield from _branched(alive, children)
        outputs = yield from forwards([Forward(beam.branch, beam.tokens[-1:]) for beam in alive])
        logits = torch.stack([output.logits[-1] for output in outputs])


def normalised(total: float, tokens: int, length_penalty: float) -> float:
    """A text's log-probability divided by a power of its length."""
    return total / tokens**length_penalty


def _none_better(
    unfinished: list[tuple[int, _Beam]], worst: float, inputs: DecodingInput, length_penalty: float
) -> bool:
    """Whether no unfinished text can reach a score above `worst`: a total only falls, so the best possible score is at
    the length that the penalty favours."""
    best = max(beam.total for _, beam in unfinished)
    length = inputs.max_tokens if length_penalty > 0 else len(unfinished[0][1].tokens) + 1
    return normalised(best, length, length_penalty) <= worst


def _branched(alive: list[_Beam], chosen: list[tuple[int, _Beam]]) -> Decoding[list[_Beam]]:
    """Gives each chosen child a branch: the first child of a parent takes its branch, further children fork it."""
    taken: set[int] = set()
    children: list[_Beam] = []
    for parent, child in chosen:
        if parent in taken:
            forked = yield from fork(child.branch)
            children.append(_Beam(forked, child.tokens, child.total))
        else:
            taken.add(parent)
            children.append(child)
    unused = [beam.branch for place, beam in enumerate(alive) if place not in taken]
    if unused:
        yield from drop(*unused)
    return children
