"""Long documents: facts in a haystack of real text, and the documents of L-Eval."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Annotated, Literal

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.tasks.parts.choices import choice
from passel.tasks.parts.files import Row
from passel.tasks.parts.haystack import Paragraph, paragraphs_of, stretch, with_facts
from passel.tasks.parts.kinds import NUMBER, TEXT
from passel.tasks.parts.letters import with_options
from passel.tasks.parts.needles import FORMS, MOST
from passel.tasks.parts.source import Source
from passel.tasks.parts.task import Generated, Item, Kind, Loaded, Task

__all__ = ["long_documents"]

_ANSWER = replace(NUMBER, instruction='Answer from the text above. End with "The answer is N."')
_TOPIC = replace(TEXT, instruction='Answer from the text above. End with "The answer is TOPIC."')
_BOOKS = {"gatsby": "great_gatsby.txt", "shakespeare": "tinyshakespeare.txt"}


def long_documents(
    *,
    form: Literal["needle", "hops", "count", "sum", "quality", "topics"] = "needle",
    words: Annotated[int, Log(50, 100_000)] = 600,
    facts: Annotated[int, Linear(1, 64)] = 4,
    hops: Annotated[int, Linear(1, 8)] = 2,
    depth: float | None = None,
    book: Literal["gatsby", "shakespeare"] = "gatsby",
    seed: int = 0,
    size: int = 500,
) -> Task:
    """Questions about a long text; the whole text stands in the question, and alone in `details["document"]`.

    needle: one of `facts` inserted sentences holds the answer, the others are like it. hops: `hops` of them lead to it,
    each to the next. count, sum: several must be counted, or their numbers added. These four are made by `seed`, `size`
    of them, in stretches of `words` words of a book, facts at seeded places, so that the answer is exact. quality,
    topics: 202 multiple-choice questions on 15 stories, and 150 on the topics of long talks, whole (L-Eval, An et al.
    2023, 2307.11088; QuALITY, Pang et al. 2022, 2112.08608).

    600 words are about 800 tokens. `depth`: where the fact with the answer stands, from 0 (beginning) to 1 (end).
    """
    if form == "quality":
        return _quality()
    if form == "topics":
        return _topics()
    if depth is not None and not 0.0 <= depth <= 1.0:
        raise UsageError(f"depth of long_documents must be from 0 to 1, got {depth}")
    if form == "hops" and facts < hops:
        raise UsageError(f"long_documents: {hops} hops need at least {hops} facts, got {facts}")
    if facts > MOST or min(size, words, facts, hops) < 1:
        raise UsageError(
            f"long_documents needs 1 to {MOST} facts and at least 1 of all else, got facts={facts}, size={size}, "
            f"words={words}, hops={hops}"
        )

    def item(index: int) -> Item:
        key = Key(seed) / "long_documents" / form / index
        needles = FORMS[form](key / "facts", facts, hops)
        places = [(key / "depth" / number).uniform() for number in range(len(needles.facts))]
        if depth is not None:
            places[0] = depth
        told = dict(zip(places, needles.facts, strict=True))
        document = with_facts(stretch(_paragraphs(book), words, key / "stretch"), told)
        return _item(str(index), document, needles.question, needles.gold, _ANSWER, needles.solution)

    return Task("long_documents", Generated(lambda: size, item))


def _item(name: str, document: str, question: str, gold: str, kind: Kind, solution: str = "") -> Item:
    details = {"document": document, "question": question}
    return Item(name, f"{document}\n\n{question}", gold, kind, details=details, solution=solution)


@cache
def _paragraphs(book: str) -> tuple[Paragraph, ...]:
    return tuple(paragraphs_of(Source((f"long_documents/{_BOOKS[book]}",)).text()))


def _quality() -> Task:
    source = Source(("long_documents/quality.jsonl",))

    def items(row: Row, number: int) -> Iterable[Item]:
        for place, (asked, said) in enumerate(zip(row["instructions"], row["outputs"], strict=True)):
            stem, *rest = re.split(r"\n *\(([A-D])\) ", asked)
            options = [option.strip() for option in rest[1::2]]
            question = with_options(stem, options)
            details = {"document": row["input"].strip(), "question": question}
            right = "ABCD".index(said.strip()[1])
            yield choice(f"{number}-{place}", f"{row['input'].strip()}\n\n{stem}", options, right, details)

    rows = source.rows
    return Task("long_documents", Loaded(lambda: (one for n, row in enumerate(rows()) for one in items(row, n))))


def _topics() -> Task:
    source = Source(("long_documents/topic_retrieval_longchat.jsonl",))

    def load() -> Iterable[Item]:
        for number, row in enumerate(source.rows()):
            for place, (asked, said) in enumerate(zip(row["instructions"], row["outputs"], strict=True)):
                yield _item(f"{number}-{place}", row["input"].strip(), asked, said.strip(), _TOPIC)

    return Task("long_documents", Loaded(load))
