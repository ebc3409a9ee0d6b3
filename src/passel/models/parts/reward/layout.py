"""From texts to rows of tokens, and where in a row each value is read. Pure; knows tokens, not tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from passel.core.errors import PasselError

__all__ = ["Encode", "Read", "Row", "Unfit", "chain", "pack", "whole"]

Encode = Callable[[str], tuple[Sequence[int], Sequence[tuple[int, int] | None]]]
"""From a text to its token ids and the characters that each covers; None for tokens that are not of the text."""


class Unfit(PasselError):
    """This text cannot be given a value; the message says why."""


@dataclass(frozen=True, slots=True)
class Read:
    """A value is the output at the row's token `place`; with `token`, that entry of a head over the vocabulary."""

    place: int
    token: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens of one pass. `branches` are the lengths of its last parts: each follows the trunk before all of them, and
    does not see the others."""

    ids: tuple[int, ...]
    reads: tuple[Read, ...]
    branches: tuple[int, ...] = ()

    @property
    def trunk(self) -> int:
        """How many tokens stand before the branches."""
        return len(self.ids) - sum(self.branches)


def whole(text: str, encode: Encode) -> Row:
    """A text with one value, which the model reads itself."""
    ids, _ = encode(text)
    return Row(tuple(ids), (Read(len(ids) - 1),))


def chain(begin: str, steps: Sequence[str], encode: Encode, *, marker: str = "", vocabulary: bool = False) -> Row:
    """A beginning and steps that follow it, with a value at the end of each.

    The marker takes the place of the white space after a step, and the value is read at the last token of what is not
    blank in it (of a blank marker: at its end). For a head over the vocabulary the steps stand as they are, and the
    value of a step is the entry of its last token, read one token before: that last token itself need not be computed.
    """
    text, ends = begin, list[int]()
    for step in steps:
        text += step if vocabulary else step.rstrip() + marker
        blank = 0 if vocabulary or not marker.strip() else len(marker) - len(marker.rstrip())
        ends.append(len(text) - blank)
    ids, spans = encode(text)
    places = [_last_before(end, spans) for end in ends]
    if vocabulary:
        reads = tuple(Read(place - 1, ids[place]) for place in places)
        if any(read.place < 0 for read in reads):
            raise Unfit("nothing stands before the first token, so that no value is given to it")
    else:
        reads = tuple(Read(place) for place in places)
    return Row(tuple(ids[: max(read.place for read in reads) + 1]), reads)


def pack(rows: Sequence[Row]) -> Row:
    """Alternatives in one row: what they have in common as the trunk, the rest of each as a branch; a value for each
    value of the rows, in order."""
    least = min(len(row.ids) for row in rows)
    first = rows[0].ids
    trunk = next((i for i in range(least) if any(row.ids[i] != first[i] for row in rows)), least)
    ids, reads, branches = list(first[:trunk]), list[Read](), list[int]()
    for row in rows:
        shift = len(ids) - trunk
        reads += [read if read.place < trunk else Read(read.place + shift, read.token) for read in row.reads]
        ids += row.ids[trunk:]
        branches.append(len(row.ids) - trunk)
    return Row(tuple(ids), tuple(reads), tuple(length for length in branches if length))


def _last_before(end: int, spans: Sequence[tuple[int, int] | None]) -> int:
    """The last token that begins before `end`. A tokenizer may give white space an empty span at its end."""
    for place in reversed(range(len(spans))):
        span = spans[place]
        if span is not None and (span[0] < end or span[1] <= end):
            return place
    raise Unfit("a text without a token has no value")
