"""What particles promise, by all ways that draws and resampling can fall: no sample, no tolerance for luck."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from chances import all_ways, resampler

from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Problem
from passel.methods.particle_filter import particle_filter
from passel.methods.particle_gibbs import particle_gibbs
from passel.methods.parts import particles
from passel.methods.parts.particles import Particles, Weighing, population_of
from passel.methods.parts.paths import START, Path
from passel.methods.parts.trees import Tree
from passel.methods.parts.weights import normalised
from passel.models.toy import Toy

STEPS = {
    "": [("a\n", 0.6), ("b\n", 0.4)],
    "a\n": [("x", 0.5), ("y\n", 0.5)],
    "b\n": [("x", 0.9), ("y", 0.1)],
    "a\ny\n": [("z", 0.75), ("w", 0.25)],
}
"""A model of solutions of two and three steps: a step that ends with a line's end goes on."""
SCORES = {"a\n": 0.3, "b\n": 0.8, "a\nx": 0.2, "a\ny\n": 0.9, "b\nx": 0.1, "b\ny": 0.9, "a\ny\nz": 0.5, "a\ny\nw": 0.95}
EVEN = {text: steps for text, steps in STEPS.items() if text != "a\ny\n"} | {"a\n": [("x", 0.5), ("y", 0.5)]}
"""The same without the third step."""
WHOLE = {"a\nx": 0.3, "a\ny\nz": 0.225, "a\ny\nw": 0.075, "b\nx": 0.36, "b\ny": 0.04}
PROBLEM = Problem("1", "")
KEY = Key(5) / "1"


def table(problem, text, *, key):
    yield from ()
    return SCORES.get(text, 0.4)


def target(steps, factor):
    """Probability times the product of `factor(score, score before)` over the steps, by solution."""
    found: dict[str, float] = {}

    def walk(text: str, mass: float, before: float) -> None:
        for step, chance in steps[text]:
            score = SCORES.get(text + step, 0.4)
            weighed = mass * chance * factor(score, before)
            if step.endswith("\n"):
                walk(text + step, weighed, score)
            else:
                found[text + step] = weighed

    walk("", 1.0, 1.0)
    return found


FACTORS = {"probability": lambda r, _: r, "ratio": lambda r, before: r / before, "odds": lambda r, _: r / (1 - r)}


def expected(monkeypatch, steps=STEPS, **options):
    """The mean of the estimated constant, and of it times the share of each solution, over all ways."""
    model = Toy(lambda text: steps[text])

    def run(pick):
        monkeypatch.setattr(particles, "ancestors", resampler(pick))

        def answer(ask):
            outcomes = model.outcomes(ask)
            return outcomes[pick([chance for _, chance in outcomes])][0]

        return play(particle_filter(PROBLEM, key=KEY, verifier=table, step="line", **options), answer).value

    mean, by_answer, share = 0.0, Counter(), Counter()
    ways = list(all_ways(run))
    monkeypatch.undo()
    for result, chance in ways:
        constant = math.exp(result.info["log_evidence"])
        mean += chance * constant
        for one, weight in zip(result.candidates, result.info["weights"], strict=True):
            by_answer[one.text] += chance * constant * weight
            share[one.text] += chance * weight
    return mean, dict(by_answer), dict(share)


CASES = [(1, "multinomial"), (2, "multinomial"), (2, "systematic"), (3, "systematic")]


@pytest.mark.parametrize("weight", ["probability", "ratio"])
@pytest.mark.parametrize("threshold", [0.0, 0.7, 1.0])
@pytest.mark.parametrize(("n", "scheme"), CASES)
def test_the_normalising_constant_is_unbiased(monkeypatch, n, scheme, threshold, weight):
    """The mean weight's product has the right mean, and so has the mass that it gives each solution."""
    wanted = target(STEPS, FACTORS[weight])
    mean, by_answer, _ = expected(monkeypatch, n=n, resampling=scheme, threshold=threshold, weight=weight)
    assert mean == pytest.approx(sum(wanted.values()))
    assert by_answer == pytest.approx(wanted)


def test_the_ratios_multiply_to_the_last_score():
    wanted = {text: chance * SCORES[text] for text, chance in WHOLE.items()}
    assert target(STEPS, FACTORS["ratio"]) == pytest.approx(wanted)


def test_the_temperature_is_a_power_of_the_weights(monkeypatch):
    wanted = target(STEPS, lambda r, before: (r / before) ** 2)
    _, by_answer, _ = expected(monkeypatch, n=2, weight="ratio", weight_temperature=0.5)
    assert by_answer == pytest.approx(wanted)


def test_odds_are_exact_where_all_solutions_are_of_one_length_and_biased_elsewhere(monkeypatch):
    even = target(EVEN, FACTORS["odds"])
    assert expected(monkeypatch, EVEN, n=2, weight="odds")[1] == pytest.approx(even)
    _, by_answer, _ = expected(monkeypatch, n=2, weight="odds")
    assert by_answer["b\ny"] > 1.2 * target(STEPS, FACTORS["odds"])["b\ny"], "weighed again while the other goes on"


def distance(one, other):
    texts = one.keys() | other.keys()
    return sum(abs(one.get(text, 0.0) - other.get(text, 0.0)) for text in texts) / 2


@pytest.mark.parametrize("weight", ["probability", "ratio"])
def test_the_answers_come_nearer_to_the_posterior_with_each_particle(monkeypatch, weight):
    masses = target(STEPS, FACTORS[weight])
    posterior = {text: mass / sum(masses.values()) for text, mass in masses.items()}
    shares = [expected(monkeypatch, n=n, resampling="systematic", weight=weight)[2] for n in (1, 2, 3)]
    far = [distance(share, posterior) for share in shares]
    assert distance(shares[0], WHOLE) < 1e-9, "one particle is a plain sample"
    assert far[0] > 1.2 * far[1] > 1.2**2 * far[2]
    many: Counter[str] = Counter()
    model, seeds = Toy(lambda text: STEPS[text]), 150
    for seed in range(seeds):
        flow = particle_filter(PROBLEM, key=Key(seed), n=64, verifier=table, step="line", weight=weight)
        result = play(flow, model.reply).value
        for one, share in zip(result.candidates, result.info["weights"], strict=True):
            many[one.text] += share / seeds
    assert distance(many, posterior) < 0.25 * far[2]


def lineage_of(text):
    """A tree that holds the path of a solution, each of its nodes judged, and the number of its last node."""
    tree, path = Tree(), START
    steps = text.splitlines(keepends=True)
    for place, step in enumerate(steps):
        path = Path(path.text + step, path.steps + 1, done=place + 1 == len(steps))
        tree = tree.grown([place], [path], [SCORES[path.text]])
    return tree, len(steps)


@pytest.mark.parametrize("weight", ["probability", "ratio"])
@pytest.mark.parametrize("n", [2, 3])
def test_a_filter_around_a_reference_leaves_the_posterior_as_it_is(monkeypatch, n, weight):
    """The conditional filter as a kernel, its rows enumerated: the posterior times the kernel is the posterior."""
    rule = population_of(n, Weighing(weight), iterations=2)
    masses = target(STEPS, FACTORS[weight])
    posterior = {text: mass / sum(masses.values()) for text, mass in masses.items()}

    def row(text):
        def run(pick):
            monkeypatch.setattr(particles, "ancestors", resampler(pick))
            tree, leaf = lineage_of(text)
            state = Particles((leaf,) * n, (0.0,) * n, steps=leaf)
            while True:
                chosen, state = rule(tree, state, KEY)
                if not chosen:
                    return tree, state
                paths = []
                for number in chosen:
                    at = tree[number].path
                    step = STEPS[at.text][pick([chance for _, chance in STEPS[at.text]])][0]
                    paths.append(Path(at.text + step, at.steps + 1, done=not step.endswith("\n")))
                tree = tree.grown(chosen, paths, [SCORES[path.text] for path in paths])

        found: Counter[str] = Counter()
        for (tree, state), chance in all_ways(run):
            for number, weight in zip(state.nodes, normalised(state.log_weights), strict=True):
                found[tree[number].path.text] += chance * weight
        return found

    after: Counter[str] = Counter()
    for text, share in posterior.items():
        for other, chance in row(text).items():
            after[other] += share * chance
    assert dict(after) == pytest.approx(posterior)


def test_more_iterations_come_nearer_to_the_posterior(monkeypatch):
    masses = target(STEPS, FACTORS["ratio"])
    posterior = {text: mass / sum(masses.values()) for text, mass in masses.items()}
    model, far = Toy(lambda text: STEPS[text]), []
    for iterations in (1, 8):
        many: Counter[str] = Counter()
        for seed in range(600):
            flow = particle_gibbs(
                PROBLEM, key=Key(seed), n=2, iterations=iterations, verifier=table, step="line", weight="ratio"
            )
            result = play(flow, model.reply).value
            for one, share in zip(result.candidates, result.info["weights"], strict=True):
                many[one.text] += share / 600
        far.append(distance(many, posterior))
    assert far[1] < 0.5 * far[0]
