"""Long texts as numbered passages: splitting under a token budget, with overlap, and showing some of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from passel.core.problem import Problem

__all__ = ["document_of", "groups", "shown", "split", "tokens_of"]

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_TOKEN = 4  # characters; English in a vocabulary of some 50,000 tokens


def tokens_of(text: str) -> int:
    """About how many tokens a text has: a quarter of its characters, rounded up. A method knows no tokenizer."""
    return -(-len(text) // _TOKEN)


def document_of(problem: Problem) -> tuple[str, str]:
    """The problem's document and the question about it.

    The document is `details["document"]`. The question is `details["question"]`, else the part of the problem's
    question that is not the document. A problem without a document is its own text.

    >>> document_of(Problem("1", "Once upon a time. Who?", details={"document": "Once upon a time."}))
    ('Once upon a time.', 'Who?')
    """
    document = problem.details.get("document")
    if not isinstance(document, str) or not document.strip():
        return problem.question, problem.question
    question = problem.details.get("question")
    if isinstance(question, str) and question.strip():
        return document, question
    rest = problem.question.replace(document, "", 1).strip()
    return document, rest or problem.question


def split(text: str, tokens: int, *, max_passages: int, overlap: int = 0) -> list[str]:
    """The text as passages of at most `tokens` tokens, in order; whole paragraphs where they fit, else sentences, else
    words. Nothing is left out. If there were more than `max_passages` passages, they are larger.

    Args:
        tokens, max_passages: at least 1.
        overlap: about this many tokens (less than `tokens`) from the end of a passage are repeated at the beginning of
            the next, as far as they are whole paragraphs, sentences or words.

    >>> split("One two three.\\n\\nFour five.\\n\\nSix.", 6, max_passages=8)
    ['One two three.', 'Four five.\\n\\nSix.']
    """
    passages = _packed(text, tokens, min(overlap, tokens // 2))
    size = max(tokens, tokens_of(text) // max_passages)
    while len(passages) > max_passages:
        passages = _packed(text, size, min(overlap, size // 2))
        size += max(1, size // 8)
    return passages


def _packed(text: str, tokens: int, overlap: int) -> list[str]:
    passages: list[str] = []
    now: list[tuple[str, str]] = []
    length, fresh = 0, False  # characters so far, and whether there is more than the end of the passage before
    for piece in _pieces(text, max(1, tokens - overlap)):
        size = len(piece[0]) + len(piece[1])
        if fresh and length + size > tokens * _TOKEN:
            passages.append(_joined(now))
            now = _tail(now, min(overlap * _TOKEN, tokens * _TOKEN - size))
            length, fresh = sum(len(between) + len(part) for between, part in now), False
        now.append(piece)
        length, fresh = length + size, True
    return [*passages, _joined(now)] if fresh else passages


def _pieces(text: str, tokens: int) -> Iterator[tuple[str, str]]:
    """Paragraphs, or parts of paragraphs that are too long, each with the separator from the text before it."""
    for paragraph in re.split(r"\n\s*\n", text):
        between = "\n\n"
        for sentence in [paragraph] if tokens_of(paragraph) <= tokens else _SENTENCE.split(paragraph):
            for part in [sentence] if tokens_of(sentence) <= tokens else _words(sentence, tokens):
                if part.strip():
                    yield between, part.strip()
                    between = " "


def _words(sentence: str, tokens: int) -> Iterator[str]:
    line: list[str] = []
    for word in sentence.split():
        if line and tokens_of(" ".join([*line, word])) > tokens:
            yield " ".join(line)
            line = []
        while tokens_of(word) > tokens:  # no spaces at all
            yield word[: tokens * _TOKEN]
            word = word[tokens * _TOKEN :]
        line += [word] if word else []
    yield " ".join(line)


def _joined(pieces: Sequence[tuple[str, str]]) -> str:
    return "".join(between + text for between, text in pieces).strip()


def _tail(pieces: Sequence[tuple[str, str]], characters: int) -> list[tuple[str, str]]:
    tail: list[tuple[str, str]] = []
    for piece in reversed(pieces):
        characters -= len(piece[0]) + len(piece[1])
        if characters < 0:
            break
        tail.insert(0, piece)
    return tail


def groups(texts: Sequence[str], tokens: int) -> list[list[str]]:
    """Texts in order, in groups of at most `tokens` tokens but of at least two texts, so that combining the groups
    leaves about half as many; a single text that is left over is a group by itself.

    >>> groups(["aaaa", "bbbb", "cccc", "dddd", "eeee"], 3)
    [['aaaa', 'bbbb', 'cccc'], ['dddd', 'eeee']]
    """
    packs: list[list[str]] = []
    for text in texts:
        last = packs[-1] if packs else []
        if last and (len(last) < 2 or sum(map(tokens_of, last)) + tokens_of(text) <= tokens):
            last.append(text)
        else:
            packs.append([text])
    return packs


def shown(passages: Sequence[str], numbers: Iterable[int] | None = None) -> str:
    """Passages for a prompt, each under its number, counted from 1; those of `numbers` (default: all), in that order.

    >>> print(shown(["It rains.", "It stops."], [1]))
    [Passage 2]
    It stops.
    """
    wanted = range(len(passages)) if numbers is None else numbers
    return "\n\n".join([f"[Passage {number + 1}]\n{passages[number]}" for number in wanted])
