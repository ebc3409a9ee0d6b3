"""A model that replays a record, with an error for what was not recorded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from passel.core.ask import Ask
from passel.core.driver import Entry, Record, ReplyStore
from passel.core.errors import NotRecorded, UsageError
from passel.core.model import ModelInfo, Progress
from passel.core.reply import Reply

__all__ = ["FrozenStore", "Replay", "ReplayedStore", "replay"]


@dataclass(frozen=True, eq=False)
class Replay:
    """Stands for a model whose replies are all in the store."""

    of: ModelInfo

    @property
    def info(self) -> ModelInfo:
        """The info of the recorded model, so that addresses and races stay the same."""
        return replace(self.of, max_n=1)

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        """Raises NotRecorded: an ask that comes here is not in the record."""
        raise NotRecorded(f"the record holds no reply of {self.of.name} to this {asks[0].kind} ask")

    async def aclose(self) -> None:
        """Nothing to free."""


@dataclass(frozen=True)
class ReplayedStore:
    """A record that is only read."""

    record: ReplyStore

    def get(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`. A failed reply fails again."""
        return {address: reply for address, reply in self.last(addresses).items() if reply.stop != "cancelled"}

    def last(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`."""
        return self.record.last(addresses)

    def put(self, entries: Sequence[Entry]) -> list[Reply]:
        """See `ReplyStore`. Only calls of tools come here; they are made again and not kept."""
        return [entry.reply for entry in entries]


@dataclass(frozen=True)
class FrozenStore:
    """A record whose draws are as they are (one that failed has failed), and to which judgements of them are added."""

    record: Record

    def get(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`."""
        drawn = self.record.drawn(addresses)
        return {a: reply for a, reply in drawn.items() if reply.stop != "cancelled"} | self.record.get(addresses)

    def last(self, addresses: Sequence[str]) -> dict[str, Reply]:
        """See `ReplyStore`."""
        return self.record.last(addresses)

    def put(self, entries: Sequence[Entry]) -> list[Reply]:
        """See `ReplyStore`."""
        return self.record.put(entries)


def replay(folder: str, *, model: str | None = None) -> Replay:
    """`replay:DIR`: the model whose replies the run in DIR recorded (the generator's, or the one named).

    Use it with `--out DIR` to recompute other methods from the same samples without asking anything new.
    """
    from passel.models import load

    if not folder:
        raise UsageError("replay needs a folder: replay:DIR")
    Record(Path(folder) / "record.sqlite", read_only=True).close()
    original: Any = load(model or json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))["model"])
    return Replay(original.info)
