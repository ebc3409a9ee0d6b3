"""Stop texts: found across the borders of tokens, never shown in part, the same however a text is split."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, final

from passel.core.errors import UsageError

__all__ = ["Stopped", "Stops", "stops"]


class Stopped(NamedTuple):
    """What a piece of text led to.

    Args:
        state: for the next piece.
        text: what may be shown now.
        stop_text: the stop text that ended it, or None while it goes on.
    """

    state: int
    text: str
    stop_text: str | None = None


@final
class Stops:
    """Finds the first stop text that is completed, and holds back what may become one.

    The state is a node of the automaton of Aho and Corasick (1975, Efficient String Matching): the longest end of the
    text so far with which a stop text begins. That end is what is held back. A character costs one look-up, whatever
    the number of stop texts. Of two stop texts that end at the same character the longer one counts.

    Args:
        texts: the stop texts, none of them empty.

    Raises UsageError for an empty one.
    """

    start = 0

    def __init__(self, texts: Iterable[str]) -> None:
        self._begun: list[tuple[str, int]] = [("", 0)]  # for each node a stop text, and how much of it there is
        self._next: list[dict[str, int]] = [{}]
        self._stop: list[str | None] = [None]
        for text in texts:
            if not text:
                raise UsageError("stop must not hold an empty text")
            self._insert(text)
        self._link()

    def push(self, state: int, piece: str) -> Stopped:
        """What a piece of text leads to. After a stop text, the rest of the piece is dropped."""
        following, node = self._next, state
        for place, letter in enumerate(piece):
            node = following[node].get(letter, 0)
            if (stop := self._stop[node]) is not None:
                whole = self.finish(state) + piece[: place + 1]
                return Stopped(0, whole[: -len(stop)], stop)
        held = self._begun[node][1]
        whole = self.finish(state) + piece if state else piece
        return Stopped(node, whole[:-held] if held else whole)

    def finish(self, state: int) -> str:
        """What is still held back, where no more text follows."""
        text, length = self._begun[state]
        return text[:length]

    def _insert(self, text: str) -> None:
        node = 0
        for place, letter in enumerate(text):
            if letter not in self._next[node]:
                self._next[node][letter] = len(self._next)
                self._begun.append((text, place + 1))
                self._next.append({})
                self._stop.append(None)
            node = self._next[node][letter]
        self._stop[node] = text

    def _link(self) -> None:
        """Completes each node's ways by those of its longest proper end that is a node too, the nearer nodes first."""
        ends = [0] * len(self._next)
        waiting = deque(self._next[0].values())
        while waiting:
            node = waiting.popleft()
            end = ends[node]
            waiting.extend(self._next[node].values())
            for letter, child in self._next[node].items():
                ends[child] = self._next[end].get(letter, 0)
            if self._stop[node] is None:
                self._stop[node] = self._stop[end]
            self._next[node] = self._next[end] | self._next[node]


@lru_cache(maxsize=256)
def stops(texts: tuple[str, ...]) -> Stops:
    """The automaton of these stop texts, made once."""
    return Stops(texts)
