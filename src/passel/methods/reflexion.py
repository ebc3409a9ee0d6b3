"""Reflexion: trials with a memory, in words, of what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from passel.core.ask import Message, Prompt
from passel.core.flow import Flow, affordable, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.judging import all_judged
from passel.methods.parts.prompts import with_line
from passel.methods.parts.votes import highest
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["reflexion"]

REFLECT = """You tried to answer this question and your answer was not accepted. In a few sentences, say what probably
went wrong and what you will do otherwise next time. Do not write the solution.

[Question]
{question}

[Your attempt]
{attempt}"""

MEMORY = "You have tried this before. What you learned from earlier trials:\n{notes}"


@needs(generator="text", critic="text")
def reflexion(
    problem: Problem,
    *,
    key: Key,
    trials: Annotated[int, Log(1, 16)] = 4,
    verifier: Chosen = self_evaluation,
    threshold: Annotated[float, Linear(0.0, 1.0)] = 0.5,
    memory: Annotated[int, Log(1, 8)] = 3,
) -> Flow[Result]:
    """Tries, has the trial scored, and if it is not accepted writes a reflection that later trials are shown.

    Source: Shinn et al. 2023, Reflexion: Language Agents with Verbal Reinforcement Learning (2303.11366), algorithm 1.

    Args:
        trials: trials at most; 4 is ours, the paper goes to 12 and more.
        verifier: the evaluator. The paper's evaluator knows the right answer on some tasks (`math_answer` here, an
            upper bound), and is a set of tests or a heuristic on others.
        threshold: a trial with at least this score is accepted; ours.
        memory: reflections that are shown, the latest ones; 3 in the paper.

    Cost: generate <= 2 * trials, verifier <= trials

    Guarantees: heuristic; no better than the evaluator, and without a gain where reflections do not help.

    Deviations: the actor sees its reflections and not its last trajectory; the paper has both settings. A trial without
    an answer is not accepted and not judged. If no trial is accepted, the trial of the highest score is the answer.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = reflexion(Problem("1", "2 + 2?"), key=Key(), verifier=arithmetic, threshold=0.8)
    >>> play(flow, ["2+2=5", "I added wrongly.", "2+2=4"]).value.text
    '2+2=4'
    """
    attempts: list[Candidate] = []
    notes: list[str] = []
    whole, accepted = True, False
    for trial in range(trials):
        trial_key, first = (key / "trial" / trial, 0) if notes else (key, trial)
        attempt = sample(_prompt(problem, notes[-memory:]), key=trial_key, first=first)
        replies = yield from affordable(attempt, or_raise=not attempts)
        if replies is None:
            whole = False
            break
        (scored,), whole = yield from all_judged(
            verifier, problem, [candidate(problem, replies[0])], key=key, first=trial
        )
        attempts.append(scored)
        accepted = scored.score is not None and scored.score >= threshold
        if accepted or not whole or trial + 1 == trials:
            break
        reflections = yield from affordable(_reflection(problem, scored, key / trial))
        if reflections is None:
            whole = False
            break
        notes += reflections
    chosen = attempts[-1] if accepted else highest(attempts)
    return Result.of(chosen, attempts, whole=whole, info={"accepted": accepted, "reflections": len(notes)})


def _reflection(problem: Problem, attempt: Candidate, key: Key) -> Flow[list[str]]:
    """The critic's reflection on an attempt; no text if its reply is not usable."""
    prompt = (Message("user", REFLECT.format(question=problem.question, attempt=attempt.text.strip())),)
    (reply,) = yield from sample(prompt, key=key, role="critic", label="reflexion")
    return [" ".join(reply.text.split())] if reply.ok and reply.text.strip() else []


def _prompt(problem: Problem, notes: Sequence[str]) -> Prompt:
    if not notes:
        return problem.prompt
    return with_line(problem.prompt, "\n" + MEMORY.format(notes="\n".join([f"- {note}" for note in notes])))
