"""Tokens a second of speculative decoding next to greedy decoding, for answers that quote their prompts.

    python bench/speculative.py [--sides SPEC …] [--draft FOLDER] [--n-prompts 6] [--n-tokens 160] [--repeats 5]
                                [--json FILE] [--markdown FILE]

SmolLM2-135M in bfloat16, on two threads, one text at a time, temperature 0. A round has prompts of its own, as many of
each kind (repeat, edit, summarise and quote); each side answers all of them while the others stand still, each with a
cache of its own, so the reading of the prompts is in the time. Ratios are taken round by round. For each side also:
tokens a pass of the model, and how many answers are token for token those of greedy decoding: on a processor where a
pass over several tokens rounds otherwise than one over a single token, they part where two tokens are almost equally
likely. `--draft` puts a second model beside the engine's for `drafter=model`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from parts.figures import arguments, machine, ratio, rows_of, show
from parts.markdown import table
from parts.quotes import KINDS, quotes
from parts.weights import dequantised, q4_gguf

THREADS, CONTEXT, TARGET = 2, 1024, 1.5
GREEDY = "greedy"
SPECS = ["speculative", "speculative:adaptive=false"]


@dataclass(slots=True)
class Answered:
    """One answer: its kind, tokens, wall seconds, and passes of the model."""

    kind: str
    tokens: tuple[int, ...]
    seconds: float
    passes: int


@dataclass(slots=True)
class Side:
    """A decoding method with an engine of its own, and its answers by round."""

    name: str
    make: Any
    engine: Any
    rounds: list[list[Answered]] = field(default_factory=list)

    def speed(self, kind: str | None = None) -> list[float]:
        """Tokens a second of each round, of one kind of prompt or of all."""
        kept = [[one for one in answers if kind in (None, one.kind)] for answers in self.rounds]
        return [sum(len(one.tokens) for one in a) / sum(one.seconds for one in a) for a in kept]

    def answer(self, kind: str, inputs: Any) -> Answered:
        from passel.core.key import Key

        passes = [0]
        begun = time.perf_counter()
        (draft,) = self.engine.run(counted(self.make(inputs, key=Key()), passes))
        return Answered(kind, draft.tokens, time.perf_counter() - begun, passes[0])


def counted(decoding: Any, passes: list[int]) -> Any:
    """The same decoding; forwards of the whole model are counted, but for the reading of the prompt."""
    from passel.core.steps import rewritten
    from passel.engine.cached_network import model_and_row
    from passel.engine.requests import Forward

    passes[0] = -1

    def count(asks: Any) -> Any:
        passes[0] += any(isinstance(a, Forward) and not model_and_row(a.branch)[0] and a.layers is None for a in asks)
        return asks

    return rewritten(decoding, count)


def sides(specs: Sequence[str], model: Any, beside: Any | None) -> list[Side]:
    """Greedy decoding and each spec, over the same weights."""
    from passel.decoding import load
    from passel.engine import Engine, read

    parts = read(model, CONTEXT)
    others = [read(beside, CONTEXT)] if beside is not None else []
    made = [load(spec) for spec in (GREEDY, *specs)]
    return [Side(one.name, one.make, Engine(parts, context=CONTEXT, other_models=others)) for one in made]


def measure(found: Sequence[Side], prompts: Iterator[tuple[str, Any]], n_prompts: int, repeats: int) -> None:
    """Round after round, prompt after prompt, each side in turn. The first prompt comes before, uncounted."""
    warm = next(prompts)
    for side in found:
        side.answer(*warm)
    for round_ in range(repeats):
        given = list(islice(prompts, n_prompts))
        if len(given) < n_prompts:
            raise SystemExit("there are not enough passages for so many repeats")
        for side in found:
            side.rounds.append([])
        for kind, inputs in given:
            for side in found:
                side.rounds[-1].append(side.answer(kind, inputs))
        speeds = ", ".join(f"{side.name} {side.speed()[-1]:.1f}" for side in found)
        print(f"  {round_} {speeds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)


def accounts(side: Side, greedy: Side) -> dict[str, Any]:
    """Tokens a pass by kind, and how far the answers are greedy decoding's."""
    mine = [one for answers in side.rounds for one in answers]
    pairs = list(zip(mine, [one for answers in greedy.rounds for one in answers], strict=True))
    by_kind: dict[str, list[Answered]] = defaultdict(list)
    for one in mine:
        by_kind[one.kind].append(one)
    same = [
        next((at for at, (x, y) in enumerate(zip(a.tokens, b.tokens, strict=False)) if x != y), None) for a, b in pairs
    ]
    alike = [len(a.tokens) if at is None else at for (a, _), at in zip(pairs, same, strict=True)]
    return {
        "name": side.name,
        "tokens_per_pass": {kind: _per_pass(of) for kind, of in by_kind.items()} | {"all": _per_pass(mine)},
        "identical": sum(a.tokens == b.tokens for a, b in pairs),
        "answers": len(pairs),
        "tokens_before_parting": sum(alike),
        "partings": sum(at is not None for at in same),
    }


def _per_pass(answers: Sequence[Answered]) -> float:
    """The first token comes from the reading of the prompt."""
    return sum(len(one.tokens) - 1 for one in answers) / max(1, sum(one.passes for one in answers))


def markdown(found: Sequence[Side], told: Sequence[dict[str, Any]]) -> str:
    """A row for each side: tokens a second, ratio to greedy by kind, tokens a pass, identical answers."""
    rows: list[list[str]] = []
    for side, one in zip(found, told, strict=True):
        ratios = [_median(side.speed(kind), found[0].speed(kind)) for kind in (*KINDS, None)]
        rows.append([side.name, f"{rows_of({'': side.speed()})[0]['median']:,.1f}", *ratios])
        rows[-1] += [f"{one['tokens_per_pass']['all']:.2f}", f"{one['identical']} of {one['answers']}"]
    header = ["", "tokens a second", *(f"× greedy, {kind}" for kind in (*KINDS, "all")), "tokens a pass", "identical"]
    return table(header, rows) + "\n"


def _median(mine: Sequence[float], greedy: Sequence[float]) -> str:
    return f"{rows_of({'': ratio({'a': mine, 'b': greedy}, 'a', 'b')})[0]['median']:.2f}"


def inputs_list(tokenizer: Any, n_tokens: int, beside: int) -> Iterator[tuple[str, Any]]:
    from passel.core.ask import Sampling
    from passel.decoding import DecodingInput

    end = frozenset([tokenizer.eos_token_id])
    for kind, ids in quotes(tokenizer):
        yield kind, DecodingInput(tuple(ids), n_tokens, end, Sampling(temperature=0.0), extra_models=beside)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--sides", nargs="+", default=SPECS, metavar="SPEC", help="decoding methods next to greedy")
    parser.add_argument("--draft", type=Path, metavar="FOLDER", help="a model beside, for drafter=model")
    parser.add_argument("--n-prompts", type=int, default=6, help="of a round; a multiple of three")
    parser.add_argument("--n-tokens", type=int, default=160, help="of an answer at most")
    parser.add_argument("--markdown", type=Path, help="write the table to this file")
    args = parser.parse_args()
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(THREADS)
    model, tokenizer = dequantised(q4_gguf())
    draft = AutoModelForCausalLM.from_pretrained(args.draft, dtype=torch.bfloat16).eval() if args.draft else None
    found = sides(args.sides, model.eval(), draft)
    measure(found, inputs_list(tokenizer, args.n_tokens, int(draft is not None)), args.n_prompts, args.repeats)
    told = [accounts(side, found[0]) for side in found]
    figures = {side.name: side.speed() for side in found}
    ratios = {f"{side.name} / {GREEDY}": (ratio(figures, side.name, GREEDY), TARGET) for side in found[1:]}
    show("speculative decoding", "tokens per second", figures, ratios, args.json, accounts=told)
    print(json.dumps(told, indent=1))
    print(markdown(found, told))
    if args.markdown:
        args.markdown.write_text(f"{machine()}\n\n{markdown(found, told)}", encoding="utf-8")
    for side in found:
        side.engine.close()


if __name__ == "__main__":
    main()
