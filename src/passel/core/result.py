"""The result of a method: its answer, and the candidates that it chose from."""

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
    """A sample with the answer that it holds.

    Args:
        text: the whole text.
        answer: the answer in the text; None: there is none.
        score: a verifier's score; None: unscored.
        stop: how its reply stopped.
        tokens: completion tokens.
        error: why its reply failed; None: it did not.
        reason: the verifier's reason for the score, or "".
    """

    text: str
    answer: Answer | None
    score: float | None = None
    stop: Stop = "end"
    tokens: int = 0
    error: str | None = None
    reason: str = ""

    def judged(self, judgement: Judgement | None) -> Candidate:
        """Returns the candidate with the score and the reason of a judgement; None: with neither."""
        judgement = judgement or UNJUDGED
        return replace(self, score=judgement.value, reason=judgement.explanation)


@dataclass(frozen=True, slots=True)
class Result:
    """A method's answer.

    Args:
        answer: the chosen answer; None when no usable reply held one.
        text: the text that holds the answer.
        confidence: the method's own estimate of the chance that the answer is right, in [0, 1]; None: it makes none.
        candidates: the candidates that it chose from, in the order of the samples.
        stop: "done"; "budget": the budget ended the method, and this is the best so far.
        info: details for a reader of the run; JSON values only.
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
        """Returns the result of choosing a candidate.

        Args:
            chosen: the candidate; None: there was nothing to choose.
            candidates: the candidates that it was chosen from, in the order of the samples.
            whole: whether the budget allowed all that the method asked for.
        """
        answer, text = (chosen.answer, chosen.text) if chosen is not None else (None, "")
        if chosen is None:
            confidence = None
        return cls(answer, text, confidence, tuple(candidates), "done" if whole else "budget", info or {})


def candidate(problem: Problem, reply: Reply, prefix: str = "") -> Candidate:
    """Returns the candidate in a reply. A failed or truncated reply has no answer: its last number is no conclusion."""
    text = prefix + reply.text
    answer, tokens = problem.read(text) if reply.ok else None, reply.usage.completion_tokens
    return Candidate(text, answer, stop=reply.stop, tokens=tokens, error=reply.error)
