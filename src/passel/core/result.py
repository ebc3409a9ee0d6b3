"""What a flow ends with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from passel.core.judgement import UNJUDGED, Judgement
from passel.core.problem import Answer, Problem
from passel.core.reply import Reply, Stop

__all__ = ["Candidate", "Result", "candidate"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One drawn text.

    Args:
        text: all of it. answer: read from it; None: it holds none.
        score: what a verifier gave it; None: unscored. reason: why, in the verifier's words, or "".
        stop: how its reply stopped. tokens: completion tokens.
        error: what went wrong with it; None: nothing.
    """

    text: str
    answer: Answer | None
    score: float | None = None
    stop: Stop = "end"
    tokens: int = 0
    error: str | None = None
    reason: str = ""

    def judged(self, judgement: Judgement | None) -> Candidate:
        """The candidate with its score and reason; None: with neither."""
        found = judgement or UNJUDGED
        return replace(self, score=found.value, reason=found.explanation)


@dataclass(frozen=True, slots=True)
class Result:
    """A method's answer.

    Args:
        answer: the chosen answer; None when no usable reply held one.
        text: the text that the answer was taken from.
        confidence: the method's own estimate that the answer is right, in [0, 1], if it makes one.
        candidates: what it chose from, in draw order.
        stop: "done", or "budget" when the budget ended it and this is the best so far.
        info: what a reader of the run may want to know; JSON values only.
    """

    answer: Answer | None = None
    text: str = ""
    confidence: float | None = None
    candidates: tuple[Candidate, ...] = ()
    stop: Literal["done", "budget"] = "done"
    info: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(
        cls,
        chosen: Candidate | None,
        candidates: Iterable[Candidate] = (),
        *,
        whole: bool = True,
        confidence: float | None = None,
        info: Mapping[str, Any] | None = None,
    ) -> Result:
        """The result of choosing a candidate.

        Args:
            chosen: None: there was nothing to choose. candidates: what it was chosen from, in draw order.
            whole: whether the budget allowed all that the method wanted.
        """
        answer, text = (chosen.answer, chosen.text) if chosen is not None else (None, "")
        if chosen is None:
            confidence = None
        return cls(answer, text, confidence, tuple(candidates), "done" if whole else "budget", info or {})


def candidate(problem: Problem, reply: Reply, prefix: str = "") -> Candidate:
    """The candidate in a reply. A failed or truncated reply has no answer: its last number is not its conclusion."""
    text = prefix + reply.text
    answer, tokens = problem.read(text) if reply.ok else None, reply.usage.completion_tokens
    return Candidate(text, answer, stop=reply.stop, tokens=tokens, error=reply.error)
