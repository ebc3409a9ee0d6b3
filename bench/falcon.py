"""Falcon next to greedy decoding and to drafters that need no training, on word problems.

    PASSEL_DATA=FOLDER python bench/falcon.py --out FOLDER [--data FILE] [--examples 400] [--aside 60] [--steps 150]
                       [--batch 8] [--learning-rate 5e-4] [--token-weight 1] [--train-only] [--n-prompts 200]
                       [--n-others 60] [--threads 2] [--json FILE]

passel-reasoner-135m, one text at a time, temperature 0. First, unless they are in `--out` already, two drafters are
trained with equal steps on the model's own greedy answers (`--data` has them; without it the model makes them first):
one with glancing, one by plain distillation. Then held-out problems are answered by all sides, in rounds of 20 that
are new in each round; greedy decoding and Falcon's tree answer all `--n-prompts`, the others the first `--n-others`.
Told are: tokens a pass of the model; greedy decoding's time over the side's, round by round, by the wall clock and by
the processor, which other work on the machine disturbs less, with the reading of the prompts and without; what a pass
and its draft take; and whether all answers are greedy decoding's, token for token. Tree and chain of 8 have the same
number of nodes in every pass.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from parts.figures import arguments, ratio, show
from parts.word_problems import MODEL, asked, held_out, problems

from passel.core.key import Key

CONTEXT, ROUND, LENGTH = 512, 20, 256
GREEDY, TREE = "greedy", "falcon, tree of 8, two levels"
KINDS = {"glancing": True, "plain": False}


@dataclass(slots=True)
class Side:
    """A way to answer, with an engine of its own.

    Args:
        drafter: what guesses; None: greedy decoding.
        prompts: of all, that it answers.
        seconds: wall time of each round. cpu: processor time, which depends less on what else the machine does.
        reading, drafting: what of the processor time the reading of the prompts and the drafter took.
        answers: tokens. passes: of the model after the reading of the prompt. nodes: guesses made.
    """

    name: str
    drafter: Any
    engine: Any
    prompts: int
    seconds: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])
    reading: list[float] = field(default_factory=list[float])
    drafting: list[float] = field(default_factory=list[float])
    answers: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    passes: int = 0
    nodes: int = 0

    def answer(self, inputs_list: Sequence[Any]) -> None:
        """A round."""
        from passel.decoding.greedy import greedy
        from passel.decoding.speculative import speculative

        self.reading.append(0.0)
        self.drafting.append(0.0)
        begun, cpu = time.perf_counter(), time.process_time()
        for inputs in inputs_list:
            if self.drafter is None:
                method: Any = greedy(inputs)
            else:
                method = speculative(inputs, key=Key(), drafter=self._clocked, adaptive=False)
            (draft,) = self.engine.run(self._counted(method))
            self.answers.append(draft.tokens)
        self.seconds.append(time.perf_counter() - begun)
        self.cpu.append(time.process_time() - cpu)

    def _counted(self, decoding: Any) -> Any:
        """The same decoding; forwards of the whole model are counted after the prompt's, which is timed. All sides read
        prompts anew, as those that want hidden states must: what is taken from the cache may be rounded otherwise."""
        from passel.core.steps import Steps
        from passel.engine.requests import Forward

        begun, read = time.process_time(), False
        with Steps(decoding) as steps:
            while not steps.ended:
                asks = steps.asked
                whole = any(isinstance(ask, Forward) and ask.layers is None for ask in asks)
                self.passes += whole and read
                if whole and not read:
                    asks = tuple(replace(a, hidden=a.hidden or (0,)) if isinstance(a, Forward) else a for a in asks)
                outputs = yield asks
                if whole and not read:
                    self.reading[-1] += time.process_time() - begun
                    read = True
                steps.send(outputs)
            return steps.result

    def _clocked(self, inputs: Any, *, key: Any) -> Any:
        """The drafter, its time and its nodes taken down."""
        from passel.decoding.parts.drafting import Drafter

        own = self.drafter(inputs, key=key)

        def propose(context: Any) -> Any:
            begun = time.process_time()
            proposal = yield from own.propose(context)
            self.drafting[-1] += time.process_time() - begun
            self.nodes += len(proposal.tokens)
            return proposal

        return Drafter(propose, own.length, own.hidden)

    def account(self, greedy: Side) -> dict[str, Any]:
        """What it came to, next to greedy decoding of the same prompts."""
        tokens = sum(len(answer) - 1 for answer in self.answers)  # the prompt's pass gives the first
        decoding = [all_ - prompt for all_, prompt in zip(self.cpu, self.reading, strict=True)]
        of_greedy = [all_ - prompt for all_, prompt in zip(greedy.cpu, greedy.reading, strict=True)]
        passes = max(1, self.passes)
        return {
            "name": self.name,
            "prompts": len(self.answers),
            "identical": sum(a == b for a, b in zip(self.answers, greedy.answers, strict=False)),
            "tokens": tokens,
            "tokens_per_pass": tokens / passes,
            "nodes_per_pass": self.nodes / passes,
            "cpu_ms_per_pass": 1000 * (sum(decoding) - sum(self.drafting)) / passes,
            "drafting_ms_per_pass": 1000 * sum(self.drafting) / passes,
            "speed": _median(greedy.seconds, self.seconds),
            "cpu_speed": _median(greedy.cpu, self.cpu),
            "cpu_speed_after_prompt": _median(of_greedy, decoding),
        }


def _median(greedy: Sequence[float], own: Sequence[float]) -> float:
    """Of greedy decoding's time over a side's, round by round."""
    return median(a / b for a, b in zip(greedy, own, strict=False))


def trained(args: argparse.Namespace) -> dict[str, Path]:
    """The folders of both drafters."""
    import passel

    folders = {kind: args.out / kind for kind in KINDS}
    for kind, glancing in KINDS.items():
        if (folders[kind] / "passel.json").is_file():
            continue
        files, complete = _files(args)
        options = {name: getattr(args, name) for name in ("steps", "batch", "learning_rate", "token_weight")}
        passel.train(
            "falcon",
            model=MODEL,
            data=files[0],
            held_out=files[1],
            out=folders[kind],
            complete=complete,
            length=LENGTH,
            evaluations=2,
            on_step=lambda step: print(f"  {step.step} {step.loss:.3f}", file=sys.stderr, flush=True),
            glancing=glancing,
            **options,
        )
    return folders


def _files(args: argparse.Namespace) -> tuple[list[Path], float | None]:
    """Texts to train on and texts to judge by, and the temperature at which they are to be completed."""
    args.out.mkdir(parents=True, exist_ok=True)
    files = [args.out / name for name in ("examples.jsonl", "aside.jsonl")]
    given = [asked(question) for question, _ in problems()]
    rows = [{"prompt": given[at]} for at in Key(0).permutation(len(given))] if args.data is None else _read(args.data)
    for file, own in zip(files, (rows[: args.examples], rows[args.examples :][: args.aside]), strict=True):
        file.write_text("".join(json.dumps(row) + "\n" for row in own), encoding="utf-8")
    return files, 0.0 if args.data is None else None


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def sides(model: Any, folders: dict[str, Path], args: argparse.Namespace) -> list[Side]:
    """All over the same weights."""
    from passel.decoding.drafters.falcon import falcon
    from passel.decoding.drafters.layers import layers
    from passel.decoding.drafters.lookup import lookup
    from passel.engine import Engine, read

    glancing, plain = (str(folders[kind]) for kind in KINDS)
    drafters: dict[str, Any] = {
        GREEDY: None,
        TREE: partial(falcon, path=glancing, length=2),
        "falcon, tree of 8, four levels": partial(falcon, path=glancing, length=4),
        "falcon, chain of 8": partial(falcon, path=glancing, width=1, length=8),
        "falcon, chain of 4": partial(falcon, path=glancing, width=1, length=4),
        "falcon, chain of 2": partial(falcon, path=glancing, width=1, length=2),
        "falcon without glancing, tree of 8, four levels": partial(falcon, path=plain, length=4),
        "falcon without glancing, tree of 8, two levels": partial(falcon, path=plain, length=2),
        "prompt look-up": lookup,
        "the model's first 8 layers": layers,
    }
    parts = read(model, CONTEXT)
    many = (GREEDY, TREE)
    return [
        Side(name, drafter, Engine(parts, context=CONTEXT), args.n_prompts if name in many else args.n_others)
        for name, drafter in drafters.items()
    ]


def measure(found: Sequence[Side], inputs_list: Sequence[Any], told: Any) -> None:
    """Round by round, side by side. The last prompt comes before, uncounted."""
    for side in found:
        side.answer(inputs_list[-1:])
        side.seconds, side.cpu, side.reading, side.drafting, side.answers = [], [], [], [], []
        side.passes = side.nodes = 0
    for start in range(0, max(side.prompts for side in found), ROUND):
        for side in found:
            if start < side.prompts:
                side.answer(inputs_list[start : min(start + ROUND, side.prompts)])
        print(f"  {start} " + ", ".join(f"{s.name} {s.seconds[-1]:.1f}" for s in found), file=sys.stderr, flush=True)
        told()


def report(found: Sequence[Side], folders: dict[str, Path], path: Path | None) -> None:
    """The table, and what each side came to."""
    accounts = [side.account(found[0]) for side in found]
    figures = {side.name: side.seconds for side in found}
    ratios = {
        f"{GREEDY} / {side.name}": (
            ratio({"a": found[0].seconds[: len(side.seconds)], "b": side.seconds}, "a", "b"),
            None,
        )
        for side in found[1:]
    }
    trainings = {kind: json.loads((folder / "passel.json").read_text()) for kind, folder in folders.items()}
    kept = {kind: {"options": one["options"], "figures": one["figures"]} for kind, one in trainings.items()}
    show("Falcon", "seconds a round", figures, ratios, path, accounts=accounts, trainings=kept, load=os.getloadavg())
    for one in accounts:
        print(
            f"{one['name']:36} tokens a pass {one['tokens_per_pass']:.2f}, nodes {one['nodes_per_pass']:.1f}, ", end=""
        )
        print(f"speed {one['speed']:.2f}, by the processor {one['cpu_speed']:.2f}, ", end="")
        print(f"after the prompt {one['cpu_speed_after_prompt']:.2f}, ", end="")
        print(f"a pass {one['cpu_ms_per_pass']:.1f} ms, its draft {one['drafting_ms_per_pass']:.1f} ms, ", end="")
        print(f"identical {one['identical']} of {one['prompts']}")
    print(json.dumps(kept, indent=1))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the trained drafters")
    parser.add_argument("--data", type=Path, help="prompts with the model's own answers")
    parser.add_argument("--examples", type=int, default=400, help="to train on")
    parser.add_argument("--aside", type=int, default=60, help="to judge by")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    parser.add_argument("--token-weight", type=float, default=1.0)
    parser.add_argument("--train-only", action="store_true")
    parser.add_argument("--n-prompts", type=int, default=200, help="a multiple of 20")
    parser.add_argument("--n-others", type=int, default=60, help="a multiple of 20")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    folders = trained(args)
    if args.train_only:
        return
    from passel.core.ask import Sampling
    from passel.decoding import DecodingInput
    from passel.engine.weights import load
    from passel.models.catalog import FOLDER, find_card
    from passel.models.catalog.pull import pull
    from passel.training.texts.examples import prompt_ids

    card = find_card(MODEL)
    base = load(pull(card), own=FOLDER / str(card.adapter))
    inputs_list = [
        DecodingInput(
            tuple(prompt_ids(asked(question), base.tokenizer, chat=True)), 96, base.end_ids, Sampling(temperature=0.0)
        )
        for question, _ in held_out()[: args.n_prompts + 1]
    ]
    found = sides(base.model, folders, args)
    measure(found, inputs_list, lambda: args.json and report(found, folders, args.json))
    report(found, folders, args.json)
    for side in found:
        side.engine.close()


if __name__ == "__main__":
    main()
