"""Particles in a tree of steps: a population that is moved, weighted and resampled, as a rule for `tree_search`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal

from passel.core.key import Key
from passel.core.problem import Problem
from passel.core.result import Candidate, Result
from passel.methods.parts.paths import as_candidate
from passel.methods.parts.resampling import Scheme, ancestors
from passel.methods.parts.search import Searched, Select, searched_info
from passel.methods.parts.trees import Tree, worth
from passel.methods.parts.votes import majority
from passel.methods.parts.weights import effective_sample_size, log_mean_exp, logit, normalised

__all__ = ["ParticleChoice", "Particles", "Weighing", "Weight", "population_of", "result_of"]

Weight = Literal["odds", "probability", "ratio", "score"]
"""The factor by which a step multiplies a particle's weight, with r the verifier's score of the particle so far. odds:
r / (1 - r), the softmax of r's logits; probability: r; ratio: r over the r of the step before, so that the product is
the last r; score: exp(r), for verifiers that give logits."""

ParticleChoice = Literal["best", "sample", "weighted", "vote"]
"""How the answer is taken from the last population: best: the particle of the highest score; sample: a particle sampled
by weight; weighted: votes with the weights; vote: votes of equal weight."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """The rule by which particles are weighted. Factors are raised to 1 / temperature."""

    weight: Weight = "odds"
    temperature: float = 1.0

    @property
    def again(self) -> bool:
        """Whether a finished particle is weighted by its last score in each later round too, as in the public code."""
        return self.weight in ("odds", "score")

    def log(self, tree: Tree, number: int) -> float | None:
        """The log of the factor for the last step of a node's path; None if the node was not judged."""
        value = tree[number].value
        if value is None:
            return None
        if self.weight == "odds":
            return logit(value) / self.temperature
        if self.weight == "score":
            return value / self.temperature
        before = _judged_before(tree, number) if self.weight == "ratio" else 1.0
        return (_log(value) - _log(before)) / self.temperature if before > 0.0 else -math.inf


@dataclass(frozen=True, slots=True)
class Particles:
    """A population.

    Args:
        nodes: the node of each particle.
        log_weights: the log of each particle's weight since the last resampling.
        log_evidence: the log of the product of the mean weights at the resamplings so far.
        reference: the nodes, from the root's child down, of the particle that is never changed, which is the last one;
            empty: there is no such particle.
        steps: moves so far. iteration: how often the population was started anew.
    """

    nodes: tuple[int, ...] = ()
    log_weights: tuple[float, ...] = ()
    log_evidence: float = 0.0
    reference: tuple[int, ...] = ()
    steps: int = 0
    iteration: int = 0

    @property
    def free(self) -> int:
        """How many particles are moved by samples; these come first."""
        return len(self.nodes) - bool(self.reference)

    @property
    def evidence(self) -> float:
        """The log of the estimate of the normalising constant: the mean weight now times the mean weights before."""
        return self.log_evidence + log_mean_exp(self.log_weights)


def population_of(
    n: int, weighing: Weighing, *, threshold: float = 1.0, scheme: Scheme = "multinomial", iterations: int = 1
) -> Select[Particles]:
    """Moves each of n particles by a step, weights them, and resamples them when the effective sample size is at most
    threshold * n, until all are finished. With `iterations`, it then samples a particle by weight as the reference and
    starts anew with n - 1 free particles beside it.

    The first state is Particles(). Two particles at the same node continue with different samples. A failed or
    truncated step has the weight 0. So has a step that could not be judged, unless no step of its round could.
    """

    def select(tree: Tree, state: Particles, key: Key) -> tuple[Sequence[int], Particles]:
        state = _moved(tree, state, weighing, tree.last) if tree.rounds else _begun(n)
        for turn in count():
            if state.steps and all(tree[number].path.done for number in state.nodes):
                if state.iteration + 1 >= iterations:
                    return (), state
                state = _restarted(tree, state, key / turn / "reference")
            elif state.steps:
                state = _resampled(tree, state, threshold, scheme, key / turn / "resample")
            if growing := [number for number in state.nodes[: state.free] if not tree[number].path.done]:
                return growing, state
            state = _moved(tree, state, weighing, ())
        raise AssertionError("counting does not end")

    return select


def result_of(
    problem: Problem, searched: Searched[Particles], weighing: Weighing, choice: ParticleChoice, key: Key
) -> Result:
    """The result of a search by particles. If the budget ended it, all finished solutions count, each with the weight
    of its last step."""
    tree, state = searched.tree, searched.state
    numbers, logs = state.nodes, state.log_weights
    if not searched.whole:
        numbers = tuple(tree.finished())
        logs = tuple(worth(weighing.log(tree, number)) for number in numbers)
    places = [place for place, number in enumerate(numbers) if tree[number].path.finished]
    finished = [numbers[place] for place in places]
    candidates = [as_candidate(problem, tree[n].path, tree[n].value, tree[n].reason) for n in finished]
    weights = normalised([logs[place] for place in places]) if places else []
    chosen = _chosen(candidates, weights, choice, key)
    info = searched_info(tree, finished, candidates, chosen) | {"weights": weights}
    return Result.of(chosen, candidates, whole=searched.whole, info=info)


def _begun(n: int) -> Particles:
    return Particles((0,) * n, (0.0,) * n)


def _moved(tree: Tree, state: Particles, weighing: Weighing, new: Sequence[int]) -> Particles:
    """The population one step later; `new` are the new nodes of the free particles that were not done, in order."""
    nodes = tuple(_next_nodes(tree, state, iter(new)))
    stay = [not weighing.again and old == now for old, now in zip(state.nodes, nodes, strict=True)]
    logs = [weighing.log(tree, number) for number in nodes]
    blind = all(log is None for log, number in zip(logs, nodes, strict=True) if not tree[number].path.dead)
    logs = [(0.0 if blind else -math.inf) if log is None else log for log in logs]
    gains = [
        -math.inf if tree[number].path.dead else 0.0 if stays else log
        for number, stays, log in zip(nodes, stay, logs, strict=True)
    ]
    summed = tuple(before + gain for before, gain in zip(state.log_weights, gains, strict=True))
    return replace(state, nodes=nodes, log_weights=summed, steps=state.steps + 1)


def _next_nodes(tree: Tree, state: Particles, new: Iterator[int]) -> Iterator[int]:
    for number in state.nodes[: state.free]:
        yield number if tree[number].path.done else next(new)
    if state.reference:
        yield state.reference[min(state.steps, len(state.reference) - 1)]


def _resampled(tree: Tree, state: Particles, threshold: float, scheme: Scheme, key: Key) -> Particles:
    size = len(state.nodes)
    if effective_sample_size(state.log_weights) > threshold * size + 1e-9:
        return state
    weights = normalised(state.log_weights)
    if max(state.log_weights) == -math.inf:  # no particle is preferred, but a dead one cannot continue
        weights = [0.0 if tree[number].path.dead else 1.0 for number in state.nodes]
    chosen = ancestors(weights, state.free, key, scheme)
    nodes = (*(state.nodes[place] for place in chosen), *state.nodes[state.free :])
    return replace(state, nodes=nodes, log_weights=(0.0,) * size, log_evidence=state.evidence)


def _restarted(tree: Tree, state: Particles, key: Key) -> Particles:
    """A new population around a finished particle of this one, if there is one."""
    finished = [place for place, number in enumerate(state.nodes) if tree[number].path.finished]
    begun = replace(_begun(len(state.nodes)), iteration=state.iteration + 1)
    if not finished:
        return begun
    place = finished[key.choice(normalised([state.log_weights[place] for place in finished]))]
    return replace(begun, reference=tuple(tree.lineage(state.nodes[place])))


def _chosen(
    candidates: Sequence[Candidate], weights: Sequence[float], choice: ParticleChoice, key: Key
) -> Candidate | None:
    """The choice among the candidates that have an answer."""
    pairs = [(one, weight) for one, weight in zip(candidates, weights, strict=True) if one.answer is not None]
    if not pairs:
        return None
    answered = [one for one, _ in pairs]
    heavy = [weight for _, weight in pairs] if any(weight for _, weight in pairs) else [1.0] * len(pairs)
    match choice:
        case "best":
            return max(answered, key=lambda one: worth(one.score))
        case "sample":
            return answered[key.choice(heavy)]
        case "weighted":
            return majority(answered, heavy)
        case "vote":
            return majority(answered)


def _judged_before(tree: Tree, number: int) -> float:
    """The value of the nearest node above that was judged; 1 where there is none."""
    values = [tree[above].value for above in tree.lineage(number)[:-1]]
    return next((value for value in reversed(values) if value is not None), 1.0)


def _log(value: float) -> float:
    """The log of a score that is first brought into [0, 1]."""
    return math.log(min(value, 1.0)) if value > 0.0 else -math.inf
