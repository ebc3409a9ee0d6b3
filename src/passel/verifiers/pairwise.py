"""A prompted judge of pairs, asked in both orders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from passel.core.ask import Generate, Message, Sampling
from passel.core.flow import Flow, affordable, within
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.verifiers.parts.tournaments import Pair, Results, Schedule, all_pairs, copeland, knockout, stages, swiss
from passel.verifiers.parts.verdicts import read_choice

__all__ = ["pairwise"]

PROMPT = """Here are a question and two answers. Decide which answer is more likely to be correct. Check the steps of \
both; neither their order nor their length counts. Explain in a few sentences, then end with one line: "[[A]]" if \
answer A is better, "[[B]]" if answer B is better, or "[[C]]" if there is nothing to choose between them.

[Question]
{question}

[Answer A]
{first}
[End of answer A]

[Answer B]
{second}
[End of answer B]"""

_SCHEDULES: Mapping[str, Schedule] = {"all": all_pairs, "swiss": swiss, "knockout": knockout}
_POINTS = {"A": 1.0, "B": 0.0, "C": 0.5}


@needs(judge="text")
def pairwise(
    problem: Problem, texts: Sequence[str], *, key: Key, rounds: Literal["all", "swiss", "knockout"] = "all"
) -> Flow[list[Judgement]]:
    """How many of the other texts each text beats, by a language model that is shown two texts at a time.

    Each pair is judged twice, in both orders, with greedy decoding: a text wins if it is preferred both times, else the
    pair is a tie.

    Source: Zheng et al. 2023, Judging LLM-as-a-Judge (2306.05685): pairwise comparison with its `[[A]]` form (figure 5)
    and the conservative remedy of position bias, swapping, in section 3.4.

    Args:
        rounds: which pairs meet; ours. "all": every pair. "swiss": ceil(log2 n) rounds, in each of which neighbours by
            points meet. "knockout": winners go on, n - 1 pairs in all; after a tie the earlier text goes on.

    Returns: score; in [0, 1]. "all" and "swiss": the share of its comparisons that a text has won, ties half (its
        Copeland score). "knockout": the share of rounds that it survived. None for a text without a comparison that
        was read in both orders, so for a single text too.

    Cost: generate <= n * (n - 1) (all pairs in both orders; a knockout takes 2n - 2)

    Guarantees: heuristic; no better than the judge. A judge that always prefers the first place, or the second, leaves
    all texts tied. Bind a model to the role `judge`, or the generator judges itself.

    Deviations: our own wording; asks for correctness alone. Equal texts are judged once and share their score. A pair
    with a failed or unreadable reply is left out. When the budget ends, the scores are those of the comparisons it
    allowed.

    >>> from passel.core.play import play
    >>> flow = pairwise(Problem("1", "2 + 2?"), ["4", "5"], key=Key())
    >>> play(flow, ["A adds up. [[A]]", "[[B]]"]).value[0].explanation
    'rank 1 of 2: 1 won, 0 tied, 0 lost'
    """
    distinct = list(dict.fromkeys(texts))
    results: dict[Pair, float | None] = {}
    schedule, size = _SCHEDULES[rounds], len(distinct)
    while pairs := schedule(size, results):
        asks = [ask for pair in pairs for ask in _asks(problem, distinct, pair, key)]
        replies = yield from affordable(within(asks), or_raise=not results)
        results.update(_results(pairs, replies or []))
        if replies is None or len(replies) < len(asks):
            break
    scores = (stages if rounds == "knockout" else copeland)(size, results)
    judgements = [_judgement(score, index, scores, results) for index, score in enumerate(scores)]
    by_text = dict(zip(distinct, judgements, strict=True))
    return [by_text[text] for text in texts]


def _judgement(score: float | None, index: int, scores: Sequence[float | None], results: Results) -> Judgement:
    if score is None:
        return Judgement(None, "no comparison of this text was read in both orders")
    met = [(pair, of_first) for pair, of_first in results.items() if index in pair and of_first is not None]
    points = [of_first if pair[0] == index else 1.0 - of_first for pair, of_first in met]
    won, tied, lost = (points.count(point) for point in (1.0, 0.5, 0.0))
    rank = 1 + sum(other is not None and other > score for other in scores)
    metadata = {"rank": rank, "won": won, "tied": tied, "lost": lost}
    return Judgement(score, f"rank {rank} of {len(scores)}: {won} won, {tied} tied, {lost} lost", metadata)


def _asks(problem: Problem, texts: Sequence[str], pair: Pair, key: Key) -> Iterator[Generate]:
    """The pair in its order, and swapped."""
    for first, second in (pair, pair[::-1]):
        said = PROMPT.format(question=problem.question, first=texts[first], second=texts[second])
        greedy = Sampling(temperature=0.0)
        yield Generate((Message("user", said),), key / "draw" / 0, "", greedy, "judge", "pairwise")


def _results(pairs: Sequence[Pair], replies: Sequence[Reply]) -> Results:
    """The points of each pair's first text; a pair whose second reply was not paid for is left out."""
    found: dict[Pair, float | None] = {}
    for pair, first, second in zip(pairs, replies[::2], replies[1::2], strict=False):
        straight, swapped = _points(first), _points(second)
        if straight is None or swapped is None:
            found[pair] = None
        else:
            found[pair] = straight if straight == 1.0 - swapped else 0.5
    return found


def _points(reply: Reply) -> float | None:
    choice = read_choice(reply.text, "ABC") if reply.ok else None
    return None if choice is None else _POINTS[choice]
