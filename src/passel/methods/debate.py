"""Debate: agents see each other's answers and answer again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from passel.core.ask import Prompt
from passel.core.flow import Flow, affordable, sample, sample_within, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.prompts import follow_up, numbered, with_line
from passel.methods.parts.votes import majority

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

    Each agent answers. In every later round each agent sees the others' last answers and answers again.

    Source: Du et al. 2023, Improving Factuality and Reasoning through Multiagent Debate (2305.14325).

    Args:
        agents: 3 in the paper's main experiments.
        rounds: answers of each agent; 2 in the paper.

    Cost: generate <= agents * rounds

    Guarantees: heuristic. With one round it is a vote.

    Deviations: the agents are samples of one model. An agent is shown its own last answer; in the paper's code it keeps
    its whole chat. A reply that failed or was truncated is not shown to others, and the agent keeps its last whole
    answer. When the budget ends it, the answers so far vote. The wording is ours.

    >>> from passel.core.play import play
    >>> script = ["4", "5", "4", "4", "4", "5"]
    >>> play(debate(Problem("1", "2 + 2?"), key=Key()), script).value.answer.text
    '4'
    """
    replies = yield from sample_within(problem.prompt, key=key, n=agents)
    whole = len(replies) == agents
    said = [candidate(problem, reply) for reply in replies]
    last = list(said)
    changed = 0
    for turn in range(1, rounds):
        if not whole:
            break
        prompts = [_prompt(problem, last, agent) for agent in range(agents)]
        answering = [
            affordable(sample(prompt, key=key / turn, first=agent, label="debate"))
            for agent, prompt in enumerate(prompts)
        ]
        for agent, answers in enumerate((yield from together(answering))):
            if answers is None:
                whole = False
                continue
            new = candidate(problem, answers[0])
            said.append(new)
            changed += answers[0].ok and _key(new) != _key(last[agent])
            last[agent] = new if answers[0].ok else last[agent]
    return Result.of(majority(last), said, whole=whole, info={"changed": changed})


def _prompt(problem: Problem, last: Sequence[Candidate], agent: int) -> Prompt:
    """An agent's next prompt. An agent without a whole answer so far gets the question with the others' answers."""
    others = [one.text for other, one in enumerate(last) if other != agent and _whole(one)]
    request = ASK.format(others=numbered(others, "Agent")) if others else ALONE
    if _whole(last[agent]):
        return follow_up(problem.prompt, last[agent].text, request)
    return with_line(problem.prompt, request) if others else problem.prompt


def _whole(answer: Candidate) -> bool:
    return answer.stop == "end" and bool(answer.text.strip())


def _key(candidate: Candidate) -> str | None:
    return candidate.answer.key if candidate.answer else None
