"""Best-first search over tokens: the most promising text is extended next, whatever its length."""

from __future__ import annotations

import heapq
from typing import Annotated

from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.beam_search import normalised
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.plain import top
from passel.engine.requests import Decoding, Forward, fork, forwards, open_branch

__all__ = ["best_first"]


def best_first(
    inputs: DecodingInput,
    *,
    key: Key = Key(),
    width: Annotated[int, Log(1, 64)] = 4,
    batch: Annotated[int, Log(1, 64)] = 4,
    expansions: Annotated[int, Log(1, 4096)] = 256,
    length_penalty: Annotated[float, Linear(0.0, 2.0)] = 0.0,
) -> Decoding[tuple[Decoded, ...]]:
    """Keeps all unfinished texts in a queue and extends the most likely ones, until a finished text comes first.

    Source: Meister, Vieira and Cotterell 2020, Best-first beam search, arXiv 2007.03909, without its limit on the
    number of texts of a length; the queue is Dijkstra's.

    Symbols: k -> `width`.

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used.
        key: not used: nothing is random.
        width: number of tokens that a text is extended by. batch: number of texts extended at once.
        expansions: limit of extended texts; when it is reached, the best unfinished text is continued greedily.
        length_penalty: as in `beam_search`; 0 compares log-probabilities.

    Cost: passes <= expansions + max_tokens, `batch` at a time; what texts have in common is computed once.

    Guarantees: exact at length_penalty 0, where width is the vocabulary and the expansions suffice: a total only falls
    as a text grows, so the first finished text of the queue is the most likely of all. Otherwise heuristic.

    Deviations: none in the search; the limit of expansions and its greedy end are ours.
    """
    root = yield from open_branch()
    (output,) = yield from forwards([Forward(root, inputs.prompt)])
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
            if one[3][-1] in inputs.end_tokens or len(one[3]) == inputs.max_tokens:
                if not taken:
                    ended = "end" if one[3][-1] in inputs.end_tokens else "length"
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
