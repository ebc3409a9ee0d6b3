"""A real text as a haystack: a stretch of it of a given length, with sentences put in at given depths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from passel.core.key import Key

__all__ = ["paragraphs_of", "stretch", "with_facts"]

_GUTENBERG = re.compile(r"\*\*\* ?START OF .*?\*\*\*(.*)\*\*\* ?END OF ", re.DOTALL)
_END = re.compile(r"(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?:(?<=[.!?])|(?<=[.!?][”\"’']))\s+")

Paragraph = tuple[str, ...]
"""Its sentences, without line breaks."""


def paragraphs_of(text: str) -> list[Paragraph]:
    """The paragraphs of a plain text, blank lines between them, each as sentences. Of a Project Gutenberg file the body
    alone; lines without a sentence (headings, tables of contents) are left out.

    >>> paragraphs_of("CHAPTER I\\n\\nIt rained.\\nMr. Hall slept. He did!\\n\\nThen it stopped.")
    [('It rained.', 'Mr. Hall slept.', 'He did!'), ('Then it stopped.',)]
    """
    body = _GUTENBERG.search(text)
    blocks = re.split(r"\n\s*\n", body[1] if body else text)
    plain = [" ".join(block.split()) for block in blocks]
    return [tuple(_END.split(block)) for block in plain if re.search(r"[.!?,;:][”\"’']?$", block)]


def stretch(paragraphs: Sequence[Paragraph], words: int, key: Key) -> list[Paragraph]:
    """Whole sentences of about `words` words (the first that reaches it is the last), in their order, from a paragraph
    on that the key chooses. A shorter text begins again at its end.
    """
    at, taken, found = key.below(len(paragraphs)), 0, list[Paragraph]()
    while taken < words:
        kept: list[str] = []
        for sentence in paragraphs[at % len(paragraphs)]:
            if taken < words:
                kept.append(sentence)
                taken += len(sentence.split())
        found.append(tuple(kept))
        at += 1
    return found


def with_facts(paragraphs: Sequence[Paragraph], facts: Mapping[float, str]) -> str:
    """The text with each fact put in as a sentence of its own, after the sentence at its depth: 0 is the beginning, 1
    the end, in words. Paragraphs are separated by blank lines; facts at one place keep their order.

    >>> with_facts([("One two.", "Three four."), ("Five six.",)], {0.0: "First.", 0.5: "Mid.", 1.0: "Last."})
    'First. One two. Mid. Three four.\\n\\nFive six. Last.'
    """
    total = sum(len(sentence.split()) for one in paragraphs for sentence in one)
    waiting = sorted(facts.items(), key=lambda pair: pair[0])
    done, texts = 0, list[str]()
    for number, paragraph in enumerate(paragraphs):
        written: list[str] = []
        for sentence in paragraph:
            middle = done + len(sentence.split()) / 2
            while waiting and waiting[0][0] * total <= middle and waiting[0][0] < 1.0:
                written.append(waiting.pop(0)[1])
            written.append(sentence)
            done += len(sentence.split())
        if number == len(paragraphs) - 1:
            written += [fact for _, fact in waiting]
        texts.append(" ".join(written))
    return "\n\n".join(texts)
