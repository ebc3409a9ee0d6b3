"""What weights of eight bits cost in quality: SmolLM2-135M with `int8=true` next to bfloat16, on a novel.

    PASSEL_DATA=DIR python bench/int8.py [--windows 24] [--json FILE]

Windows of 256 tokens of The Great Gatsby, each read alone. Told are the perplexity of both, the mean Kullback-Leibler
divergence of the one's next-token distributions from the other's, and the share of places whose likeliest token stays.
"""

from __future__ import annotations

import json
import os
from math import exp
from pathlib import Path
from typing import Any

import torch
from parts.figures import arguments, machine
from parts.weights import q4_gguf

from passel.engine import Decoding, Engine, read
from passel.engine.requests import ALL, Forward, forward, open_branch
from passel.engine.weights import load
from passel.training.texts.examples import Pair, windows
from passel.training.texts.examples import read as texts

LENGTH = 256


def logprobs(tokens: tuple[int, ...]) -> Decoding[torch.Tensor]:
    """Of all tokens after each of these [tokens, vocabulary]."""
    branch = yield from open_branch()
    output = yield from forward(Forward(branch, tokens, logits=ALL))
    return output.logits.log_softmax(-1)


def main() -> None:
    parser = arguments(__doc__, repeats=1)
    parser.add_argument("--windows", type=int, default=24)
    args = parser.parse_args()
    novel = Path(os.environ["PASSEL_DATA"]) / "long_documents" / "great_gatsby.txt.gz"
    base = load(q4_gguf(), dtype="bfloat16")
    (pair,) = texts([novel])
    whole = Pair("", pair.completion[20_000:], {})  # after the front matter
    cut = [tuple(one.tokens.tolist()) for one in windows(whole, base.tokenizer, LENGTH)][: args.windows]
    sides = {
        name: Engine(read(base.model, LENGTH, int8=name == "int8"), context=LENGTH) for name in ("bfloat16", "int8")
    }
    sums = dict.fromkeys((*sides, "divergence", "same"), 0.0)
    for tokens in cut:
        found = {name: engine.run(logprobs(tokens))[:-1] for name, engine in sides.items()}
        for name, one in found.items():
            sums[name] -= float(one[torch.arange(len(one)), torch.tensor(tokens[1:])].sum())
        plain, other = found["bfloat16"], found["int8"]
        sums["divergence"] += float((plain.exp() * (plain - other)).sum())
        sums["same"] += int((plain.argmax(-1) == other.argmax(-1)).sum())
    count = sum(len(tokens) - 1 for tokens in cut)
    figures: dict[str, Any] = {f"perplexity, {name}": exp(sums[name] / count) for name in sides}
    figures |= {"divergence, nats": sums["divergence"] / count, "likeliest token stays": sums["same"] / count}
    print(f"{count:,} tokens of a novel ({machine()})")
    for name, value in figures.items():
        print(f"{name:24}{value:10.4f}")
    for engine in sides.values():
        engine.close()
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "tokens": count, **figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
