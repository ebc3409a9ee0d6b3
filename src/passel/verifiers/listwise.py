"""A prompted ranker that is shown all candidates at once and writes their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from passel.core.ask import Generate, Message, Sampling
from passel.core.errors import UsageError
from passel.core.flow import Flow, affordable, within
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.verifiers.parts.rankings import read_order, repair, scores_of_ranks, windows

__all__ = ["listwise"]

PROMPT = """Here are a question and {count} candidate answers, each with a number in brackets. Rank them, the one most \
likely to be correct first. Neither their order nor their length counts.

Question:
{question}

{candidates}

Reply with the order of all {count} numbers alone, in this form: [best] > [second best] > ... > [worst]"""


@dataclass(frozen=True, slots=True)
class _Order:
    """The candidates in an order, of which a reply has ranked those from place `first` on."""

    order: tuple[int, ...]
    first: int

    @property
    def ranked(self) -> tuple[int, ...]:
        """The ranked candidates, the best first."""
        return self.order[self.first :]


@needs(judge="text")
def listwise(
    problem: Problem,
    texts: Sequence[str],
    *,
    key: Key,
    shuffles: Annotated[int, Log(1, 16)] = 1,
    window: Annotated[int, Linear(2, 20)] = 20,
    step: Annotated[int, Linear(1, 20)] = 10,
) -> Flow[list[Judgement]]:
    """The rank that a language model gives each text when it is shown all of them, by greedy decoding.

    With several shuffles, the texts are shown in as many orders and their ranks averaged, against position bias. More
    texts than fit a window are ranked by a window that slides from the last to the first.

    Source: Sun et al. 2023, RankGPT (2304.09542): permutation generation and sliding windows; repair of malformed
    orders as there and in Archon (Saad-Falcon et al. 2024, 2409.15254). Shuffles: Tang et al. 2023, permutation
    self-consistency (2310.07712).

    Args:
        shuffles: orders in which the texts are shown; the first is the given one. 20 in Tang et al., 1 in RankGPT.
        window: texts shown at once; 20 in RankGPT.
        step: how far the window slides, at most `window`; 10 in RankGPT.

    Returns: score; 1 - rank / (n - 1), in [0, 1], mean over the shuffles; None for every text if no reply names a
        candidate, for a text that no readable window reached, and for a single text, which has no rank.

    Cost: generate <= shuffles * max(1, n - window + 1) (one pass for each place of the window)

    Guarantees: heuristic; no better than the judge. A text that a reply leaves out ranks behind the texts it names.

    Deviations: our own wording. Ranks are averaged (Borda) in place of Tang et al.'s order of least Kendall tau
    distance, which is costly to find and gives no scores. Equal texts are shown once and share their rank. A shuffle of
    which no reply could be read is left out of the mean. When the budget ends, only the texts that a window has reached
    are ranked.

    >>> from passel.core.play import play
    >>> play(listwise(Problem("1", "2 + 2?"), ["5", "4", "3"], key=Key()), ["[2] > [1] > [3]"]).value[1]
    Judgement(value=1.0, explanation='rank 1 of 3', metadata={'ranks': [1]})
    """
    if window < 2 or not 1 <= step <= window:
        raise UsageError(f"listwise takes a window of 2 or more and a step from 1 to window, got {window} and {step}")
    distinct = list(dict.fromkeys(texts))
    size = len(distinct)
    if size < 2:
        return [Judgement(None, "a single text has no rank")] * len(texts)
    orders = [_Order(tuple(_shown(size, shuffle, key)), size) for shuffle in range(shuffles)]
    for turn, (start, end) in enumerate(windows(size, window, step)):
        asks = [_ask(problem, distinct, order.order[start:end], key) for order in orders]
        replies = yield from affordable(within(asks), or_raise=turn == 0)
        if replies is None:
            break
        orders = [*map(_reordered, orders, replies, [(start, end)] * len(replies)), *orders[len(replies) :]]
    ranked = [order.ranked for order in orders]
    scores = scores_of_ranks(ranked, size)
    judgements = dict(zip(distinct, [_judgement(score, n, ranked) for n, score in enumerate(scores)], strict=True))
    return [judgements[text] for text in texts]


def _judgement(score: float | None, index: int, ranked: Sequence[Sequence[int]]) -> Judgement:
    ranks = [(order.index(index) + 1, len(order)) for order in ranked if index in order and len(order) > 1]
    if not ranks:
        return Judgement(score, "no reply ranks this text")
    words = [f"{rank} of {size}" for rank, size in ranks]
    return Judgement(score, f"rank {', '.join(words)}", {"ranks": [rank for rank, _ in ranks]})


def _shown(size: int, shuffle: int, key: Key) -> Sequence[int]:
    return (key / "shuffle" / shuffle).permutation(size) if shuffle else range(size)


def _ask(problem: Problem, texts: Sequence[str], shown: Sequence[int], key: Key) -> Generate:
    candidates = "\n\n".join(f"[{number}]\n{texts[index].strip()}" for number, index in enumerate(shown, 1))
    said = PROMPT.format(count=len(shown), question=problem.question, candidates=candidates)
    return Generate((Message("user", said),), key / "draw" / 0, "", Sampling(temperature=0.0), "judge", "listwise")


def _reordered(before: _Order, reply: Reply, place: tuple[int, int]) -> _Order:
    """The order after a reply about the candidates in one window."""
    start, end = place
    named = [number - 1 for number in read_order(reply.text)] if reply.ok else []
    if not any(0 <= index < end - start for index in named):
        return before
    ranked = [before.order[start + index] for index in repair(named, end - start)]
    return _Order((*before.order[:start], *ranked, *before.order[end:]), min(before.first, start))
