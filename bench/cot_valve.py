"""CoT-Valve on the catalog's reasoner: how long chains of thought are, and how often right, as the valve is opened.

    PASSEL_DATA=DIR python bench/cot_valve.py [--path FOLDER] [--steps 300] [--train 1500] [--problems 200]
                                              [--json FILE]

The model writes its own chains for word problems and sums; the right ones, shortened by half of their steps and by all
of them, are what the adapter is trained on (`--path` takes one that is there already). Then held-out word problems and
sums of the same kind are answered greedily at each length. Control: the unchanged model, asked for the number only.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from parts.chains import is_right, sums, write_chains
from parts.figures import arguments, machine
from parts.word_problems import MODEL, asked, held_out, problems

import passel
from passel.core.key import Key
from passel.core.progress import silent
from passel.engine.weights import load
from passel.models.catalog import FOLDER, find_card
from passel.models.catalog.pull import pull
from passel.training.texts.completing import completions
from passel.training.texts.examples import Pair

LENGTHS = (1.25, 1.0, 0.75, 0.5, 0.25, 0.0, -0.25)
CONTEXT = 256
KEY = Key(0) / "cot valve"

Rows = Sequence[tuple[str, str]]


def answers(rows: Rows, *, adapter: Path | None = None, length: float = 1.0, instruct: bool = True) -> list[list[str]]:
    """(text, number of tokens) for each question, greedily."""
    card = find_card(MODEL)
    base = load(pull(card), own=FOLDER / str(card.adapter), adapter=adapter, scale=1.0 - length)
    prompts = [asked(q) if instruct else f"{q}\nAnswer with the number only." for q, _ in rows]
    pairs = [Pair(prompt, "", {}) for prompt in prompts]
    found = completions(
        base,
        pairs,
        temperature=0.0,
        max_tokens=CONTEXT,
        chat=True,
        key=KEY,
        on_progress=silent,
    )
    return [[base.tokenizer.decode(ids, skip_special_tokens=True), str(len(ids))] for ids in found]


def measured(rows: Rows, texts: Sequence[Sequence[str]]) -> dict[str, float]:
    return {
        "tokens": fmean(int(tokens) for _, tokens in texts),
        "steps": fmean(text.strip().count("\n") for text, _ in texts),
        "right": fmean(is_right(text, answer) for (text, _), (_, answer) in zip(texts, rows, strict=True)),
    }


def trained(folder: Path, steps: int, count: int) -> tuple[Path, dict[str, float]]:
    """The adapter, from the model's own chains."""
    words = problems()
    order = (KEY / "problems").permutation(len(words))[:count]
    rows = [words[at] for at in order] + sums(count, KEY / "sums")
    texts = [text for text, _ in answers(rows)]
    total = write_chains(folder / "chains.jsonl", rows, texts)
    print(f"{total} chains from {len(rows)} questions")
    found = passel.train(
        "cot-valve", model=MODEL, data=folder / "chains.jsonl", out=folder / "valve", steps=steps, length=CONTEXT
    )
    return found.folder, dict(found.figures)


def main() -> None:
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--path", type=Path, help="a folder of `passel train cot-valve`")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--train", type=int, default=1500, help="word problems, and as many sums")
    parser.add_argument("--problems", type=int, default=200, help="held out, of each kind")
    args = parser.parse_args()
    sets = {"word problems": held_out()[: args.problems], "sums": sums(args.problems, KEY / "held out")}
    report: dict[str, Any] = {"machine": machine(), "model": MODEL, "problems": args.problems, "sets": {}}
    with tempfile.TemporaryDirectory() as folder:
        path, report["training"] = (args.path, {}) if args.path else trained(Path(folder), args.steps, args.train)
        for name, rows in sets.items():
            by_length = [measured(rows, answers(rows, adapter=path, length=length)) for length in LENGTHS]
            found = {f"length {length:g}": row for length, row in zip(LENGTHS, by_length, strict=True)}
            found["asked for the number only"] = measured(rows, answers(rows, instruct=False))
            report["sets"][name] = found
            print(f"\n{name} ({machine()})\n{'':28}{'tokens':>8}{'steps':>8}{'right':>8}")
            for what, row in found.items():
                print(f"{what:28}{row['tokens']:8.1f}{row['steps']:8.2f}{row['right']:8.1%}")
            tokens = [row["tokens"] for row in by_length]
            print(f"tokens fall with the length: {tokens == sorted(tokens, reverse=True)}")
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
