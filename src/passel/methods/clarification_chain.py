"""Chain of clarifications: the model asks itself what it must know, looks it up in the document, then answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from passel.core.ask import Sampling
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, affordable, sample, sample_within, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.clarifications import (
    Link,
    Node,
    answer_chat,
    clarification_tree,
    final_chat,
    helpful,
    leaves,
    question_chat,
    select_chat,
)
from passel.methods.parts.passages import document_of, split
from passel.methods.parts.votes import last_answered, majority

__all__ = ["clarification_chain"]

STEADY = Sampling(temperature=0.2)
"""The sampling parameters of all requests but the clarifying questions, as in the public code."""


@dataclass(frozen=True, slots=True)
class _Document:
    """A document and the question about it.

    Args:
        problem: of which they are parts. passages: the document's. max_shown: passages that a prompt may show.
    """

    problem: Problem
    question: str
    passages: Sequence[str]
    max_shown: int


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
    """A tree of clarifying questions that the model asks itself, each answered from the passages that help with it.

    The document (`problem.details["document"]`, else the question itself) is split into numbered passages. At the root
    the passages that help with the question are selected, with one pass for each, and the question is answered from
    them. For a node, `width` clarifying questions are sampled; each is a child, for which the helpful passages are
    selected, the clarifying question is answered from them, and then the problem's question. Breadth first, to `depth`.
    The answer is the majority of the leaves; with width=1 the tree is a chain, whose last node answers.

    Source: Zhuang et al. 2025, Self-Taught Agentic Long Context Understanding (2502.15920), and its public code
    (`qa_tree_datagen.py`: qa_node.sampling_step, bfs_sampling, batched_context_retrieve).

    Symbols: b -> width; d -> depth.

    Args:
        width: clarifying questions of a node; 8 in the paper.
        depth: clarifying questions of a chain; 3 in the paper, 2 in its script.
        nodes: clarifications at most; width 2 and depth 2 make 6, 8 and 3 make 584.
        tokens: of a passage, at most; 512 as in the code.
        keep: passages shown in a prompt at most; the code shows all that help, this is for models of short context.
        passages: passages at most; if there would be more, they are longer. 32 is ours.

    Cost: generate <= passages + 1 + nodes * (passages + 3)

    Guarantees: heuristic. More nodes make it more likely that some node is right; the vote must find it.

    Deviations: the paper scores nodes by the gold answer, to make training data; here the leaves vote, ties to the
    first, and if no leaf has an answer the last node that has one answers. Trained models name the passages by
    themselves; here every passage is asked about. The wording is ours. A verdict is a whole word (in the code "know" is
    a no); a verdict that cannot be read counts as maybe, as there. Of more than `keep` passages, those with a yes come
    before those with a maybe. In later turns the passages of earlier turns are named by number, as in the training
    data. The check for termination, which the code makes and does not use, is left out.

    >>> from passel.core.play import play
    >>> story = Problem("1", "", details={"document": "Ann has a twin, Bo. Bo is 7.", "question": "How old is Ann?"})
    >>> said = ["Answer: maybe", "I do not know.", "Who is the twin?", "Answer: yes", "Bo, who is 7.", "7"]
    >>> play(clarification_chain(story, key=Key(), width=1, depth=1), said).value.text
    '7'
    """
    text, question = document_of(problem)
    document = _Document(problem, question, split(text, tokens, max_passages=passages), keep)
    made, whole = yield from _root(document, key)
    level = list(made)
    for _ in range(depth):
        asked, all_asked = yield from _questions(document, level, width, 1 + nodes - len(made), key)
        children = yield from together([_child(document, *request, key) for request in asked])
        level = [child for child, _ in children if child is not None]
        made += level
        whole = whole and all_asked and all(paid for _, paid in children)
    finals = [node.final for node in made]
    chosen = majority([node.final for node in leaves(made)]) or last_answered(finals)
    info = {"passages": len(document.passages), "tree": clarification_tree(made)}
    return Result.of(chosen, finals, whole=whole, info=info)


_Request = tuple[Node, int, str]
"""A clarifying question: the node that it was sampled for, its place among the node's, and its text."""


def _root(document: _Document, key: Key) -> Flow[tuple[list[Node], bool]]:
    """The root, if the budget allowed its answer, and whether it allowed all."""
    numbers, whole = yield from _select(document, document.question, key)
    if numbers is None:
        raise OutOfBudget
    root = Node((), (), numbers, Candidate("", None))
    prompt = final_chat(document.problem, document.question, document.passages, root)
    replies = yield from affordable(sample(prompt, key=key / "clarified", sampling=STEADY, label="answer"))
    if replies is None:
        return [], False
    return [replace(root, final=candidate(document.problem, replies[0]))], whole


def _questions(
    document: _Document, level: Sequence[Node], width: int, max_questions: int, key: Key
) -> Flow[tuple[list[_Request], bool]]:
    """Clarifying questions of a level's nodes, and whether the budget allowed all."""
    sizes = [max(0, min(width, max_questions - width * place)) for place in range(len(level))]

    def questions_of(node: Node, size: int) -> Flow[tuple[list[_Request], bool]]:
        prompt = question_chat(document.problem, document.question, document.passages, node)
        node_key = key / "clarify" / "-".join(map(str, node.path))
        replies = (yield from affordable(sample_within(prompt, key=node_key, n=size, label="clarify"))) or []
        requests = [(node, place, reply.text.strip()) for place, reply in enumerate(replies) if reply.ok]
        return [request for request in requests if request[2]], len(replies) == size

    pairs = [(node, size) for node, size in zip(level, sizes, strict=True) if size]
    asked = yield from together([questions_of(node, size) for node, size in pairs])
    return [request for requests, _ in asked for request in requests], all(paid for _, paid in asked)


def _child(document: _Document, node: Node, place: int, question: str, key: Key) -> Flow[tuple[Node | None, bool]]:
    """The node that a clarifying question makes, None if the budget ended or a reply failed; and whether all was paid
    for."""
    numbers, whole = yield from _select(document, question, key)
    if numbers is None:
        return None, False
    child = Node((*node.path, place), (*node.chain, Link(question, numbers)), numbers, Candidate("", None))
    answered = yield from affordable(_answered(document, child, key))
    return (None, False) if answered is None else (answered[0], whole)


def _answered(document: _Document, child: Node, key: Key) -> Flow[list[Node | None]]:
    """The node with the answers to its clarifying question and to the problem's; None if the first answer failed."""
    child_key = key / "clarified" / "-".join(map(str, child.path))
    problem, question, passages = document.problem, document.question, document.passages
    prompt = answer_chat(problem, question, passages, child)
    (reply,) = yield from sample(prompt, key=child_key, sampling=STEADY, label="clarified")
    if not reply.ok:
        return [None]
    *before, last = child.chain
    child = replace(child, chain=(*before, replace(last, answer=reply.text.strip())))
    prompt = final_chat(problem, question, passages, child)
    (reply,) = yield from sample(prompt, key=child_key, sampling=STEADY, label="answer")
    return [replace(child, final=candidate(problem, reply))]


def _select(document: _Document, question: str, key: Key) -> Flow[tuple[tuple[int, ...] | None, bool]]:
    """The numbers of the passages that help with a question, in their order, and whether the budget allowed to ask
    about all passages; None in place of the numbers if it allowed none."""
    prompts = [select_chat(document.problem, question, document.passages, i) for i in range(len(document.passages))]
    asking = [affordable(sample(prompt, key=key / "select", sampling=STEADY, label="select")) for prompt in prompts]
    verdicts = yield from together(asking)
    values = [None if replies is None else _helpful(replies[0]) for replies in verdicts]
    known = [value for value in values if value is not None]
    if values and not known:
        return None, False
    ranked = sorted(range(len(values)), key=lambda number: -(values[number] or 0.0))
    best = [number for number in ranked if values[number]][: document.max_shown]
    return tuple(sorted(best)), len(known) == len(values)


def _helpful(reply: Reply) -> float:
    return helpful(reply.text) if reply.ok else 0.0
