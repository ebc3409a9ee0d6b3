"""What each kind of layer does. All have the same form: responses in, responses out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from passel.core.ask import Message, Prompt, Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, affordable, sample, sample_within, together
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

__all__ = ["LAYERS", "Response", "Run"]

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
class Response:
    """A response on its way through the layers.

    Args:
        text: the response. note: a critic's words about it. checks: statements that it will be checked against.
    """

    text: str
    note: str = ""
    checks: tuple[str, ...] = ()


Ran = tuple[list[Response], bool]
"""The responses after a layer, and whether the budget allowed all passes of the layer."""


class Run(Protocol):
    """Runs one layer. What the budget does not allow is left out; OutOfBudget if it allows nothing."""

    def __call__(self, problem: Problem, responses: Sequence[Response], layer: Layer, key: Key, /) -> Flow[Ran]: ...


def _generate(problem: Problem, responses: Sequence[Response], layer: Layer, key: Key) -> Flow[Ran]:
    """Samples of each generator. Where only the usual role generates, all methods share these samples."""
    return (yield from _sampled(problem.prompt, layer, key, "generator"))


def _fuse(problem: Problem, responses: Sequence[Response], layer: Layer, key: Key) -> Flow[Ran]:
    prompt = fusion_prompt(problem, [one.text for one in responses], [one.note for one in responses])
    fused, whole = yield from _sampled(prompt, layer, key, "fuser", label="fuse")
    return fused or list(responses[: sum(block.count for block in layer.blocks)]), whole


def _sampled(prompt: Prompt, layer: Layer, key: Key, usual: str, *, label: str = "") -> Flow[Ran]:
    """Samples of components side by side. They are numbered from one component to the next, so that roles played by the
    same model sample different texts."""
    responses: list[Response] = []
    first, missing = 0, 0
    for block in layer.blocks:
        role = block.role or usual
        samples = sample_within(prompt, key=key, n=block.count, first=first, role=role, label=label)
        replies = (yield from affordable(samples)) or []
        first += block.count
        missing += block.count - len(replies)
        responses += [Response(reply.text) for reply in replies if reply.ok]
    if missing == first:
        raise OutOfBudget
    return responses, not missing


def _rank(problem: Problem, responses: Sequence[Response], layer: Layer, key: Key) -> Flow[Ran]:
    """The best responses by one listing of all; the verifier repairs malformed lists."""
    shown = {i: f"{one.text}\n(A critic: {one.note})" if one.note else one.text for i, one in enumerate(responses)}
    block = layer.blocks[0]
    scores, paid = yield from recast(scores_of(listwise, problem, shown, key=key), "judge", block.role)
    if not paid and all(score is None for score in scores.values()):
        raise OutOfBudget
    order = sorted(shown, key=lambda index: (-(scores[index] or 0.0), index))
    return [responses[index] for index in order[: block.count]], paid


def _critique(problem: Problem, responses: Sequence[Response], layer: Layer, key: Key) -> Flow[Ran]:
    listed = numbered([one.text for one in responses])
    request = CRITIQUE.format(count=len(responses), question=problem.question, responses=listed)
    role = layer.blocks[0].role or "critic"
    (reply,) = yield from sample((Message("user", request),), key=key, role=role, label="critique")
    notes = _notes(reply.text) if reply.stop in ("end", "length") else {}
    return [replace(one, note=notes.get(number, "")) for number, one in enumerate(responses, 1)], True


def _verify(problem: Problem, responses: Sequence[Response], layer: Layer, key: Key) -> Flow[Ran]:
    """The responses that one chain of reasons finds right; all responses, if it finds none right."""
    texts = {index: one.text for index, one in enumerate(responses)}
    judging = scores_of(configured(genrm, {"m": 1}), problem, texts, key=key)
    scores, paid = yield from recast(judging, "verifier", layer.blocks[0].role)
    return [one for index, one in enumerate(responses) if (scores[index] or 0.0) >= 0.5] or list(responses), paid


def _tests(problem: Problem, responses: Sequence[Response], layer: Layer, key: Key) -> Flow[Ran]:
    block = layer.blocks[0]
    prompt = (Message("user", TESTS.format(question=problem.question, count=block.count)),)
    (reply,) = yield from sample(prompt, key=key, role=block.role or "tester", label="tests")
    checks = tuple(_CHECK.findall(reply.text)[: block.count]) if reply.ok else ()
    return [replace(one, checks=checks) for one in responses], True


def _evaluate(problem: Problem, responses: Sequence[Response], layer: Layer, key: Key) -> Flow[Ran]:
    """The responses that pass most checks. Responses that the budget left unread come last."""
    block = layer.blocks[0]
    role = block.role or "judge"
    flows = [affordable(_passed(problem, one, role, key / index)) for index, one in enumerate(responses)]
    passed = yield from together(flows)
    if passed and all(count is None for count in passed):
        raise OutOfBudget
    known = [-1 if count is None else count for count in passed]
    order = sorted(range(len(responses)), key=lambda index: (-known[index], index))
    return [replace(responses[index], checks=()) for index in order[: block.count]], None not in passed


def _passed(problem: Problem, response: Response, role: str, key: Key) -> Flow[int]:
    """How many checks a response passes."""
    if not response.checks:
        return 0
    checks = "\n".join([f"{number}. {check}" for number, check in enumerate(response.checks, 1)])
    request = EVALUATE.format(question=problem.question, response=response.text, checks=checks)
    greedy = Sampling(temperature=0.0)
    (reply,) = yield from sample((Message("user", request),), key=key, sampling=greedy, role=role, label="evaluate")
    verdicts = {int(number): word.lower() == "pass" for number, word in _RESULT.findall(reply.text)} if reply.ok else {}
    return sum(verdicts.get(number, False) for number in range(1, len(response.checks) + 1))


def _notes(text: str) -> dict[int, str]:
    """A critic's words about each response, by its number."""
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
"""The function that runs each kind of layer."""
