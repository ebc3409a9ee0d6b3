"""HAMburger beside greedy decoding: tokens a pass and a slot of the cache, at what cost in quality and time.

    PASSEL_DATA=DIR python bench/hamburger.py [--path FOLDER] [--data FILE] [--steps 300] [--lora-rank 0]
                                              [--train 1200] [--problems 100] [--timed 8] [--repeats 3] [--json FILE]

The parts are trained on what the catalog's reasoner answers to word problems (`--path` takes a folder that is there
already, `--data` a file of prompts and completions). Held-out problems are then answered greedily by the model as it
was, greedily by the model with its update, and in groups at several confidences. For each: tokens, passes and slots of
the cache; how often the answer is right; the perplexity of what was written under the model as it was. A text's slots
are read from the cache at its end and held against prompt + groups - 1. Time: one text at a time, round after round,
each side in its turn; tokens a second over those of greedy decoding with the same weights. And the segmentation alone:
tokens a group of prose, dialogue, code, JSON and answers, by the entropies of the model as it was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import exp
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from parts.chains import is_right
from parts.figures import arguments, interleave, machine, ratio, show
from parts.structure import kinds, per_group
from parts.word_problems import MODEL, asked, held_out, problems, write_prompts

import passel
from passel.core.key import Key
from passel.core.steps import rewritten
from passel.decoding import DecodingInput, load
from passel.engine import Engine, read
from passel.engine.cached_network import model_and_row
from passel.engine.requests import Forward
from passel.engine.weights import load as load_weights
from passel.models.catalog import FOLDER, find_card
from passel.models.catalog.pull import pull
from passel.models.parts.torch.scoring import scores
from passel.networks.trained_parts import read_manifest
from passel.training.texts.examples import prompt_ids

CONTEXT, MOST, TOGETHER = 256, 110, 16
CONFIDENCES = (1.01, 0.95, 0.9, 0.8, 0.5)
KEY = Key(0) / "hamburger"
GREEDY, UPDATED = "greedy, the model as it was", "greedy, with the update"


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one problem: its tokens, passes of the whole model, slots of the cache at its end, and those of its prompt."""

    tokens: tuple[int, ...]
    passes: int
    slots: int
    prompt: int


def counted(decoding: Any, engine: Engine, prompt: int) -> Any:
    """The same decoding; its result is an answer."""
    whole: list[Forward] = []

    def note(asks: Any) -> Any:
        whole.extend(ask for ask in asks if isinstance(ask, Forward) and ask.layers is None and ask.exit is None)
        return asks

    (text,) = yield from rewritten(decoding, note)
    slots = int(engine._scheduler.cache.length[model_and_row(whole[-1].branch)[1]])
    return Answer(text.tokens, len(whole), slots, prompt)


def answers(engine: Engine, spec: str, inputs_list: Sequence[DecodingInput]) -> list[Answer]:
    """Of all problems, some of them at once."""
    make, found = load(spec).make, dict[int, Any]()
    for start in range(0, len(inputs_list), TOGETHER):
        part, ready = inputs_list[start : start + TOGETHER], threading.Event()

        def done(at: int, result: Any, error: BaseException | None, *, wanted: int, ready: threading.Event) -> None:
            found[at] = error or result
            if len(found) == wanted:
                ready.set()

        for at, inputs in enumerate(part, start):
            tell = partial(done, at, wanted=start + len(part), ready=ready)
            engine.start(counted(make(inputs, key=Key()), engine, len(inputs.prompt)), tell)
        ready.wait()
    return [found[at] for at in range(len(inputs_list))]


def judged(
    base: Any,
    engine: Engine,
    inputs_list: Sequence[DecodingInput],
    rows: Sequence[tuple[str, str]],
    found: Sequence[Answer],
) -> dict[str, float]:
    """Figures of one side; the engine has the model as it was."""
    texts = [base.tokenizer.decode(one.tokens, skip_special_tokens=True) for one in found]
    logprobs = [engine.run(scores(o.prompt, [one.tokens]))[0][0] for o, one in zip(inputs_list, found, strict=True)]
    tokens, passes = sum(len(one.tokens) for one in found), sum(one.passes for one in found)
    return {
        "right": fmean(is_right(text, answer) for text, (_, answer) in zip(texts, rows, strict=True)),
        "tokens": tokens / len(found),
        "passes": passes / len(found),
        "tokens_per_pass": tokens / passes,
        "tokens_per_slot": tokens / sum(one.slots - one.prompt + 1 for one in found),
        "slots_as_reckoned": sum(one.slots == one.prompt + one.passes - 1 for one in found),
        "perplexity": exp(-sum(logprobs) / tokens),
    }


def trained(folder: Path, args: argparse.Namespace) -> Path:
    """The parts, from what the model itself answers."""
    data, complete = args.data, None
    if data is None:
        rows = problems()
        order = (KEY / "problems").permutation(len(rows))[: args.train]
        data, complete = write_prompts(folder / "prompts.jsonl", [rows[at] for at in order]), 0.0
    options = {"steps": args.steps, "lora_rank": args.lora_rank, "learning_rate": args.learning_rate}
    found = passel.train(
        "hamburger",
        model=MODEL,
        data=data,
        out=folder / "parts",
        length=CONTEXT,
        complete=complete,
        evaluations=2,
        **options,
    )
    return found.folder


def model(adapter: Path | None) -> Any:
    card = find_card(MODEL)
    return load_weights(pull(card), own=FOLDER / str(card.adapter), adapter=adapter)


def speed(
    engine: Engine, specs: dict[str, str], inputs_list: Sequence[DecodingInput], repeats: int
) -> dict[str, list[float]]:
    """Tokens a second, one text at a time; a round has problems of its own."""
    each = len(inputs_list) // (repeats + 1)

    def turn(spec: str) -> Callable[[], float]:
        make, rounds = load(spec).make, iter(range(repeats + 1))

        def run() -> float:
            at = next(rounds) * each
            start, tokens = time.perf_counter(), 0
            for inputs in inputs_list[at : at + each]:
                tokens += len(engine.run(make(inputs, key=Key()))[0].tokens)
            return tokens / (time.perf_counter() - start)

        return run

    runs = {name: turn(spec) for name, spec in specs.items()}
    interleave(runs, 1)  # warm
    return interleave(runs, repeats)


def report(quality: dict[str, dict[str, float]], structure: dict[str, dict[str, float]], count: int) -> None:
    columns = ("right", "tokens", "passes", "tokens_per_pass", "tokens_per_slot", "perplexity")
    print(f"\n{count} held-out word problems ({machine()})")
    print(f"{'':30}" + "".join(f"{name.replace('_', ' '):>17}" for name in columns))
    for name, row in quality.items():
        print(f"{name:30}" + "".join(f"{row[of]:17.3f}" for of in columns))
    print(f"slots as reckoned: {[int(row['slots_as_reckoned']) for row in quality.values()]} of {count}")
    print(f"\nsegmentation alone\n{'':30}{'tokens':>10}{'a group':>10}{'entropy':>10}")
    for name, row in structure.items():
        print(f"{name:30}{row['tokens']:10,.0f}{row['tokens_per_group']:10.2f}{row['entropy']:10.2f}")


def parsed() -> argparse.Namespace:
    parser = arguments(__doc__, repeats=3)
    parser.add_argument("--path", type=Path, help="a folder of `passel train hamburger`")
    parser.add_argument("--data", type=Path, help="prompts and completions to train on")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--lora-rank", type=int, default=0)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--train", type=int, default=1200, help="problems to train on")
    parser.add_argument("--problems", type=int, default=100, help="held out, to be answered")
    parser.add_argument("--confidences", type=float, nargs="+", default=CONFIDENCES)
    parser.add_argument("--tokens", type=int, default=2048, help="of each kind of text, for the segmentation")
    parser.add_argument("--threads", type=int, default=2, help="of the processor")
    parser.add_argument("--timed", type=int, default=8, help="problems of a round")
    return parser.parse_args()


def measured(args: argparse.Namespace, path: Path) -> None:
    """All figures of a folder."""
    manifest, base, updated = read_manifest(path, "hamburger"), model(None), (path / "adapter_config.json").is_file()
    engine = Engine(read(base.model, CONTEXT), context=CONTEXT)
    with_update = Engine(read(model(path).model, CONTEXT), context=CONTEXT) if updated else engine
    timed = (args.repeats + 1) * args.timed
    held, rows = held_out()[: max(args.problems, timed)], held_out()[: args.problems]
    prompts = [prompt_ids(asked(question), base.tokenizer, chat=True) for question, _ in held]
    given = [DecodingInput(tuple(ids), MOST, base.end_ids) for ids in prompts]
    specs = {f"confidence {one:g}": f"hamburger:path={path}:confidence={one}" for one in args.confidences}
    sides = {GREEDY: (engine, "greedy")} | ({UPDATED: (with_update, "greedy")} if updated else {})
    sides |= {name: (with_update, spec) for name, spec in specs.items()}
    texts: dict[str, list[Answer]] = {}
    quality: dict[str, dict[str, float]] = {}
    for name, (of, spec) in sides.items():
        texts[name] = answers(of, spec, given[: len(rows)])
        quality[name] = judged(base, engine, given[: len(rows)], rows, texts[name])
        print(f"  {name}: {quality[name]}", file=sys.stderr, flush=True)
    single = texts.get("confidence 1.01", [])
    same = sum(a.tokens == b.tokens for a, b in zip(texts[UPDATED if updated else GREEDY], single, strict=False))
    own = [base.tokenizer.decode(one.tokens, skip_special_tokens=True) for one in texts[GREEDY]]
    found = kinds([(asked(question), text) for (question, _), text in zip(rows, own, strict=True)])
    structure = {name: per_group(base, of, chat=True, window=256, tokens=args.tokens) for name, of in found.items()}
    report(quality, structure, len(rows))
    print(f"confidence 1.01 token for token greedy's: {same} of {len(single)}", flush=True)
    figures = speed(with_update, {"greedy": "greedy", **specs}, given[-timed:], args.repeats)
    ratios: dict[str, Any] = {f"{name} / greedy": (ratio(figures, name, "greedy"), None) for name in specs}
    more = {"quality": quality, "segmentation": structure, "same_as_greedy": same, "trained": dict(manifest.figures)}
    more["options"] = dict(manifest.options)
    show("hamburger, one text at a time", "tokens a second", figures, ratios, args.json, **more)
    engine.close()
    with_update.close()


def main() -> None:
    args = parsed()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        measured(args, args.path or trained(Path(folder), args))


if __name__ == "__main__":
    main()
