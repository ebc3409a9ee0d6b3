"""Learning from peers: parallel paths that exchange short summaries on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, affordable, sample, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.reply import Reply, Stop
from passel.core.result import Candidate, Result
from passel.methods.parts.routing import Routing, routed
from passel.methods.parts.votes import majority

__all__ = ["peers"]

OPEN, CLOSE = "\n\n<summarize>\nIn short, what I have so far and what I still have to find: ", "\n</summarize>\n"
HEARD = "\n<comment>\nOther solvers of this problem say:\n{comments}\nI weigh what they say, and go on.\n</comment>\n\n"


@dataclass(frozen=True, slots=True)
class _Path:
    """A path as far as it goes. `stop`: how it ended; None: it has not ended."""

    text: str = ""
    tokens: int = 0
    stop: Stop | None = None


@needs(generator="text prefix")
def peers(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 64)] = 4,
    every: Annotated[int, Log(1, 16384)] = 2048,
    turns: Annotated[int, Log(1, 16)] = 4,
    k: Annotated[int, Log(1, 16)] = 2,
    routing: Routing = "dispersed",
    summary: Annotated[int, Log(1, 1024)] = 256,
) -> Flow[Result]:
    """The majority of n paths that, at regular intervals, summarise their state and read the summaries of k others.

    A path that starts badly seldom recovers by itself; reading other conclusions helps it to. A path that ends leaves
    the exchange. After the last turn the remaining paths continue to their ends by themselves.

    Source: Luo et al. 2025, Learning from Peers in Reasoning Models (2505.07787), LeaP; details after its public code
    (leap.py, util.py).

    Symbols: T -> every.

    Args:
        n: paths; 4 in the code.
        every: tokens between exchanges; 2048 in the code.
        turns: exchanges at most; the 5 turns of the code's script hold 4. 1 is LeaP-S.
        k: summaries that a path reads; 2.
        routing: which summaries: dispersed as in the code's default; clustered, hybrid or random.
        summary: tokens of a summary; 256.

    Cost: generate <= n * (2 * turns + 1)

    Guarantees: heuristic.

    Deviations: the wording is ours. A piece is shortened to its last line break if it has one (the code: a paragraph
    break), so that no sentence is torn. A path without peers to read gets no comment. After the last exchange a path
    continues to its end, where the code samples one piece more and then has it state an answer in 256 tokens.

    >>> from passel.core.play import play
    >>> play(peers(Problem("1", "2 + 2?"), key=Key(), n=3), ["4", "5", "4"]).value.answer.text
    '4'
    """
    paths: list[_Path] = [_Path()] * n
    whole, exchanges = True, 0
    for turn in range(turns + 1):
        max_tokens = None if turn == turns else every
        grown = yield from together([_grow(problem, path, key, place, max_tokens) for place, path in enumerate(paths)])
        whole = all(paid for _, paid in grown)
        if turn == 0 and not any(paid for _, paid in grown):
            raise OutOfBudget
        paths = [path for path, _ in grown]
        live = [place for place, path in enumerate(paths) if path.stop is None]
        if not whole or not live:
            break
        if turn == turns:
            continue
        replies = yield from together(
            [affordable(_summary(problem, paths[place], key, place, summary)) for place in live]
        )
        if None in replies:
            whole = False
            break
        summaries: list[str | None] = [None] * n
        for place, reply in zip(live, replies, strict=True):
            summaries[place] = reply.text if reply is not None and reply.stop in ("end", "length") else None
        exchanges += 1
        for place, reply in zip(live, replies, strict=True):
            heard = routed(summaries, place, k, routing, key / "route" / turn)
            paths[place] = _with(paths[place], reply, [summaries[peer] or "" for peer in heard])
    candidates = [_candidate(problem, path) for path in paths]
    return Result.of(majority(candidates), candidates, whole=whole, info={"exchanges": exchanges})


def _grow(problem: Problem, path: _Path, key: Key, place: int, max_tokens: int | None) -> Flow[tuple[_Path, bool]]:
    """The path with one more piece, and whether the budget allowed it."""
    if path.stop is not None:
        return path, True
    sampling = Sampling(max_tokens=max_tokens)
    piece = sample(problem.prompt, key=key, first=place, prefix=path.text, sampling=sampling)
    replies = yield from affordable(piece)
    if replies is None:
        return path, False
    (reply,) = replies
    tokens = path.tokens + reply.usage.completion_tokens
    if reply.stop == "length" and max_tokens is not None:
        return _Path(path.text + _whole_lines(reply.text), tokens), True
    return _Path(path.text + reply.text, tokens, reply.stop), True


def _summary(problem: Problem, path: _Path, key: Key, place: int, max_tokens: int) -> Flow[Reply]:
    sampling = Sampling(max_tokens=max_tokens, stop=(CLOSE.strip(),))
    prefix = path.text.rstrip() + OPEN
    (reply,) = yield from sample(
        problem.prompt, key=key, first=place, prefix=prefix, sampling=sampling, label="summary"
    )
    return reply


def _with(path: _Path, reply: Reply | None, heard: Sequence[str]) -> _Path:
    """The path with its own summary, and the summaries that it reads, written behind it."""
    if reply is None or reply.stop not in ("end", "length"):
        return path
    comments = "\n".join([f"- {' '.join(text.split())}" for text in heard])
    text = path.text.rstrip() + OPEN + reply.text.strip() + CLOSE + (HEARD.format(comments=comments) if heard else "\n")
    return replace(path, text=text, tokens=path.tokens + reply.usage.completion_tokens)


def _whole_lines(text: str) -> str:
    """The text up to its last line break, or all of it if it has none."""
    return text[: text.rfind("\n") + 1] or text


def _candidate(problem: Problem, path: _Path) -> Candidate:
    answer = problem.read(path.text) if path.stop == "end" else None
    return Candidate(path.text, answer, stop=path.stop or "cancelled", tokens=path.tokens)
