"""Best-first search over tokens: the most promising draft goes on, wherever in the tree it stands."""

from __future__ import annotations

import heapq
from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.beam import normalised
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.plain import top
from passel.engine.requests import Decoding, Forward, fork, forwards, open_branch

__all__ = ["best_first"]


def best_first(
    opening: Opening,
    *,
    key: Key = Key(),
    width: Annotated[int, Log(1, 64)] = 4,
    batch: Annotated[int, Log(1, 64)] = 4,
    expansions: Annotated[int, Log(1, 4096)] = 256,
    length_penalty: Annotated[float, Linear(0.0, 2.0)] = 0.0,
) -> Decoding[tuple[Decoded, ...]]:
    """Keeps all drafts under way in a queue and extends the most likely ones, until a finished one comes first.

    Source: Meister, Vieira and Cotterell 2020, Best-first beam search, arXiv 2007.03909, without its limit on the
    drafts of a length; the queue is Dijkstra's.

    Symbols: k -> `width`.

    Args:
        opening: what to go on from; its sampling is not read.
        key: not read: nothing is random.
        width: tokens that a draft is extended by. batch: drafts extended at once.
        expansions: extensions at most; when they are used up, the best draft under way goes on greedily.
        length_penalty: as in `beam`; 0 compares log-probabilities.

    Cost: passes <= expansions + max_tokens, `batch` at a time; what drafts have in common is computed once.

    Guarantees: exact at length_penalty 0, where width is the vocabulary and the expansions suffice: a total only falls
    as a draft grows, so the first finished draft of the queue is the most likely of all. Else heuristic.

    Deviations: none of the search; the budget of expansions and its greedy end are ours.
    """
    root = yield from open_branch()
    (output,) = yield from forwards([Forward(root, opening.prompt)])
    # (minus score, order of arrival, total, tokens, branch that holds all tokens but the last)
    queue: list[tuple[float, int, float, tuple[int, ...], int]] = []
    arrivals = spent = 0

    def grow(branch: int, tokens: tuple[int, ...], total: float, logits: list[tuple[int, float]]) -> None:
        nonlocal arrivals
        for token, chance in logits:
            arrivals += 1
            longer, sum_ = (*tokens, token), total + chance
            score = normalised(sum_, len(longer), length_penalty)
            heapq.heappush(queue, (-score, arrivals, sum_, longer, branch))

    grow(root, (), 0.0, top(output.logits[-1].log_softmax(-1), width))
    while True:
        left = min(batch, expansions - spent) if spent < expansions else 1
        taken: list[tuple[float, int, float, tuple[int, ...], int]] = []
        while queue and len(taken) < left:
            one = heapq.heappop(queue)
            if one[3][-1] in opening.end or len(one[3]) == opening.max_tokens:
                if not taken:
                    ended = "end" if one[3][-1] in opening.end else "length"
                    return (Decoded(one[3], ended, -one[0], spent=spent),)
                heapq.heappush(queue, one)
                break
            taken.append(one)
        branches: list[int] = []
        for one in taken:
            branches.append((yield from fork(one[4])))
        asks = [Forward(branch, one[3][-1:]) for branch, one in zip(branches, taken, strict=True)]
        outputs = yield from forwards(asks)
        ways = 1 if spent >= expansions else width
        if spent >= expansions:
            queue.clear()
        for branch, one, output in zip(branches, taken, outputs, strict=True):
            grow(branch, one[3], one[2], top(output.logits[-1].log_softmax(-1), ways))
        spent += len(taken)
