"""A process that writes to a record: `record_writer.py PATH NAME COUNT OVERLAP`. It prints what put() has returned."""

from __future__ import annotations

import sys
from pathlib import Path

from record_examples import entry

from passel.core.driver import Record


def main(path: str, name: str, count: str, overlap: str) -> None:
    """Writes some hundred entries, a few at a time; the last `overlap` of them every other writer writes too."""
    record = Record(Path(path))
    print("open", flush=True)
    mine = [entry(1000 * int(name) + i, f"{name}:{i}") for i in range(int(count) - int(overlap))]
    shared = [entry(i, f"{name} wrote {i}") for i in range(int(overlap))]
    todo = [one for pair in zip(mine, shared, strict=False) for one in pair] + mine[len(shared) :] + shared[len(mine) :]
    for start in range(0, len(todo), 3):
        some = todo[start : start + 3]
        replies = record.put(some)
        told = (f"{one.address}={reply.text.replace(' ', '_')}" for one, reply in zip(some, replies, strict=True))
        print(" ".join(told), flush=True)
    record.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
