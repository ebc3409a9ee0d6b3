"""Masked-diffusion decoding: what the cache saves and costs, and how far a guide goes with fewer steps.

    PASSEL_DATA=… python bench/diffusion.py [--minutes 5] [--initial scratch base:layers=8 …] [--path NAME=FOLDER …]
                                            [--prompts 16] [--seconds 90] [--length 32] [--block 8]
                                            [--out FOLDER] [--json FILE]

Trains a masked-diffusion model for some minutes on sums and their steps, in the form in which passel-reasoner-135m
answers them, from scratch and from that model's own weights, or takes finished folders. Then, on other sums, one text
at a time, the sides in turn, for as long as `--seconds` allows:

- block-wise denoising without a cache (`refresh=1`) next to FreeCache: passes, positions computed (and what the formula
  says), time, and how many tokens are the uncached decoder's;
- denoising at several numbers of steps next to guided diffusion by several rules, with passel-reasoner-135m as the
  guide: steps (passes of the diffusion model), passes of the guide, time, perplexity of the texts under the guide, and
  how many answers are right. A rule reaches the issue's bar where it takes at most half the steps that denoising needs
  for texts of no higher perplexity; where no number of steps comes so low, all of them are counted.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from parts.denoised import Guide, Side, prompts, trained, write_sums
from parts.figures import arguments, machine
from parts.markdown import table
from parts.word_problems import MODEL

THREADS, CONTEXT, SIZE = 2, 256, 8_000
BAR = 0.5
"""Of denoising's steps, at most."""
RULES = ("exact", "relative", "top_k", "threshold", "stochastic", "exact:failure=proposal", "relative:failure=proposal")


def base_model() -> Any:
    from passel.engine.weights import load
    from passel.models.catalog import FOLDER, find_card
    from passel.models.catalog.pull import pull

    card = find_card(MODEL)
    return load(pull(card, lambda what, done, total: None), adapter=FOLDER / str(card.adapter))


def sides(specs: Sequence[str], parts: Any, guide: Any) -> list[Side]:
    from passel.decoding import load
    from passel.engine import Engine

    made = [load(spec) for spec in specs]
    return [Side(one.name, one.make, Engine(parts, context=CONTEXT, other_models=[guide])) for one in made]


def inputs_list(tokenizer: Any, parts: Any, ends: frozenset[int], count: int, length: int) -> list[tuple[Any, str]]:
    from passel.decoding import DecodingInput

    def decode(ids: Sequence[int]) -> str:
        return tokenizer.decode(ids, skip_special_tokens=True)

    return [
        (DecodingInput(prompt, length, ends, decode=decode, extra_models=1, masked=parts.masked), gold)
        for prompt, gold in prompts(tokenizer, count)
    ]


def measure(found: Sequence[Side], given: Sequence[tuple[Any, str]], guide: Guide, seconds: float) -> None:
    """Each text by each side in turn, as long as there is time, two at least; the first text once before, uncounted."""
    for side in found:
        side.answer(given[0][0], guide, given[0][1])
        side.texts.clear()
    end = time.monotonic() + seconds
    for at, (inputs, gold) in enumerate(given):
        if at < 2 or time.monotonic() < end:
            for side in found:
                side.answer(inputs, guide, gold)


def cached(
    parts: Any, guide_parts: Any, guide: Guide, given: Sequence[tuple[Any, str]], block: int, seconds: float
) -> list[dict[str, Any]]:
    """FreeCache next to decoding without a cache."""
    from passel.decoding.parts.infilling import positions_computed

    specs = {
        "uncached": f"free_cache:block={block}:steps={block}:refresh=1",
        "free_cache": f"free_cache:block={block}:steps={block}",
        "free_cache, clean": f"free_cache:block={block}:steps={block}:stored=clean",
        "free_cache, refresh 4": f"free_cache:block={block}:steps={block}:refresh=4",
    }
    found = sides(list(specs.values()), parts, guide_parts)
    measure(found, given, guide, seconds)
    rows: list[dict[str, Any]] = []
    for name, side in zip(specs, found, strict=True):
        how = {"refresh": {"uncached": 1, "free_cache, refresh 4": 4}.get(name, 0), "clean": "clean" in name}
        formula = [
            sum(
                positions_computed(
                    len(inputs.prompt), inputs.max_tokens, block=block, steps=block,
                    shifted=parts.masked.shifted, **how,
                )[: text.passes]
            )
            for (inputs, _), text in zip(given, side.texts, strict=False)
        ]  # fmt: skip
        pairs = list(zip(side.texts, found[0].texts, strict=True))
        alike = [sum(a == b for a, b in zip(x.tokens, y.tokens, strict=False)) for x, y in pairs]
        longest = [max(len(x.tokens), len(y.tokens)) for x, y in pairs]
        rows.append(
            {
                "name": name,
                **side.figures(),
                "positions_of_uncached": sum(one.positions for one in side.texts)
                / sum(one.positions for one in found[0].texts),
                "by_formula": sum(formula) / sum(one.positions for one in found[0].texts),
                "formula_holds": formula == [one.positions for one in side.texts],
                "time_of_uncached": median(x.seconds / y.seconds for x, y in pairs),
                "tokens_alike": sum(alike) / sum(longest),
                "texts_alike": fmean(x.tokens == y.tokens for x, y in pairs),
            }
        )
        side.engine.close()
    return rows


def guided(
    parts: Any,
    guide_parts: Any,
    guide: Guide,
    given: Sequence[tuple[Any, str]],
    block: int,
    rules: Sequence[str],
    seconds: float,
) -> list[dict[str, Any]]:
    """Denoising in fewer and fewer steps next to guided diffusion."""
    steps = sorted({max(1, block >> at) for at in range(4)}, reverse=True)
    plain = [f"free_cache:block={block}:steps={one}" for one in steps]
    specs = [*plain, *(f"guided_diffusion:block={block}:rule={rule}" for rule in rules)]
    found = sides(specs, parts, guide_parts)
    measure(found, given, guide, seconds)
    rows = [{"name": side.name, **side.figures()} for side in found]
    for row in rows[len(plain) :]:
        enough = [one for one in rows[: len(plain)] if one["perplexity"] <= row["perplexity"]]
        peer = min(enough, key=lambda one: one["passes"]) if enough else rows[0]
        row["steps_of_denoising"] = row["passes"] / peer["passes"]
        row["peer"], row["peer_reaches"] = peer["name"], bool(enough)
        row["reached"] = row["steps_of_denoising"] <= BAR
    for side in found:
        side.engine.close()
    return rows


def printed(title: str, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    print(f"\n{title}\n")
    cells = [[str(row["name"]), *(_cell(row.get(name)) for name in columns.values())] for row in rows]
    print(table(["", *columns], cells), flush=True)


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


COLUMNS = {
    "cached": {
        "passes": "passes",
        "positions": "positions",
        "of uncached": "positions_of_uncached",
        "formula": "by_formula",
        "formula holds": "formula_holds",
        "time of uncached": "time_of_uncached",
        "tokens alike": "tokens_alike",
        "texts alike": "texts_alike",
        "perplexity": "perplexity",
        "right": "right",
        "texts": "texts",
    },
    "guided": {
        "steps": "passes",
        "steps a token": "passes_a_token",
        "guide passes": "guide_passes",
        "seconds": "seconds",
        "perplexity": "perplexity",
        "right": "right",
        "tokens": "tokens",
        "of denoising's steps": "steps_of_denoising",
        "denoising reaches it": "peer_reaches",
        "bar reached": "reached",
        "texts": "texts",
    },
}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="of each training")
    parser.add_argument("--initial", nargs="+", default=["scratch", "base"], help="what is trained, with its options")
    parser.add_argument("--path", nargs="+", default=[], metavar="NAME=FOLDER", help="finished folders instead")
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=90.0, help="of a measurement at most; there are two a model")
    parser.add_argument("--length", type=int, default=32)
    parser.add_argument("--block", type=int, default=8)
    parser.add_argument("--rules", nargs="+", default=RULES)
    parser.add_argument("--out", type=Path, help="folder for the trained models")
    args = parser.parse_args()
    import torch

    torch.set_num_threads(THREADS)
    base = base_model()
    found: dict[str, Any] = {"machine": machine(), "training": {}, "cached": {}, "guided": {}}
    folders = dict(one.split("=", 1) for one in args.path)
    out = args.out or Path(tempfile.mkdtemp(prefix="passel-diffusion-"))
    for name in folders or args.initial:
        folder = Path(folders[name]) if folders else out / name.replace(":", "-").replace("=", "")
        if not folders:
            spec = f"diffusion_lm:initial={name}:fill={args.length}"
            data = write_sums(out / "sums.jsonl", SIZE)
            found["training"][name] = trained(base, data, spec, folder, args.minutes)
            print(name, json.dumps(found["training"][name]), flush=True)
        for what, rows in measured(base, folder, args):
            found[what][name] = rows
            printed(f"{name}: {what}", rows, COLUMNS[what])
            if args.json is not None:
                args.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measured(base: Any, folder: Path, args: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Both tables of a trained model."""
    from passel.engine import read
    from passel.engine.weights import load

    guide_parts, parts = read(base.model, CONTEXT), read(load(folder).model, CONTEXT)
    guide = Guide(guide_parts, CONTEXT)
    given = inputs_list(base.tokenizer, parts, base.end_ids, args.prompts, args.length)
    yield "cached", cached(parts, guide_parts, guide, given, args.block, args.seconds)
    own = sides(["greedy"], guide_parts, guide_parts)
    measure(own, given, guide, args.seconds / 4)
    rows = guided(parts, guide_parts, guide, given, args.block, args.rules, args.seconds)
    yield "guided", [{"name": "the guide, greedy", **own[0].figures()}, *rows]
    own[0].engine.close()
    guide.engine.close()


if __name__ == "__main__":
    main()
