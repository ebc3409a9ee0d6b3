"""Early exits on the catalog's reasoner: layers skipped, what that costs, and what stopping is worth.

    PASSEL_DATA=DIR python bench/early_exit.py [--path FOLDER] [--steps 300] [--train 1500] [--problems 200]
                                               [--timed 8] [--repeats 5] [--json FILE]

Heads and controller learn from right answers to word problems in the model's own words (`--path` takes a folder that is
there already). On held-out problems, for each exit threshold: layers that a token took and tokens that are the full
model's, where each token is given those of its greedy answer (with keys and values as exits leave them); answers that
are right, where it writes by itself. For each stop threshold: answers that were not stopped, and how many of these are
right, next to as many answers of greedy decoding, those with the highest mean log-probability. Speed: one text at a
time, seconds for each token after the first, against greedy decoding, round by round, on the same problems.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from parts.chains import is_right
from parts.figures import arguments, interleave, machine, ratio, show
from parts.references import write_references
from parts.word_problems import MODEL, asked, held_out, problems

import passel
from passel.core.key import Key
from passel.decoding import Decoded, DecodingInput
from passel.decoding.early_exit import early_exit
from passel.decoding.greedy import greedy
from passel.engine import Decoding, Engine, read
from passel.engine.requests import ALL, Forward, forward, open_branch
from passel.engine.weights import load
from passel.engine.weights.checkpoint import Checkpoint
from passel.models.catalog import FOLDER, find_card
from passel.models.catalog.pull import pull
from passel.networks.early_exit import ControllerExit, EarlyExit, build_early_exit, thresholds
from passel.networks.trained_parts import load_trained
from passel.training.texts.examples import prompt_ids

CONTEXT, MOST, NEVER = 256, 100, 2.0
EXITS = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999)
STOPS = (0.5, 0.6, 0.7, 0.8, 0.9)
LOSS = 0.01
KEY = Key(0) / "early exit"


class Sides:
    """Ways to answer the problems, on one engine."""

    def __init__(self, base: Checkpoint, rows: Sequence[tuple[str, str]], path: Path) -> None:
        self.engine = Engine(read(base.model, CONTEXT), context=CONTEXT)
        self.rows, self.path, self.tokenizer = rows, str(path), base.tokenizer
        self.parts: EarlyExit = load_trained(path, "early_exit", build_early_exit)[0]
        prompts = [tuple(prompt_ids(asked(question), base.tokenizer, chat=True)) for question, _ in rows]
        self.inputs_list = [DecodingInput(prompt, MOST, base.end_ids) for prompt in prompts]

    def greedy(self, inputs: DecodingInput) -> Decoding[tuple[Decoded, ...]]:
        return greedy(inputs)

    def early(self, inputs: DecodingInput, leave: float, stop: float = NEVER) -> Decoding[tuple[Decoded, ...]]:
        return early_exit(inputs, path=self.path, exit_threshold=leave, stop_threshold=stop)

    def all(self, works: Sequence[Decoding[Any]]) -> list[Any]:
        """Decoding methods side by side."""
        found: dict[int, Any] = {}
        ready = threading.Event()

        def done(place: int, result: Any, error: BaseException | None) -> None:
            found[place] = error or result
            if len(found) == len(works):
                ready.set()

        for place, work in enumerate(works):
            self.engine.start(work, partial(done, place))
        ready.wait()
        return [found[place] for place in range(len(works))]

    def drafts(self, make: Callable[[DecodingInput], Decoding[tuple[Decoded, ...]]]) -> list[Decoded]:
        return [draft for (draft,) in self.all([make(inputs) for inputs in self.inputs_list])]

    def right(self, draft: Decoded, at: int) -> bool:
        return is_right(self.tokenizer.decode(draft.tokens, skip_special_tokens=True), self.rows[at][1])


def followed(parts: EarlyExit, leave: float, prompt: Sequence[int], tokens: Sequence[int]) -> Decoding[Any]:
    """Of each token of an answer but the first: the layers that it took, and whether it was read off as it is."""
    branch = yield from open_branch()
    yield from forward(Forward(branch, prompt))
    depths, same, least = list[int](), list[bool](), thresholds(leave, NEVER, torch.device("cpu"))
    for start in range(0, len(tokens) - 1, 16):  # short pieces, which round as single tokens do
        piece, next_ones = tokens[:-1][start : start + 16], tokens[1:][start : start + 16]
        output = yield from forward(Forward(branch, piece, exit=ControllerExit(parts, least), logits=ALL))
        depths += output.depths
        same += (output.logits.argmax(-1).cpu().numpy() == next_ones).tolist()
    return depths, same


def curve(sides: Sides, drafts: Sequence[Decoded]) -> list[dict[str, float]]:
    """What each exit threshold gives."""
    rows: list[dict[str, float]] = []
    for leave in (*EXITS, NEVER):
        given = zip(sides.inputs_list, drafts, strict=True)
        found = sides.all([followed(sides.parts, leave, inputs.prompt, draft.tokens) for inputs, draft in given])
        depths, same = ([one for each in found for one in each[part]] for part in (0, 1))
        own = sides.drafts(lambda inputs, leave=leave: sides.early(inputs, leave))
        rows.append(
            {
                "threshold": leave,
                "layers": fmean(depths),
                "skipped": 1 - fmean(depths) / sides.parts.layers,
                "accuracy": fmean(same),
                "right": fmean(sides.right(draft, at) for at, draft in enumerate(own)),
                "own layers": fmean(depth for draft in own for depth in draft.depths[1:]),
                "as greedy": fmean(a.tokens == b.tokens for a, b in zip(own, drafts, strict=True)),
            }
        )
    return rows


def stopping(sides: Sides, drafts: Sequence[Decoded]) -> list[dict[str, float]]:
    """What each stop threshold gives; a token never leaves early."""
    ranked = sorted(range(len(drafts)), key=lambda at: -(drafts[at].score or 0.0) / len(drafts[at].tokens))
    rows: list[dict[str, float]] = []
    for stop in (*STOPS, NEVER):
        found = sides.drafts(lambda inputs, stop=stop: sides.early(inputs, NEVER, stop))
        kept = [at for at, draft in enumerate(found) if not draft.spent]
        rows.append(
            {
                "threshold": stop,
                "coverage": len(kept) / len(found),
                "precision": fmean(sides.right(found[at], at) for at in kept) if kept else 0.0,
                "by log-probability": fmean(sides.right(drafts[at], at) for at in ranked[: len(kept)]) if kept else 0.0,
                "tokens": sum(len(draft.tokens) + draft.spent for draft in found) / sum(len(d.tokens) for d in drafts),
            }
        )
    return rows


def speed(sides: Sides, thresholds: Sequence[float], timed: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds for each token after the first, one text at a time, round by round."""
    rounds: dict[str, int] = {}

    def turn(name: str, make: Callable[[DecodingInput], Decoding[Any]]) -> Callable[[], float]:
        def run() -> float:
            start = rounds[name] = rounds.get(name, -1) + 1
            seconds, tokens = 0.0, 0
            for at in range(timed):
                began: list[float] = []
                inputs = sides.inputs_list[(start * timed + at) % len(sides.inputs_list)]
                sides.engine.run(make(inputs), lambda _, began=began: began.append(time.perf_counter()))
                seconds += began[-1] - began[0]
                tokens += len(began) - 1
            return 1000 * seconds / tokens

        return run

    runs = {"greedy": turn("greedy", sides.greedy)}
    for leave in thresholds:
        runs[f"exit above {leave:g}"] = turn(f"{leave}", partial(sides.early, leave=leave))
    interleave(runs, 1)  # warm
    return interleave(runs, repeats)


def trained(folder: Path, base: Checkpoint, steps: int, count: int) -> tuple[Path, dict[str, Any]]:
    """Heads and controller, from right answers in the model's own words."""
    words = problems()
    rows = [words[at] for at in (KEY / "problems").permutation(len(words))[:count]]
    file = folder / "references.jsonl"
    counts = write_references(file, base, rows, 4, KEY / "references")
    print(f"right answers: {counts}")
    found = passel.train("early_exit", model=MODEL, data=file, out=folder / "parts", steps=steps, length=CONTEXT)
    return found.folder, {"references": counts, **found.figures}


def table(rows: Sequence[dict[str, float]]) -> None:
    print("  ".join(f"{name:>18}" for name in rows[0]))
    for row in rows:
        print("  ".join(f"{value:18.4g}" for value in row.values()))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--path", type=Path, help="a folder of `passel train early_exit`")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--train", type=int, default=1500, help="problems to train on")
    parser.add_argument("--problems", type=int, default=200, help="held out")
    parser.add_argument("--timed", type=int, default=8, help="problems of a round")
    args = parser.parse_args()
    card = find_card(MODEL)
    base = load(pull(card), own=FOLDER / str(card.adapter))
    with tempfile.TemporaryDirectory() as folder:
        path, training = (args.path, {}) if args.path else trained(Path(folder), base, args.steps, args.train)
        sides = Sides(base, held_out()[: args.problems], path)
        drafts = sides.drafts(sides.greedy)
        print(f"greedy: {fmean(sides.right(draft, at) for at, draft in enumerate(drafts)):.1%} right ({machine()})")
        by_exit = curve(sides, drafts)
        table(by_exit)
        layers = [row["layers"] for row in by_exit]
        print(f"layers fall with the threshold: {layers == sorted(layers)}")
        close = [row for row in by_exit if row["accuracy"] >= 1 - LOSS]
        best = max(close, key=lambda row: row["skipped"])
        print(f"at most {LOSS:.0%} of tokens lost: threshold {best['threshold']:g}, {best['skipped']:.1%} skipped")
        by_stop = stopping(sides, drafts)
        table(by_stop)
        thresholds = sorted({0.5, 0.9, best["threshold"], NEVER})
        figures = speed(sides, thresholds, args.timed, args.repeats)
        ratios = {f"greedy / {name}": (ratio(figures, "greedy", name), None) for name in list(figures)[1:]}
        more: dict[str, Any] = {"model": MODEL, "training": training, "exits": by_exit, "stops": by_stop, "best": best}
        show("Early exits, batch 1", "ms a token after the first", figures, ratios, args.json, **more)
        sides.engine.close()


if __name__ == "__main__":
    main()
