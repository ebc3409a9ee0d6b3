"""Debate: agents see each other's answers and answer again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from passel.core.ask import Prompt
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample, sample_within, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.prompts import follow_up, numbered, with_line
from passel.methods.parts.votes import first_of, tally

__all__ = ["debate"]

ASK = """Here is what other agents answered:

{others}

Take their answers as advice. Look again at yours and at theirs, and give your answer anew, in the form asked for at
the beginning."""
ALONE = "Look at your answer again, step by step, and give it anew, in the form asked for at the beginning."


@needs(generator="text")
def debate(
    problem: Problem, *, key: Key, agents: Annotated[int, Log(1, 16)] = 3, rounds: Annotated[int, Log(1, 8)] = 2
) -> Flow[Result]:
    """The majority of several agents after they have seen each other's answers and answered again.

    Each agent answers. In every further round each sees what the others said last and answers anew.

    Source: Du et al. 2023, Improving Factuality and Reasoning through Multiagent Debate (2305.14325).

    Args:
        agents: 3 in the paper's main experiments.
        rounds: answers of each agent; 2 in the paper.

    Cost: generate <= agents * rounds

    Guarantees: heuristic. With one round it is a vote.

    Deviations: the agents are draws of one model. An agent is shown its own last answer; in the paper's code it keeps
    its whole chat. A reply that failed or was cut is not shown to others, and the agent keeps its last whole one. When
    the budget ends it, the answers so far vote. Wording ours.

    >>> from passel.core.play import play
    >>> script = ["4", "5", "4", "4", "4", "5"]
    >>> play(debate(Problem("1", "2 + 2?"), key=Key()), script).value.answer.text
    '4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=agents)
    stop = "done" if len(replies) == agents else "budget"
    drawn = [candidate(problem, reply) for reply in replies]
    last = list(drawn)
    changed = 0
    for turn in range(1, rounds):
        if stop == "budget":
            break
        prompts = [_prompt(problem, last, agent) for agent in range(agents)]
        answers = yield from together([_answer(prompt, key / turn, agent) for agent, prompt in enumerate(prompts)])
        stop = "done" if all(answers) else "budget"
        for agent, reply in enumerate(answers):
            if reply is not None:
                new = candidate(problem, reply)
                drawn.append(new)
                changed += reply.ok and _key(new) != _key(last[agent])
                last[agent] = new if reply.ok else last[agent]
    chosen = first_of(last, tally(last))
    info = {"changed": changed}
    if chosen is None:
        return Result(candidates=tuple(drawn), stop=stop, info=info)
    return Result(chosen.answer, chosen.text, None, tuple(drawn), stop, info)


def _prompt(problem: Problem, last: Sequence[Candidate], agent: int) -> Prompt:
    """What an agent is asked next; one that has said nothing whole yet gets the question with the others' answers."""
    others = [one.text for other, one in enumerate(last) if other != agent and _whole(one)]
    asked = ASK.format(others=numbered(others, "Agent")) if others else ALONE
    if _whole(last[agent]):
        return follow_up(problem.prompt, last[agent].text, asked)
    return with_line(problem.prompt, asked) if others else problem.prompt


def _answer(prompt: Prompt, key: Key, agent: int) -> Flow[Reply | None]:
    try:
        (reply,) = yield from sample(prompt, key=key, first=agent, label="debate")
    except OutOfBudget:
        return None
    return reply


def _whole(one: Candidate) -> bool:
    return one.stop == "end" and bool(one.text.strip())


def _key(one: Candidate) -> str | None:
    return one.answer.key if one.answer else None
