"""A tree of clarifications: each node's question, passages and answer, and the chats that are made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from passel.core.ask import Prompt
from passel.core.problem import Problem
from passel.core.result import Candidate
from passel.methods.parts.passages import shown
from passel.methods.parts.prompts import follow_up
from passel.methods.parts.trees import node_info

__all__ = ["Link", "Node", "answer_chat", "clarification_tree", "final_chat", "helpful"]
__all__ += ["leaves", "question_chat", "select_chat"]

SELECT = """Question: {question}

{passage}

Does this passage help to answer the question, if only in part? Say why in a few words, then end with "Answer: yes",
"Answer: maybe" or "Answer: no"."""

CLARIFY = """{passages}

To answer the question "{question}": what would you want to know first? Ask one question about it, and nothing else."""

FOLLOW = 'To answer the question "{question}": what else would you want to know? Ask one question, and nothing else.'

WHERE = "Which passages help to answer what you asked?"

ANSWER = """{passages}

Answer the question that you asked from these passages, and sum up what you found."""

AGAIN = "Answer what you asked from these passages."

NONE = "No passage helps."
SEEN = "(Passages that you have seen.)"

_VERDICT = re.compile(r"\b(yes|maybe|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A clarification.

    Args:
        question: the clarifying question. passages: numbers of the passages that help with it.
        answer: the answer from these passages; "" before there is one.
    """

    question: str
    passages: tuple[int, ...]
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the tree.

    Args:
        path: its place among its siblings, and those of its ancestors; () is the root.
        chain: the clarifications of its ancestors and its own.
        passages: numbers of the passages that help with its own question, or at the root with the problem's.
        final: its answer to the problem's question.
    """

    path: tuple[int, ...]
    chain: tuple[Link, ...]
    passages: tuple[int, ...]
    final: Candidate


def helpful(text: str) -> float:
    """A reader's verdict on a passage, after its last "Answer:": 1 yes, 0 no, a half for maybe and everything else.

    >>> [helpful(text) for text in ("It may not matter. Answer: Yes.", "Answer: no", "I know nothing of it.")]
    [1.0, 0.0, 0.5]
    """
    verdicts = _VERDICT.findall(text.rpartition("nswer:")[2])
    return {"yes": 1.0, "maybe": 0.5, "no": 0.0}[verdicts[0].lower()] if verdicts else 0.5


def leaves(nodes: Sequence[Node]) -> list[Node]:
    """The nodes without children."""
    parents = {node.path[:-1] for node in nodes if node.path}
    return [node for node in nodes if node.path not in parents]


def clarification_tree(nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """The tree as JSON values, for a result's info: a row for each node, in the order in which they were made.

    A row's text is the node's clarifying question; its answer, and the passages that it is from, are beside it. It is
    finished if its reply to the problem's question has an answer.
    """
    numbers = {node.path: number for number, node in enumerate(nodes)}
    rows: list[dict[str, Any]] = []
    for number, node in enumerate(nodes):
        parent = numbers[node.path[:-1]] if node.path else None
        last = node.chain[-1] if node.chain else Link("", node.passages)
        more = {"passages": list(node.passages), "answer": last.answer}
        finished = node.final.answer is not None
        rows.append(node_info(number, parent, last.question, None, finished=finished, **more))
    return rows


def select_chat(problem: Problem, question: str, passages: Sequence[str], number: int) -> Prompt:
    """The request whether a passage helps with a question."""
    return _plain(problem, SELECT.format(question=question, passage=shown(passages, [number])))


def question_chat(problem: Problem, question: str, passages: Sequence[str], node: Node) -> Prompt:
    """The request for a clarifying question, after those of the node's chain; the node's passages stand above."""
    return _asking(problem, question, _text(passages, node.passages), node.chain)


def answer_chat(problem: Problem, question: str, passages: Sequence[str], child: Node) -> Prompt:
    """The request for the answer to the last clarifying question of the chain, from its passages only."""
    *before, last = child.chain
    request = ANSWER.format(passages=_text(passages, last.passages))
    return follow_up(_asking(problem, question, SEEN, before), last.question, request)


def final_chat(problem: Problem, question: str, passages: Sequence[str], child: Node) -> Prompt:
    """The problem's question, after the last clarifying question and its answer, or at the root."""
    if not child.chain:
        return replace(problem, question=f"{_text(passages, child.passages)}\n\n{question}").prompt
    turn = replace(problem, question=question).prompt[-1]
    assert not isinstance(turn, str)
    return follow_up(answer_chat(problem, question, passages, child), child.chain[-1].answer, turn.content)


def _asking(problem: Problem, question: str, above: str, chain: Sequence[Link]) -> Prompt:
    """The chat up to the next clarifying question. Earlier answers name their passages by number."""
    chat = _plain(problem, CLARIFY.format(passages=above, question=question))
    for link in chain:
        chat = follow_up(chat, link.question, WHERE)
        chat = follow_up(chat, ", ".join(f"[Passage {number + 1}]" for number in link.passages) or NONE, AGAIN)
        chat = follow_up(chat, link.answer, FOLLOW.format(question=question))
    return chat


def _text(passages: Sequence[str], numbers: Sequence[int]) -> str:
    return shown(passages, numbers) or NONE


def _plain(problem: Problem, text: str) -> Prompt:
    return replace(problem, question=text, instruction="").prompt
