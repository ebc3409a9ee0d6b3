"""Map-reduce over a long document: each part is questioned alone, what they say is combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, sample, together
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.core.result import Candidate, Result, candidate
from passel.methods.parts.passages import document_of, groups, split, tokens_of
from passel.methods.parts.votes import first_of, tally

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
    """Asks the question of every part of a document, and answers it from what the parts said.

    Map: from each part a note of what bears on the question, a rationale, an answer and a confidence. Collapse: while
    the notes together are longer than a part may be, neighbouring ones are made one. Reduce: the answer from the notes.
    The document is `problem.details["document"]`, else the question itself. What fits in one part is asked as it is.

    Source: Zhou et al. 2024, LLMxMapReduce (2410.09342), with its public code (`Generator.py`: map, collapse, reduce,
    and the form of a note in `config/`). The scheme is that of LangChain's MapReduceDocumentsChain.

    Args:
        tokens: of a part, and of all notes in one prompt, at most; 512 is ours, for models of short context.
        overlap: tokens that two parts share; 0 as in the code.
        passages: parts at most; where there would be more, parts are larger. 32 is ours.

    Cost: generate <= 2 * passages

    Guarantees: heuristic. A fact that two parts must be read together to see can be lost.

    Deviations: our own wording. Tokens are estimated, a quarter of the characters. Notes without information are left
    out, unless all are. A collapse takes at least two notes, so that there are ever fewer; where one fails, its notes
    stand as one. The calibration of confidence by examples is left out. When the budget ends before the
    last step, the most frequent answer of the notes is taken.

    >>> from passel.core.play import play
    >>> story = Problem("1", "", details={"document": "Ann is 7.\\n\\n" + "It rained. " * 30, "question": "Ann's age?"})
    >>> notes = ["Information: Ann is 7.\\nAnswer: 7\\nConfidence: 5", "Answer: NO INFORMATION"]
    >>> played = play(map_reduce(story, key=Key(), tokens=64), [*notes, "7"])
    >>> "It rained" in played.asks[2].prompt[-1].content, played.value.text
    (False, '7')
    """
    document, question = document_of(problem)
    parts = split(document, tokens, most=passages, overlap=overlap)
    if len(parts) < 2:
        (reply,) = yield from sample(problem.prompt, key=key)
        one = candidate(problem, reply)
        return Result(one.answer, one.text, candidates=(one,), info={"parts": 1})
    prompts = [
        MAP.format(number=number, count=len(parts), passage=part, question=question, form=FORM)
        for number, part in enumerate(parts, 1)
    ]
    replies = yield from _notes(problem, key, prompts, "map")
    if all(reply is None for reply in replies):
        raise OutOfBudget
    whole = all(reply is not None for reply in replies)
    so_far = [candidate(problem, reply) for reply in replies if reply is not None and NOTHING not in reply.text]
    info = {"parts": len(parts), "notes": len(so_far)}
    notes = _usable(replies)
    while len(notes) > 1 and sum(map(tokens_of, notes)) > tokens:
        packs = groups(notes, tokens)
        wanted = {place: _collapse(pack, question) for place, pack in enumerate(packs) if len(pack) > 1}
        made = yield from _notes(problem, key, list(wanted.values()), "collapse")
        whole = whole and all(reply is not None for reply in made)
        by_place = dict(zip(wanted, made, strict=True))
        notes = [_note(by_place.get(place)) or "\n".join(pack) for place, pack in enumerate(packs)]
    if not notes:
        return Result(stop="done" if whole else "budget", info=info)
    try:
        asked = replace(problem, question=REDUCE.format(notes=_shown(notes), question=question))
        (reply,) = yield from sample(asked.prompt, key=key, label="reduce")
    except OutOfBudget:
        return _so_far(so_far, info)
    one = candidate(problem, reply)
    return Result(one.answer, one.text, None, (one,), "done" if whole else "budget", info)


def _collapse(notes: Sequence[str], question: str) -> str:
    return COLLAPSE.format(notes=_shown(notes), question=question, form=FORM)


def _shown(notes: Sequence[str]) -> str:
    return "\n\n".join([f"[Note {number}]\n{note}" for number, note in enumerate(notes, 1)])


def _notes(problem: Problem, key: Key, prompts: Sequence[str], label: str) -> Flow[list[Reply | None]]:
    """A reply to each prompt; None where the budget did not allow it."""

    def one(text: str) -> Flow[Reply | None]:
        try:
            (reply,) = yield from sample(replace(problem, question=text, instruction="").prompt, key=key, label=label)
        except OutOfBudget:
            return None
        return reply

    return (yield from together([one(text) for text in prompts]))


def _note(reply: Reply | None) -> str:
    """A note that was cut short still says something."""
    return reply.text.strip() if reply is not None and reply.stop in ("end", "length") else ""


def _usable(replies: Sequence[Reply | None]) -> list[str]:
    notes = [note for note in map(_note, replies) if note]
    return [note for note in notes if NOTHING not in note] or notes


def _so_far(notes: Sequence[Candidate], info: dict[str, int]) -> Result:
    chosen = first_of(notes, tally(notes))
    if chosen is None:
        return Result(stop="budget", info=info)
    return Result(chosen.answer, chosen.text, None, tuple(notes), "budget", info)
