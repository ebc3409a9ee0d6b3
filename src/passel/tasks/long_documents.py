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
from passel.tasks.parts.choices import choice_item
from passel.tasks.parts.files import Row
from passel.tasks.parts.haystack import Paragraph, excerpt, paragraphs_of, with_facts
from passel.tasks.parts.kinds import NUMBER, TEXT
from passel.tasks.parts.letters import with_options
from passel.tasks.parts.needles import FORMS, MAX_FACTS
from passel.tasks.parts.source import DataSource
from passel.tasks.parts.task import AnswerKind, GeneratedItems, Item, LoadedItems, Task

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
    """Long documents: questions about a long text.

    The question contains the text; `details["document"]` is the text only.

    Facts are sentences inserted at random places into an excerpt of a book. needle: one of `facts` facts holds the
    answer, the others are like it. hops: `hops` facts lead to the answer, each to the next. count, sum: several facts
    must be counted, or their numbers added. For these forms the answer is exact; `seed` and `size` say which and how
    many questions are made. quality, topics: 202 multiple-choice questions on 15 stories, and 150 questions on the
    topics of long talks (L-Eval, An et al. 2023, 2307.11088; QuALITY, Pang et al. 2022, 2112.08608).

    Args:
        words: of the excerpt; 600 words are about 800 tokens.
        depth: the place of the fact with the answer, from 0 (beginning) to 1 (end); random if None.
    """
    if form == "quality":
        return _quality()
    if form == "topics":
        return _topics()
    if depth is not None and not 0.0 <= depth <= 1.0:
        raise UsageError(f"depth of long_documents must be from 0 to 1, got {depth}")
    if form == "hops" and facts < hops:
        raise UsageError(f"long_documents: {hops} hops need at least {hops} facts, got {facts}")
    if facts > MAX_FACTS or min(size, words, facts, hops) < 1:
        raise UsageError(
            f"long_documents needs 1 to {MAX_FACTS} facts and at least 1 of the others, got facts={facts}, "
            f"size={size}, words={words}, hops={hops}"
        )

    def item(index: int) -> Item:
        key = Key(seed) / "long_documents" / form / index
        needles = FORMS[form](key / "facts", facts, hops)
        places = [(key / "depth" / number).uniform() for number in range(len(needles.facts))]
        if depth is not None:
            places[0] = depth
        facts_by_depth = dict(zip(places, needles.facts, strict=True))
        document = with_facts(excerpt(_paragraphs(book), words, key / "stretch"), facts_by_depth)
        return _item(str(index), document, needles.question, needles.gold, _ANSWER, needles.solution)

    return Task("long_documents", GeneratedItems(lambda: size, item))


def _item(name: str, document: str, question: str, gold: str, kind: AnswerKind, solution: str = "") -> Item:
    details = {"document": document, "question": question}
    return Item(name, f"{document}\n\n{question}", gold, kind, details=details, solution=solution)


@cache
def _paragraphs(book: str) -> tuple[Paragraph, ...]:
    return tuple(paragraphs_of(DataSource((f"long_documents/{_BOOKS[book]}",)).text()))


def _quality() -> Task:
    source = DataSource(("long_documents/quality.jsonl",))

    def items(row: Row, number: int) -> Iterable[Item]:
        for place, (instruction, output) in enumerate(zip(row["instructions"], row["outputs"], strict=True)):
            stem, *rest = re.split(r"\n *\(([A-D])\) ", instruction)
            options = [option.strip() for option in rest[1::2]]
            question = with_options(stem, options)
            details = {"document": row["input"].strip(), "question": question}
            right = "ABCD".index(output.strip()[1])
            yield choice_item(f"{number}-{place}", f"{row['input'].strip()}\n\n{stem}", options, right, details)

    rows = source.rows
    return Task("long_documents", LoadedItems(lambda: (item for n, row in enumerate(rows()) for item in items(row, n))))


def _topics() -> Task:
    source = DataSource(("long_documents/topic_retrieval_longchat.jsonl",))

    def load() -> Iterable[Item]:
        for number, row in enumerate(source.rows()):
            for place, (question, gold) in enumerate(zip(row["instructions"], row["outputs"], strict=True)):
                yield _item(f"{number}-{place}", row["input"].strip(), question, gold.strip(), _TOPIC)

    return Task("long_documents", LoadedItems(load))
