"""What each kind of layer does to the drafts before it. All have one form: drafts in, drafts out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from passel.core.ask import Message, Prompt, Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample, sample_within, together
from passel.core.key import Key
from passel.core.options import configured
from passel.core.problem import Problem
from passel.methods.parts.fusing import fusion_prompt
from passel.methods.parts.layers import Kind, Layer
from passel.methods.parts.prompts import numbered
from passel.methods.parts.recast import recast
from passel.verifiers import scores_of
from passel.verifiers.genrm import genrm
from passel.verifiers.listwise import listwise

__all__ = ["LAYERS", "Draft", "Run"]

CRITIQUE = """Below are a question and {count} responses to it. For each response, say in one or two sentences what its
strengths and its weaknesses are. Write one line for each, in this form:

[Response 1] (strengths and weaknesses)

[Question]
{question}

{responses}"""

TESTS = """{question}

Do not answer this. Write {count} short checks that a good response must pass: statements that are true of every right
response and can be told from the response alone. One check a line, numbered 1., 2., …"""

EVALUATE = """Below are a question, a response to it, and numbered checks. For each check say whether the response
passes it. Write one line for each, in the form "1: pass" or "1: fail", and nothing else.

[Question]
{question}

[Response]
{response}

[Checks]
{checks}"""

_NOTE = re.compile(r"^\W*response\W{0,4}(\d{1,3})\W*", re.IGNORECASE | re.MULTILINE)
_CHECK = re.compile(r"^\s*\d{1,3}[.)]\s*(.+)$", re.MULTILINE)
_RESULT = re.compile(r"^\W*(\d{1,3})\W{1,4}(pass|fail)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A response on its way through the layers, what a critic said of it, and the checks that it will be held to."""

    text: str
    note: str = ""
    checks: tuple[str, ...] = ()


Ran = tuple[list[Draft], bool]
"""The drafts after a layer, and whether the budget allowed all of it."""


class Run(Protocol):
    """Runs one layer. What the budget does not allow is left out; OutOfBudget if it allows nothing."""

    def __call__(self, problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key, /) -> Flow[Ran]: ...


def _generate(problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key) -> Flow[Ran]:
    """Samples of each generator; those of the usual role alone are the draws that all methods share."""
    return (yield from _drawn(problem.prompt, layer, key, "generator"))


def _fuse(problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key) -> Flow[Ran]:
    prompt = fusion_prompt(problem, [one.text for one in drafts], [one.note for one in drafts])
    found, whole = yield from _drawn(prompt, layer, key, "fuser", label="fuse")
    return found or list(drafts[: sum(block.count for block in layer.blocks)]), whole


def _drawn(prompt: Prompt, layer: Layer, key: Key, usual: str, *, label: str = "") -> Flow[Ran]:
    """The draws of components side by side, numbered from one to the next: roles that fall to one model draw anew."""
    found: list[Draft] = []
    first, missing = 0, 0
    for block in layer.blocks:
        role = block.role or usual
        try:
            replies = yield from sample_within(prompt, key=key, n=block.count, first=first, role=role, label=label)
        except OutOfBudget:
            replies = []
        first += block.count
        missing += block.count - len(replies)
        found += [Draft(reply.text) for reply in replies if reply.ok]
    if missing == first:
        raise OutOfBudget
    return found, not missing


def _rank(problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key) -> Flow[Ran]:
    """The best by one listing of all; repair of malformed lists is the verifier's."""
    shown = {place: f"{one.text}\n(A critic: {one.note})" if one.note else one.text for place, one in enumerate(drafts)}
    block = layer.blocks[0]
    scores, paid = yield from recast(scores_of(listwise, problem, shown, key=key), "judge", block.role)
    if not paid and all(score is None for score in scores.values()):
        raise OutOfBudget
    order = sorted(shown, key=lambda place: (-(scores[place] or 0.0), place))
    return [drafts[place] for place in order[: block.count]], paid


def _critique(problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key) -> Flow[Ran]:
    responses = numbered([one.text for one in drafts])
    asked = CRITIQUE.format(count=len(drafts), question=problem.question, responses=responses)
    role = layer.blocks[0].role or "critic"
    (reply,) = yield from sample((Message("user", asked),), key=key, role=role, label="critique")
    notes = _notes(reply.text) if reply.stop in ("end", "length") else {}
    return [replace(one, note=notes.get(number, "")) for number, one in enumerate(drafts, 1)], True


def _verify(problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key) -> Flow[Ran]:
    """Those that one chain of reasons finds right; all, if it is none."""
    texts = {place: one.text for place, one in enumerate(drafts)}
    judging = scores_of(configured(genrm, {"m": 1}), problem, texts, key=key)
    scores, paid = yield from recast(judging, "verifier", layer.blocks[0].role)
    return [one for place, one in enumerate(drafts) if (scores[place] or 0.0) >= 0.5] or list(drafts), paid


def _tests(problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key) -> Flow[Ran]:
    block = layer.blocks[0]
    prompt = (Message("user", TESTS.format(question=problem.question, count=block.count)),)
    (reply,) = yield from sample(prompt, key=key, role=block.role or "tester", label="tests")
    checks = tuple(_CHECK.findall(reply.text)[: block.count]) if reply.ok else ()
    return [replace(one, checks=checks) for one in drafts], True


def _evaluate(problem: Problem, drafts: Sequence[Draft], layer: Layer, key: Key) -> Flow[Ran]:
    """Those that pass most checks. Those that the budget left unread come last."""
    block = layer.blocks[0]
    role = block.role or "judge"
    flows = [_passed(problem, one, role, key / place) for place, one in enumerate(drafts)]
    passed = yield from together(flows)
    if passed and all(count is None for count in passed):
        raise OutOfBudget
    known = [-1 if count is None else count for count in passed]
    order = sorted(range(len(drafts)), key=lambda place: (-known[place], place))
    return [replace(drafts[place], checks=()) for place in order[: block.count]], None not in passed


def _passed(problem: Problem, draft: Draft, role: str, key: Key) -> Flow[int | None]:
    """How many checks a draft passes; None if the budget does not allow to tell."""
    if not draft.checks:
        return 0
    checks = "\n".join([f"{number}. {check}" for number, check in enumerate(draft.checks, 1)])
    asked = EVALUATE.format(question=problem.question, response=draft.text, checks=checks)
    greedy = Sampling(temperature=0.0)
    try:
        (reply,) = yield from sample((Message("user", asked),), key=key, sampling=greedy, role=role, label="evaluate")
    except OutOfBudget:
        return None
    said = {int(number): word.lower() == "pass" for number, word in _RESULT.findall(reply.text)} if reply.ok else {}
    return sum(said.get(number, False) for number in range(1, len(draft.checks) + 1))


def _notes(text: str) -> dict[int, str]:
    """What a critic says of each response, by its number."""
    marks = list(_NOTE.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    return {int(mark[1]): " ".join(text[mark.end() : end].split()) for mark, end in zip(marks, ends, strict=True)}


LAYERS: Mapping[Kind, Run] = {
    "generate": _generate,
    "fuse": _fuse,
    "rank": _rank,
    "critique": _critique,
    "verify": _verify,
    "tests": _tests,
    "evaluate": _evaluate,
}
"""What runs each kind of layer."""
