"""All methods on several tasks at equal token budgets, on one pool of samples a task: docs/results.json.

    python bench/results.py [--tasks multiarith,…] [--problems 24] [--tokens 512] [--out runs/results] [--only NAME,…]

Every method of the folder is run, with the same rules for all: n samples, steps of a line, the task's verifier, and at
most so many completion tokens on a problem. It goes on where it was stopped. `python docs/generate.py` makes the
pages from what it finds.
"""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path
from typing import Any

from parts.figures import machine

import passel
from passel.core.docs import bounds, describe
from passel.core.errors import Impossible
from passel.core.needs import check_needs
from passel.core.registry import find, names
from passel.measure.comparison import Comparison, MethodRow
from passel.methods import load
from passel.models import load as load_model

ROOT = Path(__file__).parents[1]
N, FEW = 16, 4  # samples of a method that does nothing but sample, and of one that has more to do with its budget
SETTINGS = {
    "genrm_best_of": ("s=4", "v=2"),
    "fobar": ("n=4", "m=2", "numbers=2"),
    "linc": ("k=4",),
    "peers": ("n=4", "every=32", "turns=1", "summary=32"),
    "mixture_of_agents": ("n=3", "layers=2"),
    "confidence_inject": ("step=line",),  # its verifier is asked how sure the model is, not whether steps are right
}
"""Where the defaults are for longer answers than these models give."""

PLACES = ("arm_1", "arm_2", "arm_3", "arm_4")
RESULTS = ROOT / "docs" / "results.json"

# task -> (model, its verifier, most completion tokens of a draw)
TASKS = {
    "held_out:set=multiarith": ("passel-reasoner-135m", "arithmetic:verifier.aggregate=min", 96),
    "held_out:set=svamp": ("passel-reasoner-135m", "arithmetic:verifier.aggregate=min", 96),
    "rg:chain_sum": ("passel-reasoner-135m", "arithmetic:verifier.aggregate=min", 96),
    "humaneval": ("smollm2-135m", "self_evaluation", 160),
}


def spec_of(name: str, verifier: str) -> str:
    """A method's spec by the rules that hold for all."""
    about = describe(find("methods", name))
    known = about.options
    parts = [name, *SETTINGS.get(name, ())]
    if "method" in known:
        parts += ["method=vote", f"method.n={N}"]
    defaults = {option: default for option, (_, default) in known.items()}
    if "n" in known and name not in SETTINGS:
        most = bounds(about.cost, defaults | {"n": N}).get("generate", (0, 0))[1]
        parts += [f"n={N if most <= N else FEW}"]
    parts += [f"verifier={verifier}"] if "verifier" in known and name not in SETTINGS else []
    parts += ["step=line"] if "step" in known and name not in SETTINGS else []
    parts += ["depth=8"] if "depth" in known and "step" in known else []
    if name == "compute_optimal":
        parts += [f"{place}={arm}" for place, arm in zip(PLACES, arms(verifier), strict=True)]
        parts = [part.replace(":", f":{part.split('=')[0]}.") if "=" in part else part for part in parts]
        parts[1] = f"verifier={verifier}"
    return ":".join(parts)


def arms(verifier: str) -> list[str]:
    """What compute_optimal chooses from; its pilot compares them."""
    return ["single", "vote:n=4", f"best_of:n=4:verifier={verifier}", "vote:n=8"]


def pilot_of(task: str, model: str, problems: int, folder: Path) -> str:
    """A small comparison on other problems of the task, for the methods that learn from one."""
    _, verifier, most = TASKS[task]
    sampling = passel.Sampling(max_tokens=most)
    methods = arms(verifier)
    passel.compare(model=model, task=task, methods=methods, limit=problems, seed=1, sampling=sampling, out=folder)
    return str(folder)


def suits(spec: str, model: str, pilot: str | None) -> bool:
    """Whether a method can be run here: the model can do what it needs, and there is a pilot if it needs one."""
    wanted = load(spec).needs
    try:
        check_needs(spec, wanted, {"generator": load_model(model).info})
    except Impossible as reason:
        print(f"left out: {reason}", flush=True)
        return False
    return pilot is not None or "pilot" not in wanted.get("tool", frozenset())


def figures_of(row: MethodRow) -> dict[str, Any]:
    """A method's row in plain numbers; costs are means a problem."""
    each = max(1, row.problems)
    cost = row.cost
    return {
        "spec": row.name,
        "accuracy": _interval(row.accuracy),
        "difference": _interval(row.difference) if row.difference else None,
        "completion_tokens": round(cost.completion_tokens / each, 1),
        "prompt_tokens": round(cost.prompt_tokens / each, 1),
        "cached_tokens": round(cost.cached_tokens / each, 1),
        "passes": round(cost.passes / each, 2),
        "calls": round(cost.calls / each, 2),
        "answered": row.answered,
        "problems": row.problems,
        "stopped": row.stopped,
        "gold": row.uses_gold,
    }


def _interval(estimate: Any) -> list[float | None]:
    return [None if value is None else round(value, 4) for value in (estimate.value, estimate.low, estimate.high)]


def entry(found: Comparison, budget: int, most: int) -> dict[str, Any]:
    """A task's part of the results."""
    return {
        "task": found.task,
        "model": found.model.removeprefix("torch:").split(":")[0],
        "runtime": "engine" if found.model.startswith("torch:") else "llama.cpp",
        "seed": found.seed,
        "problems": len(found.problems),
        "budget": budget,
        "max_tokens": most,
        "machine": machine(),
        "date": date.today().isoformat(),
        "saved": {name: round(share, 3) for name, share in found.saved.items()},
        "methods": {row.name.split(":")[0]: figures_of(row) for row in found.methods},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--problems", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--only", default="", help="methods, separated by commas; default: all")
    parser.add_argument("--no-pilot", action="store_true", help="leave out the methods that learn from a pilot")
    parser.add_argument(
        "--torch", action="store_true", help="on the engine in place of llama.cpp: all texts in one batch"
    )
    parser.add_argument("--threads", type=int, help="of llama.cpp; 1 where other work runs beside it")
    parser.add_argument("--out", default="runs/results")
    args = parser.parse_args()
    known: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    chosen = args.only.split(",") if args.only else names("methods")
    for task in args.tasks.split(","):
        model, verifier, most = TASKS[task]
        model = f"torch:{model}" if args.torch else model + (f":threads={args.threads}" if args.threads else "")
        folder = Path(args.out) / task.replace(":", "_")
        beside = folder.with_name(f"{folder.name}-pilot")
        pilot = None if args.no_pilot else pilot_of(task, model, args.problems, beside)
        specs = ["single", *(spec_of(name, verifier) for name in chosen if name != "single")]
        specs = [spec for spec in specs if suits(spec, model, pilot)]
        settings = {"pilot": pilot} if pilot else {}
        found = passel.compare(
            model=model,
            task=task,
            methods=specs,
            limit=args.problems,
            sampling=passel.Sampling(max_tokens=most),
            problem_budget=passel.Budget(completion_tokens=args.tokens),
            out=folder,
            **settings,
        )
        print(f"{found}\n", flush=True)
        new = entry(found, args.tokens, most)
        before = known.get(task, {})
        if before.get("budget") == args.tokens and before.get("problems") == new["problems"]:
            new |= {"methods": before["methods"] | new["methods"], "saved": before["saved"]}
        known[task] = new
        RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
