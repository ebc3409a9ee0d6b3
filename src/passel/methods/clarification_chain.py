"""Chain of clarifications: the model asks itself what it must know, looks it up in the document, then answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample, sample_within, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.clarifications import (
    Node,
    answer_chat,
    final_chat,
    helpful,
    leaves,
    question_chat,
    select_chat,
)
from passel.methods.parts.passages import document_of, split
from passel.methods.parts.votes import first_of, tally

__all__ = ["clarification_chain"]

STEADY = Sampling(temperature=0.2)
"""Of everything but the clarifying questions, as in the public code."""


@dataclass(frozen=True, slots=True)
class _Text:
    """What is asked about what: the document's passages, and how many of them a prompt may show."""

    problem: Problem
    question: str
    passages: Sequence[str]
    keep: int


@needs(generator="text")
def clarification_chain(
    problem: Problem,
    *,
    key: Key,
    width: Annotated[int, Log(1, 8)] = 2,
    depth: Annotated[int, Linear(1, 3)] = 2,
    nodes: Annotated[int, Log(1, 584)] = 6,
    tokens: Annotated[int, Log(32, 8192)] = 512,
    keep: Annotated[int, Linear(1, 16)] = 8,
    passages: Annotated[int, Log(1, 256)] = 32,
) -> Flow[Result]:
    """A tree of self-asked clarifying questions, each answered from the passages that help with it.

    The document (`problem.details["document"]`, else the question itself) is split into numbered passages. At the root
    those that help with the question are found, one pass each, and it is answered from them. From a node, `width`
    clarifying questions are drawn; each is a child, for which the passages that help are found, the clarifying question
    is answered from them, and then the problem's question. Breadth first, to `depth`. The answer is the majority of the
    leaves'; with width=1 the tree is one chain, whose last node answers.

    Source: Zhuang et al. 2025, Self-Taught Agentic Long Context Understanding (2502.15920), and its public code
    (`qa_tree_datagen.py`: qa_node.sampling_step, bfs_sampling, batched_context_retrieve).

    Symbols: b -> width; d -> depth.

    Args:
        width: clarifying questions of a node; 8 in the paper.
        depth: clarifying questions of a chain; 3 in the paper, 2 in its script.
        nodes: clarifications at most; width 2 and depth 2 make 6, 8 and 3 make 584.
        tokens: of a passage, at most; 512 as in the code.
        keep: passages shown in one prompt at most; the code shows all that help, this is for models of short context.
        passages: at most; where there would be more, they are longer. 32 is ours.

    Cost: generate <= passages + 1 + nodes * (passages + 3)

    Guarantees: heuristic. That some node is right is more likely the more there are; the vote must find it.

    Deviations: the paper scores nodes by the gold answer, to make training data; here the leaves vote, ties to the
    first, and where no leaf has an answer the last node with one answers. Trained models point at passages by
    themselves; here every passage is asked about. Our own wording. A verdict is a whole word (in the code "know" is a
    no); one that cannot be read counts as maybe, as there. Of more than `keep` passages, those of a yes come before
    those of a maybe. In later turns the passages of earlier ones are named by their numbers, as in the training data.
    The check for termination, which the code makes and does not use, is left out.

    >>> from passel.core.play import play
    >>> story = Problem("1", "", details={"document": "Ann has a twin, Bo. Bo is 7.", "question": "How old is Ann?"})
    >>> said = ["Answer: maybe", "I do not know.", "Who is the twin?", "Answer: yes", "Bo, who is 7.", "7"]
    >>> play(clarification_chain(story, key=Key(), width=1, depth=1), said).value.text
    '7'
    """
    document, question = document_of(problem)
    text = _Text(problem, question, split(document, tokens, most=passages), keep)
    made, whole = yield from _root(text, key)
    level = list(made)
    for _ in range(depth):
        asked, all_asked = yield from _questions(text, level, width, 1 + nodes - len(made), key)
        children = yield from together([_child(text, node, place, said, key) for node, place, said in asked])
        level = [child for child, _ in children if child is not None]
        made += level
        whole = whole and all_asked and all(paid for _, paid in children)
    return _chosen(made, len(text.passages), whole)


def _root(text: _Text, key: Key) -> Flow[tuple[list[Node], bool]]:
    numbers, whole = yield from _select(text, text.question, key)
    if numbers is None:
        raise OutOfBudget
    root = Node((), (), numbers, Candidate("", None))
    try:
        prompt = final_chat(text.problem, text.question, text.passages, root)
        (reply,) = yield from sample(prompt, key=key / "clarified", sampling=STEADY, label="answer")
    except OutOfBudget:
        return [], False
    return [replace(root, final=candidate(text.problem, reply))], whole


def _questions(
    text: _Text, level: Sequence[Node], width: int, most: int, key: Key
) -> Flow[tuple[list[tuple[Node, int, str]], bool]]:
    """Clarifying questions of a level's nodes, `most` in all, each with its node and its place among the node's."""
    sizes = [max(0, min(width, most - width * place)) for place in range(len(level))]

    def of(node: Node, size: int) -> Flow[tuple[list[tuple[Node, int, str]], bool]]:
        prompt = question_chat(text.problem, text.question, text.passages, node)
        own = key / "clarify" / "-".join(map(str, node.path))
        try:
            replies = yield from sample_within(prompt, key=own, n=size, label="clarify")
        except OutOfBudget:
            return [], False
        said = [(node, place, reply.text.strip()) for place, reply in enumerate(replies) if reply.ok]
        return [one for one in said if one[2]], len(replies) == size

    found = yield from together([of(node, size) for node, size in zip(level, sizes, strict=True) if size])
    return [one for some, _ in found for one in some], all(paid for _, paid in found)


def _child(text: _Text, node: Node, place: int, asked: str, key: Key) -> Flow[tuple[Node | None, bool]]:
    """The node that a clarifying question makes, None where the budget ended or a reply failed; and whether all was
    paid for."""
    numbers, whole = yield from _select(text, asked, key)
    if numbers is None:
        return None, False
    child = Node((*node.path, place), (*node.chain, (asked, numbers, "")), numbers, Candidate("", None))
    own = key / "clarified" / "-".join(map(str, child.path))
    try:
        prompt = answer_chat(text.problem, text.question, text.passages, child)
        (found,) = yield from sample(prompt, key=own, sampling=STEADY, label="clarified")
        if not found.ok:
            return None, whole
        child = replace(child, chain=(*node.chain, (asked, numbers, found.text.strip())))
        prompt = final_chat(text.problem, text.question, text.passages, child)
        (reply,) = yield from sample(prompt, key=own, sampling=STEADY, label="answer")
    except OutOfBudget:
        return None, False
    return replace(child, final=candidate(text.problem, reply)), whole


def _select(text: _Text, question: str, key: Key) -> Flow[tuple[tuple[int, ...] | None, bool]]:
    """The numbers of the passages that help with a question, in their order, and whether the budget allowed to ask
    about all; None in their place where it allowed none."""

    def one(number: int) -> Flow[float | None]:
        prompt = select_chat(text.problem, question, text.passages, number)
        try:
            (reply,) = yield from sample(prompt, key=key / "select", sampling=STEADY, label="select")
        except OutOfBudget:
            return None
        return helpful(reply.text) if reply.ok else 0.0

    values = yield from together([one(number) for number in range(len(text.passages))])
    known = [value for value in values if value is not None]
    if values and not known:
        return None, False
    ranked = sorted(range(len(values)), key=lambda number: -(values[number] or 0.0))
    kept = [number for number in ranked if values[number]][: text.keep]
    return tuple(sorted(kept)), len(known) == len(values)


def _chosen(made: Sequence[Node], passages: int, whole: bool) -> Result:
    finals = [node.final for node in leaves(made)]
    every = [node.final for node in made]
    chosen = first_of(finals, tally(finals)) or next((one for one in reversed(every) if one.answer is not None), None)
    tree = [
        {"path": list(node.path), "asked": node.chain[-1][0] if node.chain else "", "passages": list(node.passages)}
        for node in made
    ]
    stop = "done" if whole else "budget"
    info = {"passages": passages, "nodes": tree}
    if chosen is None:
        return Result(candidates=tuple(every), stop=stop, info=info)
    return Result(chosen.answer, chosen.text, None, tuple(every), stop, info)
