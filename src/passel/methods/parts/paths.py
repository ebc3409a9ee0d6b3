"""Paths: solutions that grow step by step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from passel.core.ask import Sampling
from passel.core.flow import Flow, sample_within
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.reply import Reply, Stop
from passel.core.result import Candidate

__all__ = ["START", "Path", "StepUnit", "as_candidate", "grown", "next_steps", "separator"]

StepUnit = Literal["paragraph", "line"]
"""What a step is: text up to a blank line, as in the papers, or a line, for models that write one step per line."""

_ENDS: dict[StepUnit, str] = {"paragraph": "\n\n", "line": "\n"}


def separator(unit: StepUnit) -> str:
    """The text between two steps."""
    return _ENDS[unit]


@dataclass(frozen=True, slots=True)
class Path:
    """A solution as far as it goes.

    Args:
        text: all its steps, with the separator after the last.
        steps: number of steps.
        tokens: completion tokens of all steps.
        done: whether it cannot be continued: the model ended it, or its last step is of no use.
        stop: how its last step ended; a path that is done and did not "end" has failed or was truncated.
    """

    text: str = ""
    steps: int = 0
    tokens: int = 0
    done: bool = False
    stop: Stop = "end"

    @property
    def finished(self) -> bool:
        """Whether it is a whole solution."""
        return self.done and self.stop == "end"

    @property
    def dead(self) -> bool:
        """Whether its last step failed or was truncated, so that it is neither finished nor can be continued."""
        return self.done and self.stop != "end"


START = Path()


def next_steps(
    problem: Problem,
    path: Path,
    *,
    key: Key,
    n: int = 1,
    first: int = 0,
    unit: StepUnit = "paragraph",
    depth: int | None = None,
    sampling: Sampling = Sampling(),
) -> Flow[list[Path]]:
    """As many of n continuations of a path by one step as the budget allows; OutOfBudget if not even one fits.

    Args:
        first: number of the first sample. Samples of one prefix differ by their number only.
        unit: what a step is.
        depth: steps of a path at most; the last of them goes to the solution's end, however long. None: no limit.
        sampling: sampling parameters; the stop texts are set here.
    """
    last = depth is not None and path.steps + 1 >= depth
    end = "" if last else separator(unit)
    settings = sampling if last else replace(sampling, stop=(end,))
    replies = yield from sample_within(
        problem.prompt, key=key, n=n, first=first, prefix=path.text, sampling=settings, label="step"
    )
    return [grown(path, reply, end) for reply in replies]


def grown(path: Path, reply: Reply, end: str) -> Path:
    """The path with one more step. It is done if the model ended it. Where the engine does not report whether the model
    did, it is done if the step is empty.

    Args:
        end: the stop text that the step was sampled with, written after it; "" for a step to the solution's end.
    """
    tokens = path.tokens + reply.usage.completion_tokens
    ended = not end or reply.stop_text == "" or (reply.stop_text is None and not reply.text.strip())
    if not reply.ok or ended:
        text = path.text + reply.text if reply.text.strip() else path.text.rstrip("\n")
        return Path(text, path.steps + 1, tokens, True, reply.stop)
    return Path(path.text + reply.text + end, path.steps + 1, tokens)


def as_candidate(problem: Problem, path: Path, score: float | None = None, reason: str = "") -> Candidate:
    """A path as a candidate. Only a finished path has an answer."""
    stop = path.stop if path.done else "cancelled"
    answer = problem.read(path.text) if path.finished else None
    return Candidate(path.text, answer, score, stop, path.tokens, reason=reason)
