"""A real text as a haystack: an excerpt of a given length, with sentences inserted at given depths."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from passel.core.key import Key

__all__ = ["excerpt", "paragraphs_of", "with_facts"]

_GUTENBERG = re.compile(r"\*\*\* ?START OF .*?\*\*\*(.*)\*\*\* ?END OF ", re.DOTALL)
_END = re.compile(r"(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?:(?<=[.!?])|(?<=[.!?][”\"’']))\s+")

Paragraph = tuple[str, ...]
"""The sentences of a paragraph, without line breaks."""


def paragraphs_of(text: str) -> list[Paragraph]:
    """The paragraphs of a plain text, which blank lines separate. Lines without a sentence (headings, tables of
    contents) are left out, and so are the header and the licence of a Project Gutenberg file.

    >>> paragraphs_of("CHAPTER I\\n\\nIt rained.\\nMr. Hall slept. He did!\\n\\nThen it stopped.")
    [('It rained.', 'Mr. Hall slept.', 'He did!'), ('Then it stopped.',)]
    """
    body = _GUTENBERG.search(text)
    blocks = re.split(r"\n\s*\n", body[1] if body else text)
    plain = [" ".join(block.split()) for block in blocks]
    return [tuple(_END.split(block)) for block in plain if re.search(r"[.!?,;:][”\"’']?$", block)]


def excerpt(paragraphs: Sequence[Paragraph], words: int, key: Key) -> list[Paragraph]:
    """Consecutive sentences until `words` words are reached, from a paragraph on that the key chooses. A text that is
    too short is repeated.
    """
    index, taken, chosen = key.below(len(paragraphs)), 0, list[Paragraph]()
    while taken < words:
        sentences: list[str] = []
        for sentence in paragraphs[index % len(paragraphs)]:
            if taken < words:
                sentences.append(sentence)
                taken += len(sentence.split())
        chosen.append(tuple(sentences))
        index += 1
    return chosen


def with_facts(paragraphs: Sequence[Paragraph], facts: Mapping[float, str]) -> str:
    """The text with each fact inserted as a sentence at its depth, in words: 0 is the beginning, 1 the end. Blank lines
    separate paragraphs; facts at the same place keep their order.

    >>> with_facts([("One two.", "Three four."), ("Five six.",)], {0.0: "First.", 0.5: "Mid.", 1.0: "Last."})
    'First. One two. Mid. Three four.\\n\\nFive six. Last.'
    """
    total = sum(len(sentence.split()) for paragraph in paragraphs for sentence in paragraph)
    waiting = sorted(facts.items(), key=lambda pair: pair[0])
    words, texts = 0, list[str]()
    for number, paragraph in enumerate(paragraphs):
        written: list[str] = []
        for sentence in paragraph:
            middle = words + len(sentence.split()) / 2
            while waiting and waiting[0][0] * total <= middle and waiting[0][0] < 1.0:
                written.append(waiting.pop(0)[1])
            written.append(sentence)
            words += len(sentence.split())
        if number == len(paragraphs) - 1:
            written += [fact for _, fact in waiting]
        texts.append(" ".join(written))
    return "\n\n".join(texts)
