"""A verifier must accept the gold answer of a task that it suits: no reference solution is rejected.

Which tasks a verifier suits is found by asking: those whose reference solutions it can judge. Models are played by one
that approves, and that knows what a question wants; tools are the real ones.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from functools import cache, partial

import pytest
from law_setup import VERIFIERS

from passel.core.ask import Ask, Call, Generate, Score
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.options import configured
from passel.core.play import play
from passel.core.problem import Problem
from passel.core.registry import find
from passel.core.reply import Reply
from passel.runs.scoring import tools_of
from passel.sandbox import available
from passel.tasks import Task, load
from passel.verifiers import is_ranker, scores_of
from passel.verifiers.parts.masking import masked

SHIPPED = ("sums", "text_to_sql")
TASKS = (*SHIPPED, "gsm8k", "math500", "humaneval", "mbpp", "humaneval_plus", "mbpp_plus")
WRONG = "I cannot tell."
OWN_TEXTS = {"json_schema": '{"answer": 4}'}
"""Where a task's solution is not of the form that is judged."""


@pytest.fixture
def options(tmp_path):
    """What the user gives verifiers that judge by it alone."""
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object", "required": ["answer"]}', encoding="utf-8")
    return {"regex": {"pattern": r"\w"}, "json_schema": {"schema": str(schema)}}


def approve(ask: Ask, problem: Problem, solution: str, tools) -> Reply:
    """What an approving model says, in every form that verifiers ask for."""
    if isinstance(ask, Call):
        value = tools[ask.tool](**ask.arguments)
        if hasattr(value, "__await__"):
            value = asyncio.run(value)
        return Reply(value=value)
    if isinstance(ask, Score):
        if ask.what == "reward":
            return Reply(scores=(1.0,) * len(ask.continuations))
        best = "Yes" if "Yes" in ask.continuations else ask.continuations[-1]
        return Reply(scores=tuple(0.0 if one == best else -30.0 for one in ask.continuations))
    assert isinstance(ask, Generate)
    return Reply(text=said(ask, problem, solution))


def said(ask: Generate, problem: Problem, solution: str) -> str:
    prompt = ask.prompt if isinstance(ask.prompt, str) else ask.prompt[-1].content
    match ask.label:
        case "judge":
            return "Rating: [[10]]"
        case "fobar":  # the number that stands in the question where the prompt has a letter
            one = next(one for one in masked(problem, 8) if one.question in prompt)
            return f"{one.name} = {one.hidden}"
        case "pairwise":
            first = prompt.partition("[Answer A]\n")[2].partition("\n[End")[0]
            return "[[A]]" if first.strip() == solution.strip() else "[[B]]"
        case "listwise":
            numbered = re.findall(r"\[(\d+)\]\n(.*?)(?=\n\n\[\d+\]\n|\n\nReply with)", prompt, re.DOTALL)
            best = next(n for n, text in numbered if text.strip() == solution.strip())
            return " > ".join(f"[{n}]" for n in [best, *(n for n, _ in numbered if n != best)])
        case "step_judge" | "spare":
            steps = range(1, 40)
            if ask.label == "spare":
                return json.dumps([{"student_step": step, "label": "CORRECT"} for step in steps])
            return "\n".join(f"Step {step}: fine. Verdict: correct" for step in steps)
        case "own_tests":
            tests = "\n".join(problem.details.get("tests", ()))
            return f"```python\n{tests}\n```"
    return "It all adds up.\nVerdict: Yes"


@cache
def problems() -> list[tuple[Task, Problem]]:
    found = []
    for spec in TASKS:
        if spec not in SHIPPED and not os.environ.get("PASSEL_DATA"):
            continue
        task = load(spec)
        try:
            found += [(task, problem) for problem in task.problems(limit=2)]
        except UsageError:
            continue  # an extra that is not installed
    return found


@pytest.mark.parametrize(
    "name", [name for name in VERIFIERS if name != "logic"]
)  # its law: tests/verifiers/test_logic.py
def test_a_verifier_accepts_gold_answers(name, options):
    if not available():
        pytest.skip("no sandbox on this machine")
    verifier = configured(find("verifiers", name), options.get(name, {}))
    judged_some = False
    for task, problem in problems():
        gold = OWN_TEXTS.get(name, task.solution(problem.id))
        texts = {0: gold, 1: WRONG} if is_ranker(verifier) else {0: gold}
        script = partial(approve, problem=problem, solution=gold, tools=tools_of(task, problem.id))
        scores, paid = play(scores_of(verifier, problem, texts, key=Key()), script).value
        assert paid
        if scores[0] is None:
            continue
        judged_some = True
        if is_ranker(verifier):
            assert scores[0] > (scores[1] or 0.0) or scores[1] is None, (task.name, problem.id)
        else:
            assert scores[0] == pytest.approx(1.0), (task.name, problem.id)
    if not judged_some and not os.environ.get("PASSEL_DATA"):
        pytest.skip("needs PASSEL_DATA, the folder of the data sets")
    assert judged_some, f"{name} judges no reference solution of {', '.join(TASKS)}"
