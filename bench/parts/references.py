"""Right answers to word problems in the reasoner's own words: its greedy one, or the first right one of some that it
draws. What is left out are problems that it gets right in neither way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from parts.chains import is_right
from parts.word_problems import asked

from passel.core.key import Key
from passel.core.progress import silent
from passel.engine.weights.checkpoint import Checkpoint
from passel.training.texts.completing import completions
from passel.training.texts.examples import Pair

__all__ = ["write_references"]


def write_references(
    path: Path, base: Checkpoint, rows: Sequence[tuple[str, str]], draws: int, key: Key, context: int = 256
) -> dict[str, int]:
    """Rows to train on; how many answers are greedy ones, how many drawn, how many there are not.

    Args:
        rows: (question, answer). draws: for a problem that is answered wrongly.
    """
    found: dict[int, str] = {}
    for turn in range(1 + draws):
        left = [at for at in range(len(rows)) if at not in found]
        pairs = [Pair(asked(rows[at][0]), "", {}) for at in left]
        texts = completions(
            base,
            pairs,
            temperature=1.0 if turn else 0.0,
            max_tokens=context,
            chat=True,
            key=key / turn,
            on_progress=silent,
        )
        for at, ids in zip(left, texts, strict=True):
            text = base.tokenizer.decode(ids, skip_special_tokens=True)
            if ids[-1:] and ids[-1] in base.end_ids and is_right(text, rows[at][1]):
                found[at] = text
        if not turn:
            greedy = len(found)
    lines = [{"prompt": asked(rows[at][0]), "completion": text} for at, text in sorted(found.items())]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return {"greedy": greedy, "drawn": len(found) - greedy, "none": len(rows) - len(found)}
