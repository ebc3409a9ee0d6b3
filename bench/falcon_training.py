"""What Falcon's training and its tree are worth, on a small model made for it: sums in bytes.

    python bench/falcon_training.py [--out FOLDER] [--seeds 3] [--steps 300] [--learning-rate 2e-3]
                                    [--blocks 2 3] [--n-prompts 100] [--json FILE]

A Llama of 0.5 million weights learns to add three numbers, step by step. Drafters are then trained on its own greedy
answers, with glancing and by plain distillation, with the same steps and seeds. Told
are, seed by seed: the share of held-out tokens on which drafter and model agree, for each place in a block, and tokens
a pass of the model on held-out prompts, drafted for by a tree and by a chain of as many nodes. Every answer is compared
with that of greedy decoding.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

from parts.figures import arguments, machine

from passel.core.key import Key

LENGTH, NODES = 96, 8


def sums(count: int, key: Key) -> list[dict[str, str]]:
    """Prompts with their completions."""
    rows: list[dict[str, str]] = []
    for at in range(count):
        a, b, c = ((key / at / place).below(50) for place in range(3))
        rows.append(
            {
                "prompt": f"{a}+{b}+{c}?\n",
                "completion": f"{a}+{b}={a + b}\n{a + b}+{c}={a + b + c}\nSo it is {a + b + c}.",
            }
        )
    return rows


def model_in(folder: Path, steps: int) -> Path:
    """The small model, trained, with its tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    from passel.training.loop.seeded import seeded
    from passel.training.parts.batches import collate
    from passel.training.parts.next_token import cross_entropy
    from passel.training.texts.examples import Pair, example

    if (folder / "config.json").is_file():
        return folder
    names = ["<pad>", "<end>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    core = Tokenizer(models.BPE({name: place for place, name in enumerate(names)}, []))
    core.pre_tokenizer, core.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    core.add_special_tokens(names[:2])
    tokenizer: Any = PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", eos_token="<end>")
    sizes = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256}
    ends = {"bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0}
    with seeded(Key(0) / "model"):
        model = LlamaForCausalLM(LlamaConfig(vocab_size=len(names), **sizes, **heads, **ends))
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.95), weight_decay=0.0)
    for step in range(steps):
        rows = sums(64, Key(0) / "model" / step)
        made = [example(Pair(row["prompt"], row["completion"], {}), tokenizer, LENGTH, chat=False) for row in rows]
        batch = collate([one for one in made if one], torch.device("cpu"))
        loss = cross_entropy(model(input_ids=batch.tokens, attention_mask=batch.real.long()).logits, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min(1.0, (step + 1) / 50) * (1 - 0.95 * step / steps)
        optimizer.step()
    print(f"the model: loss {float(loss.detach()):.3f} nats a token", flush=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tokens_per_pass(engine: Any, inputs_list: list[Any], path: Path, **options: int) -> tuple[float, int]:
    """And how many answers are those of greedy decoding."""
    from passel.core.steps import rewritten
    from passel.decoding.drafters.falcon import falcon
    from passel.decoding.greedy import greedy
    from passel.decoding.speculative import speculative
    from passel.engine.requests import Forward

    passes = 0

    def count(asks: Any) -> Any:
        nonlocal passes
        passes += any(isinstance(ask, Forward) and ask.layers is None for ask in asks)
        return asks

    tokens = same = 0
    for inputs in inputs_list:
        drafter = partial(falcon, path=str(path), nodes=NODES, **options)
        (draft,) = engine.run(rewritten(speculative(inputs, drafter=drafter, adaptive=False), count))
        tokens, passes = tokens + len(draft.tokens) - 1, passes - 1  # the prompt's pass gives the first
        same += draft.tokens == engine.run(greedy(inputs))[0].tokens
    return tokens / passes, same


def measured(folder: Path, model: Path, args: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each block, way of training and seed."""
    import passel
    from passel.core.ask import Sampling
    from passel.decoding import DecodingInput
    from passel.engine import Engine, read
    from passel.engine.weights import load

    base = load(model, dtype="float32")
    files = {"data": 500, "held_out": 100}
    for name, count in files.items():
        rows = [{"prompt": row["prompt"]} for row in sums(count, Key(1) / name)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    inputs_list = [
        DecodingInput(tuple(base.tokenizer(row["prompt"])["input_ids"]), 64, base.end_ids, Sampling(temperature=0.0))
        for row in sums(args.n_prompts, Key(2))
    ]
    found: list[dict[str, Any]] = []
    with Engine(read(base.model, 256), context=256, memory=64 << 20) as engine:
        for block in args.blocks:
            for seed in range(args.seeds):
                for glancing in (True, False):
                    out = folder / f"{block}-{seed}-{glancing}"
                    if not (out / "passel.json").is_file():
                        given = {name: folder / f"{name}.jsonl" for name in files}
                        settings = {
                            "complete": 0.0,
                            "length": LENGTH,
                            "chat": False,
                            "dtype": "float32",
                            "evaluations": 1,
                        }
                        options = {
                            "steps": args.steps,
                            "block": block,
                            "glancing": glancing,
                            "learning_rate": args.learning_rate,
                        }
                        passel.train("falcon", model=str(model), out=out, seed=seed, **given, **settings, **options)
                    row = {"block": block, "seed": seed, "glancing": glancing}
                    row |= json.loads((out / "passel.json").read_text())["figures"]
                    levels = {"tree": {"length": 2 * block, "width": 4}, "chain": {"length": NODES, "width": 1}}
                    for kind, options in levels.items():
                        row[kind], row[f"{kind}_identical"] = tokens_per_pass(engine, inputs_list, out, **options)
                    found.append(row)
                    print({name: round(value, 3) for name, value in row.items()}, flush=True)
    return found


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--out", type=Path, help="folder to keep; default: none is kept")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300, help="of each drafter")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--model-steps", type=int, default=600)
    parser.add_argument("--blocks", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--n-prompts", type=int, default=100)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = measured(folder, model_in(folder / "model", args.model_steps), args)
    print(f"Falcon's training ({machine()}), means of {args.seeds} seeds")
    for block in args.blocks:
        for glancing in (True, False):
            own = [row for row in rows if (row["block"], row["glancing"]) == (block, glancing)]
            names = [name for name in own[0] if name.startswith(("agreement", "tree", "chain", "feature"))]
            means = ", ".join(f"{name} {fmean(row[name] for row in own):.3f}" for name in names)
            print(f"block {block}, {'glancing' if glancing else 'plain'}: {means}")
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
