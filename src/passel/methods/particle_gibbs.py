"""Particle Gibbs: repeated particle filters, each around a solution of the filter before."""

from __future__ import annotations

from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Log
from passel.core.result import Result
from passel.methods.parts.particles import ParticleChoice, Particles, Weighing, Weight, population_of, result_of
from passel.methods.parts.paths import StepUnit
from passel.methods.parts.search import by_steps, by_verifier, tree_search
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["particle_gibbs"]


@needs(generator="text prefix")
def particle_gibbs(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(2, 256)] = 8,
    iterations: Annotated[int, Log(1, 16)] = 2,
    depth: Annotated[int, Log(1, 64)] = 40,
    verifier: Chosen = self_evaluation,
    weight: Weight = "odds",
    weight_temperature: Annotated[float, Log(0.1, 10.0)] = 1.0,
    step: StepUnit = "paragraph",
    choice: ParticleChoice = "best",
) -> Flow[Result]:
    """A particle filter of n particles, then `iterations` - 1 more, each with n - 1 new particles beside a reference.

    The reference is a finished particle of the filter before, sampled by weight. It goes through all its steps
    unchanged and cannot be dropped, but it can be copied at each step: its copies continue with different samples.

    Source: Puri et al. 2025 (2502.01618), particle Gibbs, and its public code (its_hub, `particle_gibbs.py`); Andrieu,
    Doucet and Holenstein 2010, Particle Markov chain Monte Carlo methods, conditional sequential Monte Carlo.

    Symbols: N -> n; r_t -> the verifier's score; T_s -> weight_temperature.

    Args:
        n: particles of a filter, the reference among them; 8 is ours. The public code divides its budget by the
            number of iterations.
        iterations: filters; 2 is ours, 1 is the particle filter.
        depth: steps at most, the last of which goes to the solution's end; about 40 as in the paper's code.
        verifier: r_t, the score of a solution as far as it goes, in [0, 1].
        weight: the factor by which a step multiplies the weight; as in `particle_filter`.
        weight_temperature: weights are raised to its inverse; 1 as in the paper.
        step: what a step is: a paragraph, or a line for models that write one step per line.
        choice: how the answer is taken from the last filter's particles: best, the public code's default; sample, by
            weight; weighted or vote, votes with and without the weights.

    Cost: generate <= n * depth * iterations, verifier <= n * depth * iterations

    Guarantees: with weight=probability and weight=ratio, a filter leaves the posterior of `particle_filter` invariant:
    if the reference has that distribution, so has the next reference. With odds and score it is heuristic.

    Deviations: the public code weights the reference by its last score at every step, since it counts as stopped; here
    it has the score of the same step as the other particles, as the theory and that code's comment want it. The code
    resamples after the last step too; here the reference and the answer are sampled once, by the last weights. There is
    one reference, no ancestor sampling (the code has none either), and no tempering of parallel chains.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> options = {"n": 2, "iterations": 2, "verifier": arithmetic, "weight_temperature": 0.1, "step": "line"}
    >>> flow = particle_gibbs(Problem("1", "2 + 2?"), key=Key(), **options)
    >>> wrong, right = Reply(text="2+2=5", stop_text=""), Reply(text="2+2=4", stop_text="")
    >>> played = play(flow, [wrong, right, wrong])
    >>> [ask.key.path[-1] for ask in played.asks], [one.text for one in played.value.candidates]
    ([0, 1, 2], ['2+2=5', '2+2=4'])
    """
    weighing = Weighing(weight, weight_temperature)
    searched = yield from tree_search(
        problem,
        key=key,
        select=population_of(n, weighing, iterations=iterations),
        state=Particles(),
        expand=by_steps(step, depth),
        evaluate=by_verifier(verifier),
    )
    return result_of(problem, searched, weighing, choice, key / "choice")
