"""Clarification: the model first looks for a flaw in the question."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from passel.core.ask import Message, Sampling
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods import Inner
from passel.methods.parts.endings import paid_for
from passel.methods.parts.prompts import instructed
from passel.methods.single import single

__all__ = ["clarify"]

Intervention = Literal["persona", "ask", "check"]

PERSONA = (
    "You are careful. Before you act on a request you look for what does not fit: something missing, a contradiction, "
    "a false premise, more than one reading. Where there is such a thing you say so; where there is none you answer."
)
ASK = "Before you answer, ask the one clarifying question that matters most, and say how you answer it yourself."
CHECK = """Below is a request. Is there a problem with it: something missing, a contradiction, a false premise, or more
than one reading? Say in one or two sentences what the problem is, or write "No problem."

{question}"""


@needs(generator="text", critic="text")
def clarify(
    problem: Problem, *, key: Key, method: Inner = single, intervention: Intervention = "persona"
) -> Flow[Result]:
    """Has the model look for a flaw in the question before it answers, in one of three ways.

    Models often see that a request is flawed when asked, and stay silent when they are not. persona: a cautious
    character in the system message. ask: the model must first put a clarifying question (and answer it, for nobody else
    will). check: a separate pass asks whether there is a problem; its reply stands below the question.

    Source: Yan et al. 2025, Hidden in Plain Sight: Probing Implicit Reasoning in Multimodal Language Models
    (2506.00258): the implicit setting is the problem as it is, the explicit one `check`, the interventions `persona`
    and `ask`.

    Args:
        method: the method that answers the changed problem.
        intervention: persona, ask or check.

    Cost: method = 1, generate <= 1

    Guarantees: heuristic. On questions without a flaw it can cost accuracy; the paper measures flawed questions.

    Deviations: the paper's items have images; its prompts were not available, so the wording is ours, for texts. In the
    paper a user could reply to the question; here the model answers it itself.

    >>> from passel.core.play import play
    >>> flow = clarify(Problem("1", "2 + 2?"), key=Key(), intervention="check")
    >>> print(play(flow, ["No problem.", "4"]).asks[1].prompt[-1].content)
    2 + 2?
    (A reviewer on this question: No problem.)
    """
    changed = problem
    match intervention:
        case "persona":
            changed = replace(problem, system=f"{problem.system}\n{PERSONA}".strip())
        case "ask":
            changed = instructed(problem, ASK)
        case "check":
            review = yield from _review(problem, key)
            if review:
                changed = instructed(problem, f"(A reviewer on this question: {review})", before=True)
            return (yield from paid_for(method(changed, key=key)))
    return (yield from method(changed, key=key))


def _review(problem: Problem, key: Key) -> Flow[str]:
    """A critic's words about the question; "" if its reply is not usable."""
    prompt = (Message("user", CHECK.format(question=problem.question)),)
    greedy = Sampling(temperature=0.0)
    (reply,) = yield from sample(prompt, key=key, sampling=greedy, role="critic", label="clarify")
    return " ".join(reply.text.split()) if reply.ok else ""
