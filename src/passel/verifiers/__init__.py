"""What a reply is worth, and why: one file for each verifier, found by its file name.

A verifier judges one text; a ranker judges several texts by comparing them. Both are flows; `judged` runs either.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol, cast, get_args

from passel.core.configured import load as load_from
from passel.core.docs import describe
from passel.core.errors import OutOfBudget, UsageError
from passel.core.flow import Flow, affordable, together
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.registry import Room
from passel.core.steps import rewritten
from passel.verifiers.parts.steps import Step

__all__ = [
    "Chosen",
    "Judgement",
    "JudgementOrScore",
    "Kind",
    "Ranker",
    "Step",
    "Verifier",
    "is_ranker",
    "judged",
    "kind_of",
    "load",
    "scores_of",
]

Kind = Literal["probability", "score", "verdict"]
"""What a verifier returns: the probability that the text is right, a score of which only the order means something, or
a verdict (1 accepted, 0 rejected)."""


JudgementOrScore = Judgement | float | None
"""What a verifier may return: a plain number is a score without a reason; None: it could not judge."""


class Verifier(Protocol):
    """Judges one text as an answer to a problem, with passes of its own if it needs them.

    Returns a score with its reason, higher is better; its docstring says which `Kind`.
    """

    def __call__(self, problem: Problem, text: str, *, key: Key) -> Flow[JudgementOrScore]: ...


class Ranker(Protocol):
    """Judges several texts against each other: a score for each, in their order, as a `Verifier` gives it.

    In its Cost line, `n` is the number of texts.
    """

    def __call__(self, problem: Problem, texts: Sequence[str], *, key: Key) -> Flow[Sequence[JudgementOrScore]]: ...


Chosen = Annotated[Verifier | Ranker, Room("verifiers")]
"""A parameter that takes a verifier or a ranker by name."""


def load(spec: str) -> Verifier | Ranker:
    """`NAME[:option=value...]`, an entry point or `path.py:function`, as a verifier with its options set.

    Raises UsageError naming the nearest valid name or option.
    """
    return cast(Verifier | Ranker, load_from("verifiers", spec).make)


def is_ranker(verifier: Callable[..., Any]) -> bool:
    """Whether a verifier judges several texts at once."""
    return "texts" in inspect.signature(verifier).parameters


def kind_of(verifier: Callable[..., Any]) -> Kind:
    """What a verifier returns: the first word of its docstring's Returns section; "score" where it has none."""
    word = describe(verifier).sections.get("Returns", "").partition(";")[0].strip()
    return cast(Kind, word) if word in get_args(Kind) else "score"


def judged(
    verifier: Verifier | Ranker, problem: Problem, texts: Mapping[int, str], *, key: Key
) -> Flow[tuple[dict[int, Judgement], bool]]:
    """The judgement of each text, by its number, and whether the budget allowed them all.

    A text keeps its number whichever other texts are judged, so that its judgement is drawn alike in every method. A
    single judgement that does not fit the budget leaves the other texts theirs.
    """
    verify = key / "verify"
    if not is_ranker(verifier):
        single = cast(Verifier, verifier)
        flows = [_paid(single(problem, text, key=verify / number)) for number, text in texts.items()]
        judgements = yield from together(flows)
        by_number = {n: Judgement.of(judgement) for n, (judgement, _) in zip(texts, judgements, strict=True)}
        return by_number, all(paid for _, paid in judgements)
    if not texts:
        return {}, True
    ranking, paid = yield from _paid(cast(Ranker, verifier)(problem, list(texts.values()), key=verify))
    if ranking is not None and len(ranking) != len(texts):
        raise UsageError(f"a ranker gave {len(ranking)} scores to {len(texts)} texts")
    judgements = ranking or [None] * len(texts)
    return {n: Judgement.of(judgement) for n, judgement in zip(texts, judgements, strict=True)}, paid


def scores_of(
    verifier: Verifier | Ranker, problem: Problem, texts: Mapping[int, str], *, key: Key
) -> Flow[tuple[dict[int, float | None], bool]]:
    """The scores only; see `judged`."""
    judgements, paid = yield from judged(verifier, problem, texts, key=key)
    return {number: judgement.value for number, judgement in judgements.items()}, paid


def _paid(judgement: Flow[Any]) -> Flow[tuple[Any, bool]]:
    """What a flow returns, None if the budget stopped it, and whether the budget never fell short: a verifier that
    makes do with fewer passes is not paid in full."""
    short: list[OutOfBudget] = []

    def note(error: Exception) -> None:
        short.extend([error] if isinstance(error, OutOfBudget) else [])

    returned = yield from affordable(rewritten(judgement, on_error=note))
    return returned, not short
