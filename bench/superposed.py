"""Superposed decoding on SmolLM2-135M: what k drafts cost next to drafts drawn one by one, and what they are worth.

    python bench/superposed.py [--k 3] [--together 1,8] [--prompt-tokens 15] [--n-tokens 10] [--prompts 48]
                               [--threads 2] [--repeats 5] [--json FILE]

Prompts come from the last tenth of novels, a play, stories and papers, the n-gram tables from the rest. Speed: k
nucleus drafts (temperature 0.6, top_p 0.9, as in the paper's code) one after another, and the same in one batch that
shares their prompt, for so many prompts at once (`--together`); each side has its turn round after round, on prompts
of its own of the same length, and all drafts have exactly `--n-tokens` tokens. Quality: perplexity of drafts under the
model itself. Checks: one draft is the greedy one; passes do not depend on k; mixed inputs give nearly the mean of the
separate distributions, the less so the more steps were mixed; perplexity is lower with n-grams than without.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from math import exp
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from parts.figures import arguments, interleave, machine, ratio, show
from parts.held_out_prompts import documents, prompts_of, tables_of
from parts.linearity import alike, distributions
from parts.weights import q4_gguf

from passel.core.ask import Sampling
from passel.core.key import Key
from passel.decoding import Decoded, DecodingInput
from passel.decoding.greedy import greedy
from passel.decoding.superposed import superposed
from passel.engine import Decoding, Engine, SampleRequest, read
from passel.engine.weights import load
from passel.models.parts.torch.scoring import scores

CONTEXT = 512
TARGETS = {"one after another": 2.4, "one batch": 1.3}
STEPS = 10  # of mixed inputs
KEY = Key(0) / "bench"

Prompt = tuple[int, ...]
Prompts = Sequence[Prompt]
Drafts = Sequence[Sequence[int]]


class Sides:
    """The ways to make k drafts of each prompt, in one engine. No end token: all drafts have their full length."""

    def __init__(self, engine: Engine, k: int, tokens: int, tables: str) -> None:
        self.engine, self.k, self.tokens, self.tables = engine, k, tokens, tables

    def superposed(self, prompts: Prompts, **how: Any) -> list[Drafts]:
        options = {"k": self.k, "ngrams": self.tables, **how}
        return self._run([superposed(self._opening(prompt), **options) for prompt in prompts])

    def bare(self, prompts: Prompts) -> list[Drafts]:
        return self.superposed(prompts, ngrams="")

    def greedy(self, prompts: Prompts) -> list[Drafts]:
        return self._run([greedy(self._opening(prompt)) for prompt in prompts])

    def one_by_one(self, prompts: Prompts) -> list[Drafts]:
        turns = [self.engine.complete([self._draw(prompt, i) for prompt in prompts]) for i in range(self.k)]
        return [[one.tokens for one in drafts] for drafts in zip(*turns, strict=True)]

    def one_batch(self, prompts: Prompts) -> list[Drafts]:
        drawn = iter(self.engine.complete([self._draw(prompt, i) for prompt in prompts for i in range(self.k)]))
        return [[one.tokens for one in islice(drawn, self.k)] for _ in prompts]

    def _run(self, works: Sequence[Decoding[tuple[Decoded, ...]]]) -> list[Drafts]:
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
        return [[one.tokens for one in found[place]] for place in range(len(works))]

    def _draw(self, prompt: Prompt, i: int) -> SampleRequest:
        sampling = Sampling(temperature=0.6, top_p=0.9, max_tokens=self.tokens)
        return SampleRequest(prompt, sampling, (KEY / "draw" / i / str(prompt)).bits(), frozenset())

    def _opening(self, prompt: Prompt) -> DecodingInput:
        return DecodingInput(prompt, self.tokens, frozenset())


def speed(sides: Sides, prompts: Iterator[Prompt], together: int, repeats: int) -> dict[str, list[float]]:
    """Milliseconds for k drafts of each of so many prompts, turn by turn; a turn is at least four prompts."""
    groups = max(1, 4 // together)

    def turn(make: Callable[[Prompts], list[Drafts]]) -> Callable[[], float]:
        def run() -> float:
            given = [list(islice(prompts, together)) for _ in range(groups)]
            assert len(given[-1]) == together, "there are not enough prompts for so many repeats"
            start = time.perf_counter()
            drafts = [draft for group in given for of_prompt in make(group) for draft in of_prompt]
            taken = time.perf_counter() - start
            assert {len(draft) for draft in drafts} == {sides.tokens}
            return 1000 * taken / groups

        return run

    ways = {
        "superposed": sides.superposed,
        "superposed, no n-grams": sides.bare,
        "one after another": sides.one_by_one,
        "one batch": sides.one_batch,
        "greedy, one draft": sides.greedy,
    }
    runs = {name: turn(make) for name, make in ways.items()}
    interleave(runs, 1)  # warm
    return interleave(runs, repeats)


def perplexities(sides: Sides, prompts: Sequence[Prompt]) -> dict[str, list[list[float]]]:
    """By way and prompt: the perplexity of each draft under the model, in its rank's place."""
    ways = {
        "superposed": sides.superposed,
        "superposed, no n-grams": sides.bare,
        "nucleus": sides.one_batch,
        "greedy": sides.greedy,
    }
    found: dict[str, list[list[float]]] = {name: [] for name in ways}
    for prompt in prompts:
        for name, make in ways.items():
            logprobs, _ = sides.engine.run(scores(prompt, make([prompt])[0]))
            found[name].append([exp(-one / sides.tokens) for one in logprobs])
    return found


def summary(found: dict[str, list[list[float]]]) -> dict[str, dict[str, float]]:
    """Means over prompts: of all drafts, of the first, of the best under the model."""
    return {
        name: {
            "all": fmean(fmean(drafts) for drafts in of),
            "first": fmean(drafts[0] for drafts in of),
            "best": fmean(min(drafts) for drafts in of),
        }
        for name, of in found.items()
    }


def linearity(engine: Engine, prompts: Sequence[Prompt], k: int) -> dict[str, list[float]]:
    """Means over prompts, step by step: cosine and rank correlation of the distribution after mixed inputs with the
    mean of the separate ones; and the same after random tokens mixed."""
    found: dict[str, list[list[float]]] = {}
    chance = torch.Generator().manual_seed(0)
    sampling = Sampling(temperature=1.0, max_tokens=STEPS)
    for prompt in prompts:
        seeds = [(KEY / "linear" / i / str(prompt)).bits() for i in range(k)]
        requests = [SampleRequest(prompt, sampling, seed, frozenset()) for seed in seeds]
        drafts = [completion.tokens for completion in engine.complete(requests)]
        random = torch.randint(engine.parts.vocabulary, (k, STEPS), generator=chance).tolist()
        mean, mixed, other = engine.run(distributions(prompt, drafts, random))
        for name, (cosine, ranks) in {"": alike(mean, mixed), "random ": alike(mean, other)}.items():
            found.setdefault(f"{name}cosine", []).append(cosine)
            found.setdefault(f"{name}rank", []).append(ranks)
    return {name: [fmean(step) for step in zip(*rows, strict=True)] for name, rows in found.items()}


def identities(sides: Sides, prompts: Sequence[Prompt]) -> dict[str, Any]:
    """Drafts of k=1 that are greedy's, and passes for k = 1, 2, 3, 5."""
    same = sum(sides.superposed([prompt], k=1, ngrams="") == sides.greedy([prompt]) for prompt in prompts)
    passes: dict[int, int] = {}
    for k in (1, 2, 3, 5):
        before = sides.engine.tally.ticks
        sides.superposed(prompts[:1], k=k)
        passes[k] = sides.engine.tally.ticks - before
    return {"greedy": f"{same} of {len(prompts)}", "passes": passes}


def verdicts(quality: dict[str, dict[str, float]], curves: dict[str, list[float]], same: dict[str, Any]) -> None:
    print("\nperplexity under the model, mean over prompts")
    print(f"{'':24}{'all drafts':>12}{'first':>12}{'best':>12}")
    for name, row in quality.items():
        print(f"{name:24}" + "".join(f"{row[of]:12.2f}" for of in ("all", "first", "best")))
    print("\nlikeness to the mean of the separate distributions, by steps mixed")
    for name, curve in curves.items():
        print(f"{name:16}" + "".join(f"{value:7.2f}" for value in curve))
    first, last = (fmean(curves["cosine"][part]) for part in (slice(0, 3), slice(-3, None)))
    checks = {
        "one draft is greedy's": same["greedy"],
        "passes by k": same["passes"],
        "n-grams lower the perplexity": quality["superposed"]["all"] < quality["superposed, no n-grams"]["all"],
        "mixes beat random ones": all(a > b for a, b in zip(curves["cosine"], curves["random cosine"], strict=True)),
        "the likeness falls": first > last,
        "all drafts against nucleus": quality["superposed"]["all"] < quality["nucleus"]["all"],
        "best of k against greedy": quality["superposed"]["best"] < quality["greedy"]["all"],
    }
    print()
    for name, value in checks.items():
        print(f"{name}: {value}")


def parsed() -> argparse.Namespace:
    parser = arguments(__doc__)
    parser.add_argument("--k", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of the processor")
    parser.add_argument("--together", default="1,8", help="prompts at once, for the speed; empty: leave it out")
    parser.add_argument("--prompt-tokens", type=int, default=15)
    parser.add_argument("--n-tokens", type=int, default=10)
    parser.add_argument("--prompts", type=int, default=48, help="for the quality")
    return parser.parse_args()


def main() -> None:
    args = parsed()
    torch.set_num_threads(args.threads)
    checkpoint = load(q4_gguf(), dtype="bfloat16")
    tokenizer, engine = checkpoint.tokenizer, Engine(read(checkpoint.model, CONTEXT), context=CONTEXT)
    del checkpoint
    found = documents(tokenizer)
    prompts = prompts_of(found, args.prompt_tokens, args.n_tokens)
    given, others = prompts[: args.prompts], iter(prompts[args.prompts :])
    with tempfile.TemporaryDirectory() as folder, engine:
        tables = tables_of(found, tokenizer, Path(folder) / "tables")
        print(f"{tables.info.tokens:,} tokens counted, {len(prompts)} prompts of {args.prompt_tokens} tokens")
        sides = Sides(engine, args.k, args.n_tokens, str(tables.path))
        figures: dict[str, dict[str, list[float]]] = {}
        for together in filter(None, args.together.split(",")):
            figures[together] = of = speed(sides, others, int(together), args.repeats)
            ratios = {f"{name} / superposed": (ratio(of, name, "superposed"), TARGETS[name]) for name in TARGETS}
            ratios["superposed / greedy"] = (ratio(of, "superposed", "greedy, one draft"), None)
            show(f"superposed, k={args.k}, prompts at once: {together}", "ms for k drafts of each", of, ratios, None)
        quality = summary(perplexities(sides, given))
        curves = linearity(engine, given, args.k)
        same = identities(sides, given)
    verdicts(quality, curves, same)
    if args.json:
        whole = {
            "machine": machine(),
            "threads": args.threads,
            "milliseconds": figures,
            "perplexity": quality,
            "linearity": curves,
            **same,
        }
        args.json.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
