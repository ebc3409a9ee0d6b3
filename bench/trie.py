"""What the engine's cache saves, token for token, and what its bookkeeping takes.

    python bench/trie.py [--repeats 5] [--json FILE]

Saved: 64 samples of one prompt of 500 tokens, 32 tokens each, on SmolLM2-135M in bfloat16: tokens computed, beside what
the arithmetic says (the prompt once, then each different beginning once) and to what 64 samples alone would take.
Bookkeeping: a tick of 64 rows on 64 prompts with the network left out: choosing, cache, batch and sampling.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch
from parts.figures import arguments, machine, show
from parts.passages import passages
from parts.weights import bf16_folder
from transformers import AutoModelForCausalLM, AutoTokenizer

from passel.core.ask import Sampling
from passel.engine import Completion, Engine, SampleRequest, read

SAMPLES, PROMPT, TOKENS, MOST_MS = 64, 500, 32, 1.0


def load() -> tuple[Engine, Any]:
    """An engine on SmolLM2, and its tokenizer."""
    torch.set_num_threads(2)
    folder = bf16_folder()
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16)
    return Engine(read(model.eval(), 1024), context=1024), AutoTokenizer.from_pretrained(folder)


def beginnings(prompt: Sequence[int], texts: Sequence[Completion]) -> int:
    """Different beginnings that had to be computed: of the prompt, and of each text but for its last token."""
    own = {text.tokens[:size] for text in texts for size in range(1, len(text.tokens))}
    return len(prompt) + len(own)


def saved(engine: Engine, prompt: Sequence[int]) -> dict[str, int]:
    """Tokens computed for all the samples, and what they should be."""
    before = engine.tally.computed
    sampling = Sampling(temperature=1.0, max_tokens=TOKENS)
    texts = engine.complete([SampleRequest(tuple(prompt), sampling, seed, frozenset()) for seed in range(SAMPLES)])
    return {
        "computed": engine.tally.computed - before,
        "by arithmetic": beginnings(prompt, texts),
        "64 samples alone": SAMPLES * (len(prompt) + TOKENS - 1),
        "bytes a cached token": engine.parts.bytes_per_token,
        "by arithmetic, bytes": 2 * 30 * 3 * 64 * 2,
    }


def bookkeeping(engine: Engine, prompts: Sequence[Sequence[int]]) -> float:
    """Milliseconds of a tick of 64 rows, without the network and without the pass over the vocabulary."""
    engine.close()
    scheduler, network = engine._scheduler, engine._scheduler.models[0].network
    sampling = Sampling(temperature=1.0, max_tokens=120)
    scheduler.sample([SampleRequest(tuple(prompt), sampling, seed, frozenset()) for seed, prompt in enumerate(prompts)])
    size, layers = engine.parts.hidden_size, len(engine.parts.layers)
    network.hidden = lambda batch, **_: {layers: torch.zeros(len(batch.tokens), size)}
    network.logits = lambda hidden: torch.zeros(len(hidden), 64)
    try:
        for _ in range(20):
            scheduler.tick()
        begun, ticks = time.perf_counter(), 0
        while ticks < 80:
            scheduler.tick()
            ticks += 1
        seconds = time.perf_counter() - begun
        while not scheduler.idle:
            scheduler.tick()
    finally:
        del network.hidden, network.logits
    return 1000 * seconds / ticks


def main() -> None:
    args = arguments(__doc__).parse_args()
    engine, tokenizer = load()
    given = passages(tokenizer)
    prompt = [token for _ in range(12) for token in next(given)][:PROMPT]
    figures = saved(engine, prompt)
    print(f"{SAMPLES} samples of one prompt ({machine()})")
    for name, value in figures.items():
        print(f"{name:24}{value:>10,}")
    prompts = [next(given)[:60] for _ in range(SAMPLES)]
    ticks = [bookkeeping(engine, prompts) for _ in range(args.repeats)]
    within = {"1 ms / tick": ([MOST_MS / tick for tick in ticks], 1.0)}
    show("bookkeeping of a tick of 64 rows", "ms", {"tick": ticks}, within, None)
    if args.json:
        kind = {"machine": machine(), "saved": figures, "tick_ms": median(ticks)}
        args.json.write_text(json.dumps(kind, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
