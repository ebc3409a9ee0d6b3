"""Map-reduce over a long document: the question is put to each part, and the notes are combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, affordable, sample, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.core.result import Result, candidate
from passel.methods.parts.passages import document_of, groups, split, tokens_of
from passel.methods.parts.votes import majority

__all__ = ["map_reduce"]

NOTHING = "NO INFORMATION"

FORM = f"""Write four lines:
Information: what bears on the question, word for word where that matters.
Rationale: how it helps to answer the question, and what is missing.
Answer: the best answer so far, or {NOTHING}.
Confidence: from 1 (a guess) to 5 (it says so itself)."""

MAP = """Below is one part of a longer document, and a question about the whole of it. Other parts are read by others.

[Part {number} of {count}]
{passage}
[End of the part]

Question: {question}

{form}"""

COLLAPSE = """Below are notes from several parts of one document, taken to answer a question. Make one note of them. Put
together what belongs together, also where no single part has the whole answer.

{notes}

Question: {question}

{form}"""

REDUCE = """These are notes from the parts of a document, in order. Put together what they say; where they contradict
each other, rely on those of higher confidence.

{notes}

Question: {question}"""


@needs(generator="text")
def map_reduce(
    problem: Problem,
    *,
    key: Key,
    tokens: Annotated[int, Log(64, 100_000)] = 512,
    overlap: Annotated[int, Linear(0, 1024)] = 0,
    passages: Annotated[int, Log(1, 256)] = 32,
) -> Flow[Result]:
    """Asks the question of every part of a document, and answers it from the notes on the parts.

    Map: from each part a note of what bears on the question, a rationale, an answer and a confidence. Collapse: while
    the notes together are longer than a part may be, neighbouring notes are merged. Reduce: the answer from the notes.
    The document is `problem.details["document"]`, else the question itself. A document that fits in a single part is
    asked about as it is.

    Source: Zhou et al. 2024, LLMxMapReduce (2410.09342), with its public code (`Generator.py`: map, collapse, reduce,
    and the form of a note in `config/`). The scheme is that of LangChain's MapReduceDocumentsChain.

    Args:
        tokens: of a part, and of all notes in a prompt, at most; 512 is ours, for models of short context.
        overlap: tokens that two parts share; 0 as in the code.
        passages: parts at most; if there would be more, parts are larger. 32 is ours.

    Cost: generate <= 2 * passages

    Guarantees: heuristic. A fact that only two parts together show can be lost.

    Deviations: our own wording. Tokens are estimated, as a quarter of the characters. Notes without information are
    left out, unless all are. A collapse takes at least two notes, so that their number falls; if it fails, its notes
    are joined as they are. The calibration of confidence by examples is left out. When the budget ends before the last
    step, the most frequent answer of the notes is taken.

    >>> from passel.core.play import play
    >>> story = Problem("1", "", details={"document": "Ann is 7.\\n\\n" + "It rained. " * 30, "question": "Ann's age?"})
    >>> notes = ["Information: Ann is 7.\\nAnswer: 7\\nConfidence: 5", "Answer: NO INFORMATION"]
    >>> played = play(map_reduce(story, key=Key(), tokens=64), [*notes, "7"])
    >>> "It rained" in played.asks[2].prompt[-1].content, played.value.text
    (False, '7')
    """
    document, question = document_of(problem)
    parts = split(document, tokens, max_passages=passages, overlap=overlap)
    if len(parts) < 2:
        (reply,) = yield from sample(problem.prompt, key=key)
        only = candidate(problem, reply)
        return Result.of(only, [only], info={"parts": 1})
    prompts = [
        MAP.format(number=number, count=len(parts), passage=part, question=question, form=FORM)
        for number, part in enumerate(parts, 1)
    ]
    replies = yield from _notes(problem, key, prompts, "map")
    if all(reply is None for reply in replies):
        raise OutOfBudget
    whole = all(reply is not None for reply in replies)
    partial = [candidate(problem, reply) for reply in replies if reply is not None and NOTHING not in reply.text]
    info = {"parts": len(parts), "notes": len(partial)}
    notes = _usable(replies)
    while len(notes) > 1 and sum(map(tokens_of, notes)) > tokens:
        packs = groups(notes, tokens)
        wanted = {place: _collapse(pack, question) for place, pack in enumerate(packs) if len(pack) > 1}
        collapsed = yield from _notes(problem, key, list(wanted.values()), "collapse")
        whole = whole and all(reply is not None for reply in collapsed)
        by_place = dict(zip(wanted, collapsed, strict=True))
        notes = [_note(by_place.get(place)) or "\n".join(pack) for place, pack in enumerate(packs)]
    if not notes:
        return Result.of(None, whole=whole, info=info)
    reduction = replace(problem, question=REDUCE.format(notes=_shown(notes), question=question))
    answers = yield from affordable(sample(reduction.prompt, key=key, label="reduce"))
    if answers is None:
        return Result.of(majority(partial), partial, whole=False, info=info)
    final = candidate(problem, answers[0])
    return Result.of(final, [final], whole=whole, info=info)


def _collapse(notes: Sequence[str], question: str) -> str:
    return COLLAPSE.format(notes=_shown(notes), question=question, form=FORM)


def _shown(notes: Sequence[str]) -> str:
    return "\n\n".join([f"[Note {number}]\n{note}" for number, note in enumerate(notes, 1)])


def _notes(problem: Problem, key: Key, prompts: Sequence[str], label: str) -> Flow[list[Reply | None]]:
    """A reply to each prompt; None if the budget did not allow it."""
    asking = [replace(problem, question=text, instruction="").prompt for text in prompts]
    replies = yield from together([affordable(sample(prompt, key=key, label=label)) for prompt in asking])
    return [None if reply is None else reply[0] for reply in replies]


def _note(reply: Reply | None) -> str:
    """The note in a reply, also in a truncated one; "" if there is none."""
    return reply.text.strip() if reply is not None and reply.stop in ("end", "length") else ""


def _usable(replies: Sequence[Reply | None]) -> list[str]:
    notes = [note for note in map(_note, replies) if note]
    return [note for note in notes if NOTHING not in note] or notes
