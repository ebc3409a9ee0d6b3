"""Beam search over tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.plain import top
from passel.engine.requests import Decoding, Forward, drop, fork, forwards, open_branch

__all__ = ["beam", "normalised"]


@dataclass(frozen=True, slots=True)
class _Beam:
    """A draft under way: the branch that holds all its tokens but the last."""

    branch: int
    tokens: tuple[int, ...]
    total: float


def beam(
    opening: Opening,
    *,
    key: Key = Key(),
    width: Annotated[int, Log(1, 64)] = 4,
    length_penalty: Annotated[float, Linear(0.0, 2.0)] = 1.0,
) -> Decoding[tuple[Decoded, ...]]:
    """Keeps the `width` most likely drafts and extends all of them, a token at a time.

    It ends when as many drafts are finished and none under way can be better.

    Source: the usual form; the length penalty is that of transformers: log-probability / tokens^alpha.

    Symbols: alpha -> `length_penalty`.

    Args:
        opening: what to go on from; its sampling is not read.
        key: not read: nothing is random.
        width: drafts kept. length_penalty: 0 prefers short drafts, 1 compares means of a token.

    Cost: passes <= width * max_tokens, `width` at a time in one batch; what drafts have in common is computed once.

    Guarantees: heuristic: the most likely of the drafts that it saw. At width 1, greedy decoding. A width of at least
    vocabulary^(max_tokens - 1) finds the best draft of all.

    Deviations: none.
    """
    branch = yield from open_branch()
    (output,) = yield from forwards([Forward(branch, opening.prompt)])
    alive = [_Beam(branch, (), 0.0)]
    logits = output.logits[-1:]
    finished: list[tuple[float, Decoded]] = []
    while True:
        totals = torch.tensor([one.total for one in alive], dtype=torch.float64).unsqueeze(1)
        chances = totals.to(logits.device) + logits.log_softmax(-1).double()
        found: list[tuple[int, _Beam]] = []
        for rank, (place, total) in enumerate(top(chances.flatten(), 2 * width)):
            parent, token = divmod(place, logits.shape[-1])
            tokens = (*alive[parent].tokens, token)
            if token in opening.end or len(tokens) == opening.max_tokens:
                if rank < width:  # an end counts where it is among the best, as one under way does
                    score = normalised(total, len(tokens), length_penalty)
                    finished.append((score, Decoded(tokens, "end" if token in opening.end else "length", score)))
            elif len(found) < width:
                found.append((parent, _Beam(alive[parent].branch, tokens, total)))
        finished = sorted(finished, key=lambda one: -one[0])[:width]
        if not found or (len(finished) == width and _none_better(found, finished[-1][0], opening, length_penalty)):
            return tuple(draft for _, draft in finished)
        alive = yield from _branched(alive, found)
        outputs = yield from forwards([Forward(one.branch, one.tokens[-1:]) for one in alive])
        logits = torch.stack([output.logits[-1] for output in outputs])


def normalised(total: float, tokens: int, length_penalty: float) -> float:
    """A draft's log-probability by its length."""
    return total / tokens**length_penalty


def _none_better(found: list[tuple[int, _Beam]], least: float, opening: Opening, length_penalty: float) -> bool:
    """Whether no draft under way can still pass `least`: a total only falls, so its best is at the length that the
    penalty favours."""
    best = max(one.total for _, one in found)
    length = opening.max_tokens if length_penalty > 0 else len(found[0][1].tokens) + 1
    return normalised(best, length, length_penalty) <= least


def _branched(alive: list[_Beam], found: list[tuple[int, _Beam]]) -> Decoding[list[_Beam]]:
    """Branches for the drafts that go on: the first child of a parent takes its branch, the others fork it."""
    taken: set[int] = set()
    children: list[_Beam] = []
    for parent, child in found:
        if parent in taken:
            forked = yield from fork(child.branch)
            children.append(_Beam(forked, child.tokens, child.total))
        else:
            taken.add(parent)
            children.append(child)
    unused = [one.branch for place, one in enumerate(alive) if place not in taken]
    if unused:
        yield from drop(*unused)
    return children
