"""Entries for tests of the record."""

from __future__ import annotations

import math

from passel.core.address import address
from passel.core.ask import Ask, Call, Embed, Generate, Message, Sampling, Score
from passel.core.driver import Entry
from passel.core.key import Key
from passel.core.reply import Reply, Token, Usage

__all__ = ["KINDS", "entry", "entry_of"]


def entry_of(ask: Ask, reply: Reply) -> Entry:
    """An entry under its ask's own address."""
    return Entry(address("m", ask, "p1"), "m", ask, reply)


def entry(number: int, text: str = "", stop: str = "end") -> Entry:
    """A drawn text."""
    ask = Generate("q", Key() / "draw" / number, sampling=Sampling(max_tokens=8))
    return entry_of(ask, Reply(stop, text or f"reply {number}", usage=Usage(3, number)))


CHAT = (Message("system", "s"), Message("user", "what is 1/2 + \ud800?"))
KINDS = {
    "generate": entry_of(
        Generate(CHAT, Key(7) / "draw" / 0, "So ", Sampling(temperature=0.5, max_tokens=9, stop=("\n",)), "r", "l"),
        Reply(
            text="a lone \udc00 surrogate, \x00 a null and é 🎲",
            tokens=(Token("a", -0.5, (("a", -0.5), ("\ud83d", -math.inf))), Token("\udc00", -1e-300)),
            usage=Usage(3, 2, 1),
            seconds=0.25,
            attempts=3,
            raw={"id": "x", "nested": [1, {"a": None}]},
        ),
    ),
    "score": entry_of(Score(CHAT, ("Yes", "No"), "p"), Reply(scores=(-0.1, -math.inf), usage=Usage(5, 1))),
    "embed": entry_of(Embed(("a", "b")), Reply(vectors=((0.1, -2.5e-8), (1.0, 0.0)), usage=Usage(2))),
    "call": entry_of(Call("check", {"text": "4", "n": [1, 2]}), Reply(value={"passed": True, "why": None})),
    "length": entry_of(Generate("q", Key(1)), Reply("length", "cut", usage=Usage(1, 8))),
    "filtered": entry_of(Generate("q", Key(2)), Reply("filtered")),
    "cancelled": entry_of(Generate("q", Key(3)), Reply("cancelled", "half", usage=Usage(1, 4))),
    "failed": entry_of(Generate("q", Key(4)), Reply("failed", error="500 \udfff", attempts=7)),
}
