"""Recall from a generated adapter: facts of a context, asked without it.

A generator is trained beside the frozen model (or taken from --path), on contexts of made-up facts. Then it is asked
about contexts whose facts are in no training context: with the context's adapter and no context in the prompt, with
nothing, with the adapter of another context, and with the context in the prompt.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from parts.facts import question, rows, write
from parts.figures import arguments, interleave, ratio, show
from passel.training.parts.session import train

from passel.core.key import Key
from passel.engine.weights import load
from passel.engine.weights.checkpoint import Checkpoint
from passel.models.catalog import cards, find_card
from passel.models.catalog.pull import pull
from passel.networks.context import Generator, adapted, memory_of
from passel.networks.trained_parts import load_trained

_AT_ONCE, _TOKENS = 16, 12


def main() -> None:
    """Trains, asks and prints."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = given.path or _trained(Path(folder), given)
        base = load(str(pull(find_card(given.model), _quiet)) if given.model in cards() else given.model)
        generator, manifest = load_trained(path, "generative_adapter", Generator.of)
    asked = rows(Key(given.seed) / "test", given.questions, given.facts, unseen=True)
    found = recall(base, generator, asked)
    for name, one in found.items():
        print(f"{name:28} {one['right']:4} of {len(asked)}  {one['tokens']:.1f} prompt tokens", flush=True)
    figures = times(base, generator, given.repeats, given.tokens)
    ratios = {"in the prompt over adapter": (ratio(figures, "context in the prompt", "generated adapter"), None)}
    title = f"Seconds to the first token of an answer, context of {given.tokens} tokens"
    show(title, "seconds", figures, ratios, given.json, recall=found, options=dict(manifest.options), model=given.model)


def recall(base: Checkpoint, generator: Generator, asked: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Answers that hold the word that was asked for, and the prompt's tokens on average."""
    plain = [_prompt(base, row["prompt"]) for row in asked]
    whole = [_prompt(base, f"{row['context']}\n\n{row['prompt']}") for row in asked]
    memories = [memory_of(base.model, generator, _ids(base, row["context"])) for row in asked]
    found: dict[str, dict[str, float]] = {}
    for name, prompts, used in (
        ("generated adapter", plain, memories),
        ("nothing", plain, None),
        ("another context's adapter", plain, memories[1:] + memories[:1]),
        ("context in the prompt", whole, None),
    ):
        answers = [
            text for at in range(0, len(asked), _AT_ONCE) for text in _answers(base, generator, prompts, used, at)
        ]
        right = sum(row["word"] in text for row, text in zip(asked, answers, strict=True))
        found[name] = {"right": right, "tokens": sum(map(len, prompts)) / len(prompts)}
        print(f"  {name}: {answers[:3]}", flush=True)
    return found


@torch.no_grad()
def _answers(base: Checkpoint, generator: Generator, prompts: list[list[int]], memories: Any, at: int) -> list[str]:
    """Greedy answers to some prompts at once, padded on the left."""
    some = prompts[at : at + _AT_ONCE]
    longest = max(map(len, some))
    tokens = torch.tensor([[0] * (longest - len(one)) + one for one in some])
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in some])
    run = lambda: base.model.generate(  # noqa: E731
        tokens, attention_mask=mask, max_new_tokens=_TOKENS, do_sample=False, pad_token_id=0
    )
    if memories is None:
        made = run()
    else:
        normalised = torch.stack([generator.normalised(one) for one in memories[at : at + _AT_ONCE]], 1)
        with adapted(base.model, generator, normalised):
            made = run()
    return [base.tokenizer.decode(row[longest:], skip_special_tokens=True) for row in made]


@torch.no_grad()
def times(base: Checkpoint, generator: Generator, repeats: int, length: int) -> dict[str, list[float]]:
    """Seconds to the first token, and to make the adapter, which is done once a context."""
    text = " ".join(row["context"] for row in rows(Key(7), 1 + length // 30, 4, unseen=False))
    context = _ids(base, text)[:length]
    asked = _prompt(base, question(["Maria"]))

    def first(tokens: list[int]) -> float:
        begun = time.perf_counter()
        base.model(input_ids=torch.tensor([tokens]), use_cache=True, logits_to_keep=1)
        return time.perf_counter() - begun

    def make() -> float:
        begun = time.perf_counter()
        generator.updates(memory_of(base.model, generator, context), "it")
        return time.perf_counter() - begun

    runs = {
        "generated adapter": lambda: first(asked),
        "context in the prompt": lambda: first([*context, *asked]),
        "making the adapter, once": make,
    }
    interleave(runs, 1)
    return interleave(runs, repeats)


def _trained(folder: Path, given: argparse.Namespace) -> Path:
    data = write(folder / "facts.jsonl", rows(Key(given.seed) / "train", given.contexts, given.facts, unseen=False))
    held = write(folder / "held.jsonl", rows(Key(given.seed) / "held", 8, given.facts, unseen=True))
    out = given.out or folder / "out"

    def on_step(step: Any) -> None:
        if step.step % 10 == 0 or step.step < 4:
            print(f"step {step.step}: loss {step.loss:.3f}, {step.seconds:.0f} s", flush=True)

    options: dict[str, Any] = {"rebuild": 0.0, **dict(one.split("=", 1) for one in given.option)}
    found = train(
        "generative_adapter",
        model=given.model,
        data=data,
        held_out=held,
        out=out,
        evaluations=1,
        on_step=on_step,
        steps=given.steps,
        **options,
    )
    print(dict(found.figures), flush=True)
    return found.folder


def _prompt(base: Checkpoint, text: str) -> list[int]:
    if not base.chat:
        return _ids(base, text)
    turns = [{"role": "user", "content": text}]
    return list(base.tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))


def _ids(base: Checkpoint, text: str) -> list[int]:
    return list(base.tokenizer(text, add_special_tokens=False)["input_ids"])


def _quiet(what: str, done: int, total: int) -> None:
    del what, done, total


def _arguments() -> argparse.Namespace:
    parser = arguments(__doc__, 3)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--path", type=Path, help="a generator that was trained already")
    parser.add_argument("--out", type=Path, help="keep the trained generator here")
    parser.add_argument("--steps", type=int, default=130)
    parser.add_argument("--contexts", type=int, default=200, help="to train on")
    parser.add_argument("--facts", type=int, default=4, help="of a context")
    parser.add_argument("--questions", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=1000, help="of the context that times are taken with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--option", action="append", default=[], help="of the recipe: NAME=VALUE; repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    main()
