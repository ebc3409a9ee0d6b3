"""Comparisons to render: a realistic one, and those at the edges."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from passel.core.cost import Cost
from passel.measure.comparison import Comparison, Curve, Estimate, MethodRow, ProblemRow
from passel.runs.trials import Trial

NAMES = ("single", "vote:n=8", "best_of:n=8", "repeat:n=8", "first_finish:n=4")
CHANCE = {"single": 0.5, "vote:n=8": 0.76, "best_of:n=8": 0.7, "repeat:n=8": 0.9, "first_finish:n=4": 0.48}
PASSES = {"single": 1, "vote:n=8": 8, "best_of:n=8": 8, "repeat:n=8": 8, "first_finish:n=4": 4}


def interval(values: Sequence[float], rng: random.Random) -> Estimate:
    """A mean with a bootstrap interval."""
    if not values:
        return Estimate(None)
    means = sorted(sum(rng.choices(values, k=len(values))) / len(values) for _ in range(400))
    return Estimate(sum(values) / len(values), means[10], means[389])


def trial(name: str, level: float, gold: str, rng: random.Random) -> Trial:
    """One method on a problem of difficulty `level`."""
    passes = PASSES.get(name, 4)
    score: float | None = float(level < CHANCE.get(name, 0.6) + rng.uniform(-0.12, 0.12))
    if rng.random() < 0.02:
        score = None
    elif rng.random() < 0.03:
        score = 0.5
    cost = Cost(
        passes=passes,
        prompt_tokens=82 * passes,
        cached_tokens=82 * (passes - 1),
        completion_tokens=sum(rng.randint(90, 260) for _ in range(passes)),
        money=0.00011 * passes,
        seconds=1.3 * passes,
        flops=2.7e8 * 250 * passes,
    )
    answer = gold if score == 1 else str(int(gold) + rng.randint(1, 9))
    return Trial(score, answer, "done", cost, wall_seconds=1.3 + rng.random())


def problem(i: int, names: Sequence[str], rng: random.Random) -> ProblemRow:
    a, b, c = rng.randint(3, 40), rng.randint(2, 9), rng.randint(5, 90)
    gold, level = str(a * b - c), rng.random()
    question = (
        f"A baker fills {a} trays with {b} rolls each and sells {c} rolls before noon.\n"
        "How many rolls are left for the afternoon? Give the number only."
    )
    samples = tuple(float(rng.random() > level) for _ in range(16))
    return ProblemRow(f"rolls-{i + 1:03d}", question, gold, {n: trial(n, level, gold, rng) for n in names}, samples)


def method(name: str, first: str, problems: Sequence[ProblemRow], rng: random.Random) -> MethodRow:
    """Its row, computed from the trials."""
    trials = [p.trials[name] for p in problems]
    scored = [t.score for t in trials if t.score is not None]
    pairs = [(p.trials[name].score, p.trials[first].score) for p in problems]
    gains = [a - b for a, b in pairs if a is not None and b is not None]
    cost = sum((t.cost for t in trials), Cost())
    n, right = max(len(problems), 1), sum(scored)
    mean = {
        "tokens": cost.tokens / n,
        "dollars": cost.money / n,
        "passes": cost.passes / n,
        "seconds": cost.seconds / n,
        "flops": cost.flops / n,
    }
    per = {"tokens": cost.tokens / right if right else None, "dollars": cost.money / right if right else None}
    return MethodRow(
        name=name,
        accuracy=interval(scored, rng),
        difference=None if name == first else interval(gains, rng),
        problems=len(problems),
        scored=len(scored),
        answered=len(trials),
        failures=rng.randint(0, 4),
        cost=cost,
        mean_cost=mean,
        cost_of_pass=per,
        uses_gold=name.startswith("repeat"),
    )


def curve(name: str, how: str, start: float, end: float, n: int = 16) -> Curve:
    ks = tuple(range(1, n + 1))
    values = tuple(end - (end - start) / k**0.8 for k in ks)
    return Curve(name, how, ks, values, tuple(max(0, v - 0.11) for v in values), tuple(min(1, v + 0.1) for v in values))


def example(n: int = 20, names: Sequence[str] = NAMES, seed: int = 3) -> Comparison:
    """A realistic comparison of `n` problems."""
    rng = random.Random(seed)
    problems = tuple(problem(i, names, rng) for i in range(n))
    rows = tuple(method(name, names[0], problems, rng) for name in names)
    alone = sum((r.cost for r in rows), Cost())
    paid = Cost(8 * n, 0, 656 * n, 574 * n, 1400 * n, 0.00088 * n, 10.4 * n, 5.4e11 * n)
    return Comparison(
        model="smollm2-135m",
        task="arithmetic:level=2",
        seed=0,
        methods=rows,
        problems=problems,
        curves=(
            curve("coverage", "exact", 0.5, 0.97),
            curve("vote", "resampled (200 draws)", 0.5, 0.78),
            curve("best_of", "exact", 0.5, 0.73),
        ),
        paid=paid,
        alone=alone,
        saved={"passes": 0.75, "tokens": 0.74, "dollars": 0.74} if n else {},
        sampling={"temperature": 0.8, "top_p": 0.95, "max_tokens": 512},
        roles={"generator": "smollm2-135m", "verifier": "arithmetic"},
        budget={"tokens": 2_000_000.0},
        price_known=True,
        wall_seconds=412.7,
        notes=("3 replies of 160 were cut at the length limit and count as wrong.",),
        version="0.1.0",
    )


def single() -> Comparison:
    return example(names=("single",))


def unscored() -> Comparison:
    """Nothing could be scored, nothing is known."""
    base = example(12)
    none = Estimate(None)
    rows = tuple(
        replace(
            r, accuracy=none, difference=r.difference and none, scored=0, cost_of_pass={"tokens": None, "dollars": None}
        )
        for r in base.methods
    )
    problems = tuple(
        replace(p, trials={n: replace(t, score=None, answer=None) for n, t in p.trials.items()}, samples=(None,) * 4)
        for p in base.problems
    )
    return replace(base, methods=rows, problems=problems, curves=(), saved={}, price_known=False)


HOSTILE = (
    "</script><script>alert(1)</script><img src=x onerror=alert(2)>",
    "]]></svg></title></style><!-- --> &amp; \"quoted\" 'single' `tick`",
    "null\x00 escape\x1b[31m bell\x07 lone \ud800 high \udfff low \u202egnp.exe\u2066",
    '=HYPERLINK("http://evil.example/")',
    "x" * 200_000,
    "$x^2$ \\frac{1}{2} \u6f22\u5b57 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \U0001f600",
)


def hostile() -> Comparison:
    """The same, with texts that break what can be broken, in every place where a text can be."""
    names = ("a</script><b>", "vote\x00\ud800:t=0.123456", "$x$ & <img onerror=x>" * 3, "`tick` --> ]]>", '"id="x"')
    base = example(names=names)
    problems = tuple(
        replace(
            p,
            id=HOSTILE[i % 4],
            question=HOSTILE[i % 6],
            gold=HOSTILE[(i + 1) % 6],
            trials={
                n: replace(t, answer=HOSTILE[(i + j) % 6], stop=HOSTILE[0], error=HOSTILE[2] if i % 3 else None)
                for j, (n, t) in enumerate(p.trials.items())
            },
        )
        for i, p in enumerate(base.problems)
    )
    return replace(
        base,
        model=HOSTILE[0],
        task=HOSTILE[1],
        problems=problems,
        curves=(curve(HOSTILE[0], HOSTILE[2], 0.4, 0.8), *base.curves),
        sampling={HOSTILE[0]: HOSTILE[2], "stop": ["</div>", "\ud800"], "long": HOSTILE[4]},
        roles={"generator": HOSTILE[1]},
        notes=HOSTILE[:4],
        version="<b>",
    )
