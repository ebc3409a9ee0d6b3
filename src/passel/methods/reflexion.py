"""Reflexion: trials with a memory of what went wrong in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from passel.core.ask import Message, Prompt
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.chains import best_scored, ended
from passel.methods.parts.prompts import with_line
from passel.verifiers import Chosen, scores_of
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
    """Tries, has the trial scored, and if it is not accepted writes a reflection that the next trials are shown.

    Source: Shinn et al. 2023, Reflexion: Language Agents with Verbal Reinforcement Learning (2303.11366), algorithm 1.

    Args:
        trials: at most; 4 is ours, the paper goes to 12 and more.
        verifier: the evaluator. The paper's knows what is right on some tasks (`math_answer` here, an upper bound), and
            is a set of tests or a heuristic on others.
        threshold: a score from which a trial is accepted; ours.
        memory: reflections that are kept, the last ones; 3 in the paper.

    Cost: generate <= 2 * trials, verifier <= trials

    Guarantees: heuristic; no better than the evaluator, and without a gain where reflections do not help.

    Deviations: the actor sees its reflections and not its last trajectory; the paper has both settings. A trial without
    an answer is not accepted and not judged. Where none is accepted, the one of the highest score is the answer.

    >>> from passel.core.play import play
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> flow = reflexion(Problem("1", "2 + 2?"), key=Key(), verifier=arithmetic, threshold=0.8)
    >>> play(flow, ["2+2=5", "I added wrongly.", "2+2=4"]).value.text
    '2+2=4'
    """
    attempts: list[Candidate] = []
    notes: list[str] = []
    whole, accepted = True, False
    try:
        for trial in range(trials):
            own = key if not notes else key / "trial" / trial
            first = 0 if notes else trial
            (reply,) = yield from sample(_prompt(problem, notes[-memory:]), key=own, first=first)
            one = candidate(problem, reply)
            attempts.append(one)
            texts = {trial: one.text} if one.answer is not None else {}
            scores, paid = yield from scores_of(verifier, problem, texts, key=key)
            attempts[-1] = one = replace(one, score=scores.get(trial))
            accepted = one.score is not None and one.score >= threshold
            whole = paid
            if accepted or not paid:
                break
            if trial + 1 < trials:
                asked = REFLECT.format(question=problem.question, attempt=one.text.strip())
                prompt = (Message("user", asked),)
                (said,) = yield from sample(prompt, key=key / trial, role="critic", label="reflexion")
                notes += [" ".join(said.text.split())] if said.ok and said.text.strip() else []
    except OutOfBudget:
        if not attempts:
            raise
        whole = False
    chosen = attempts[-1] if accepted else best_scored(attempts)
    return ended(attempts, chosen, whole=whole, accepted=accepted, reflections=len(notes))


def _prompt(problem: Problem, notes: Sequence[str]) -> Prompt:
    if not notes:
        return problem.prompt
    return with_line(problem.prompt, "\n" + MEMORY.format(notes="\n".join([f"- {note}" for note in notes])))
