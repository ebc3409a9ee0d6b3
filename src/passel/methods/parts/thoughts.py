"""Tree of thoughts: proposing next steps in one reply, and judging states by a value or by a vote."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from passel.core.ask import Message
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.reply import Reply
from passel.methods.parts.paths import Path, StepUnit, next_steps, separator
from passel.methods.parts.prompts import numbered, with_line
from passel.methods.parts.search import Evaluate, Expand, Judgements

__all__ = ["by_proposals", "once", "proposals", "valued", "voted"]

PROPOSE = """Do not solve it at once. This is the solution as far as it goes:

{written}

Propose {n} different steps that could come next, one a line, numbered from 1. A line holds the step alone, as it would
stand in the solution. Where a step completes the solution and states the answer, write [done] behind it."""

VALUE = """Below are a question and a solution to it as far as it goes. Can the right answer still be reached from it?
If the solution is complete: is it right? Look at what has been done and at what is left to do, in a few sentences. Then
write one word on the last line: sure, likely or impossible.

[Question]
{question}

[Solution so far]
{written}
[End of the solution so far]"""

VOTE = """Below are a question and several solutions to it as far as they go. Compare them: which one is the most likely
to lead to the right answer? Then write on the last line "Best: " and its number.

[Question]
{question}

{choices}
[End of the solutions]"""

WORTH = {"sure": 20.0, "likely": 1.0, "impossible": 0.001}
"""The worth of each word, as in the public code of Yao et al."""

_LISTED = re.compile(r"^\s*(?:\d+\s*[.):]|[-*])\s*(\S.*?)\s*$", re.MULTILINE)
_DONE = re.compile(r"\s*\[done\]\W*$", re.IGNORECASE)
_WORD = re.compile(r"(?<!not )\b(sure|likely|impossible)\b", re.IGNORECASE)
_BEST = re.compile(r"best\D{0,20}(\d{1,4})", re.IGNORECASE)


def by_proposals(unit: StepUnit, depth: int) -> Expand:
    """Expands a path by one reply that proposes its next steps; the last of `depth` steps goes to the solution's end,
    with one sample for each child."""

    def expand(problem: Problem, path: Path, n: int, first: int, key: Key) -> Flow[list[Path]]:
        if path.steps + 1 >= depth:
            return (yield from next_steps(problem, path, key=key, n=n, first=first, unit=unit, depth=depth))
        request = PROPOSE.format(n=n, written=path.text.strip() or "(nothing is written yet)")
        (reply,) = yield from sample(with_line(problem.prompt, request), key=key, first=first, label="propose")
        return proposals(path, reply, n, separator(unit))

    return expand


def proposals(path: Path, reply: Reply, n: int, end: str) -> list[Path]:
    """The path with each of n steps that a reply lists. A step that is marked as the last ends its path. A dead path
    takes the place of a step that is missing or repeated."""
    tokens = path.tokens + reply.usage.completion_tokens
    lines: list[str] = _LISTED.findall(reply.text) if reply.ok else []
    children: list[Path] = []
    for line in list(dict.fromkeys(lines))[:n]:
        step = _DONE.sub("", line)
        done = step != line
        children.append(Path(path.text + step + ("" if done else end), path.steps + 1, tokens, done))
    stop = "failed" if reply.ok else reply.stop
    dead = Path(path.text.rstrip("\n"), path.steps + 1, tokens, True, stop)
    return children + [dead] * (n - len(children))


def valued(problem: Problem, text: str, *, key: Key, judgements: int = 3) -> Flow[float | None]:
    """The mean worth of some judgements of a state: sure 20, likely 1, impossible 0.001; None if no judgement can be
    read. A verifier. Cost: generate = judgements."""
    prompt = (Message("user", VALUE.format(question=problem.question, written=text.strip())),)
    replies = yield from sample(prompt, key=key, n=judgements, role="judge", label="value")
    words = [word for reply in replies if reply.ok and (word := _word(reply.text))]
    return sum(WORTH[word] for word in words) / len(words) if words else None


def _word(text: str) -> str | None:
    """The judgement on the last line."""
    lines = text.strip().splitlines()
    words = _WORD.findall(lines[-1]) if lines else []
    return words[-1].lower() if words else None


def voted(problem: Problem, texts: Sequence[str], *, key: Key, judgements: int = 5) -> Flow[list[float | None]]:
    """The share of votes for each state; None for all if no vote can be read. A single state has all votes, without a
    request. A ranker. Cost: generate <= judgements."""
    if len(texts) < 2:
        return [1.0] * len(texts)
    prompt = VOTE.format(question=problem.question, choices=numbered(texts, "Solution"))
    replies = yield from sample((Message("user", prompt),), key=key, n=judgements, role="judge", label="vote")
    named = [int(numbers[-1]) for reply in replies if reply.ok and (numbers := _BEST.findall(reply.text))]
    votes = [number for number in named if 1 <= number <= len(texts)]
    if not votes:
        return [None] * len(texts)
    return [votes.count(number) / len(votes) for number in range(1, len(texts) + 1)]


def once(judge: Evaluate) -> Evaluate:
    """Judges each text of a round once. Later paths with the same text are not judged, so they rank last."""

    def evaluate(problem: Problem, paths: Mapping[int, Path], key: Key) -> Flow[Judgements]:
        first: dict[str, int] = {}
        for number, path in paths.items():
            if not path.dead:
                first.setdefault(path.text, number)
        return judge(problem, {number: paths[number] for number in first.values()}, key)

    return evaluate
