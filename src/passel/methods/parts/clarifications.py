"""A tree of clarifications: what each node asked, where it looked, what it found; and the chats these make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from passel.core.ask import Prompt
from passel.core.problem import Problem
from passel.core.result import Candidate
from passel.methods.parts.passages import shown
from passel.methods.parts.prompts import follow_up

__all__ = ["Node", "answer_chat", "final_chat", "helpful", "leaves", "question_chat", "select_chat"]

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
class Node:
    """A node of the tree.

    Args:
        path: its place among its siblings, and those of its ancestors; () is the root.
        chain: (clarifying question, numbers of the passages, their answer) of its ancestors and itself.
        passages: numbers of those that help to answer its own question, or at the root the problem's.
        final: its answer to the problem's question.
    """

    path: tuple[int, ...]
    chain: tuple[tuple[str, tuple[int, ...], str], ...]
    passages: tuple[int, ...]
    final: Candidate


def helpful(text: str) -> float:
    """What a reader says of a passage, after its last "Answer:": 1 yes, 0 no, a half for maybe and all else.

    >>> [helpful(text) for text in ("It may not matter. Answer: Yes.", "Answer: no", "I know nothing of it.")]
    [1.0, 0.0, 0.5]
    """
    found = _VERDICT.findall(text.rpartition("nswer:")[2])
    return {"yes": 1.0, "maybe": 0.5, "no": 0.0}[found[0].lower()] if found else 0.5


def leaves(nodes: Sequence[Node]) -> list[Node]:
    """The nodes from which none was made."""
    parents = {node.path[:-1] for node in nodes if node.path}
    return [node for node in nodes if node.path not in parents]


def select_chat(problem: Problem, question: str, passages: Sequence[str], number: int) -> Prompt:
    """Asks whether one passage helps with a question."""
    return _plain(problem, SELECT.format(question=question, passage=shown(passages, [number])))


def question_chat(problem: Problem, question: str, passages: Sequence[str], node: Node) -> Prompt:
    """Asks for a clarifying question, after those of the node's chain; the node's passages stand above."""
    return _asking(problem, question, _text(passages, node.passages), node.chain)


def answer_chat(problem: Problem, question: str, passages: Sequence[str], child: Node) -> Prompt:
    """Asks for the answer to the last clarifying question of the chain, from its passages alone."""
    *before, (asked, numbers, _) = child.chain
    return follow_up(_asking(problem, question, SEEN, before), asked, ANSWER.format(passages=_text(passages, numbers)))


def final_chat(problem: Problem, question: str, passages: Sequence[str], child: Node) -> Prompt:
    """Asks the problem's question, after the last clarifying question and its answer, or at the root."""
    if not child.chain:
        return replace(problem, question=f"{_text(passages, child.passages)}\n\n{question}").prompt
    last = replace(problem, question=question).prompt[-1]
    assert not isinstance(last, str)
    return follow_up(answer_chat(problem, question, passages, child), child.chain[-1][2], last.content)


def _asking(problem: Problem, question: str, above: str, chain: Sequence[tuple[str, tuple[int, ...], str]]) -> Prompt:
    """The chat up to the next clarifying question. What was answered before points at its passages by their numbers."""
    chat = _plain(problem, CLARIFY.format(passages=above, question=question))
    for asked, numbers, found in chain:
        chat = follow_up(chat, asked, WHERE)
        chat = follow_up(chat, ", ".join(f"[Passage {number + 1}]" for number in numbers) or NONE, AGAIN)
        chat = follow_up(chat, found, FOLLOW.format(question=question))
    return chat


def _text(passages: Sequence[str], numbers: Sequence[int]) -> str:
    return shown(passages, numbers) or NONE


def _plain(problem: Problem, text: str) -> Prompt:
    return replace(problem, question=text, instruction="").prompt
