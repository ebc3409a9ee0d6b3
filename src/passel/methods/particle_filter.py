"""Particle filtering over steps: unfinished solutions are copied and dropped at random, by weights from scores."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.result import Result
from passel.methods.parts.particles import ParticleChoice, Particles, Weighing, Weight, population_of, result_of
from passel.methods.parts.paths import StepUnit
from passel.methods.parts.resampling import Scheme
from passel.methods.parts.search import by_steps, by_verifier, tree_search
from passel.verifiers import Chosen
from passel.verifiers.self_evaluation import self_evaluation

__all__ = ["particle_filter"]


@needs(generator="text prefix")
def particle_filter(
    problem: Problem,
    *,
    key: Key,
    n: Annotated[int, Log(1, 256)] = 8,
    depth: Annotated[int, Log(1, 64)] = 40,
    verifier: Chosen = self_evaluation,
    weight: Weight = "odds",
    weight_temperature: Annotated[float, Log(0.1, 10.0)] = 1.0,
    resampling: Scheme = "multinomial",
    threshold: Annotated[float, Linear(0.0, 1.0)] = 1.0,
    step: StepUnit = "paragraph",
    choice: ParticleChoice = "best",
) -> Flow[Result]:
    """Samples a next step of each of n particles, weights them by the verifier's score, and resamples by weight.

    A particle is a solution as far as it goes. Two particles that are copies of the same one continue with different
    samples. A finished particle takes part in the resampling and may be dropped. It ends when all are finished.

    Source: Puri et al. 2025, A Probabilistic Inference Approach to Inference-Time Scaling of LLMs using Particle-Based
    Monte Carlo Methods (2502.01618), particle filtering, and its public code (its_hub, `particle_gibbs.py`);
    effective sample size: Liu and Chen 1995.

    Symbols: N -> n; r_t -> the verifier's score; T_s -> weight_temperature.

    Args:
        n: particles; the paper takes 1 to 128, 8 is ours.
        depth: steps at most, the last of which goes to the solution's end; about 40 as in the paper's code.
        verifier: r_t, the score of a solution as far as it goes, in [0, 1] (`verifier=prm:verifier.aggregate=last`).
        weight: the factor by which a step multiplies the weight. odds: the softmax over the particles of logit(r_t), as
            in the public code; probability: r_t, the likelihood of the paper's state-space model; ratio: r_t / r_(t-1);
            score: exp(r_t), for verifiers that give logits. Other scores are brought into [0, 1] first.
        weight_temperature: weights are raised to its inverse; 1 as in the paper. The temperature of the steps is
            `sampling.temperature`, 0.8 in the paper.
        resampling: the resampling scheme; multinomial as in the public code. The others add less noise.
        threshold: resample where the effective sample size is at most this share of n; 1: always, as in the paper, 0:
            never, which is importance sampling.
        step: what a step is: a paragraph, or a line for models that write one step per line.
        choice: how the answer is taken from the last particles: best, the public code's default; sample, by weight;
            weighted or vote, votes with and without the weights.

    Cost: generate <= n * depth, verifier <= n * depth

    Guarantees: with weight=probability and weight=ratio, and steps that do not fail, exp(info.log_evidence) is an
    unbiased estimate of the normalising constant of the model's distribution times the product of the weights, and
    the weighted particles tend to that posterior as n grows. With weight=ratio it is the model's distribution times the
    last score. With odds and score it is heuristic. So is any answer that is chosen as the best.

    Deviations: the public code resamples once more after the last step, before it looks for the best, and so can lose
    it; it samples by weights that have been used already. With odds it weights a finished particle again in every
    round, and so is not exact for any fixed target where lengths differ; this is kept, while probability and ratio,
    which the code lacks, weight a particle once for each step. Resampling by effective sample size and the other
    schemes are not in the code.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> from passel.verifiers.arithmetic import arithmetic
    >>> options = {"n": 2, "verifier": arithmetic, "weight_temperature": 0.1, "step": "line"}
    >>> flow = particle_filter(Problem("1", "2 + 2?"), key=Key(), **options)
    >>> wrong, right = Reply(text="2+2=5", stop_text="\\n"), Reply(text="2+2=4", stop_text="\\n")
    >>> ends = [Reply(text="The answer is 4.", stop_text=""), Reply(text="Four.", stop_text="")]
    >>> played = play(flow, [wrong, right, *ends])
    >>> [(ask.prefix, ask.key.path[-1]) for ask in played.asks], played.value.text
    ([('', 0), ('', 1), ('2+2=4\\n', 0), ('2+2=4\\n', 1)], '2+2=4\\nThe answer is 4.')
    """
    weighing = Weighing(weight, weight_temperature)
    searched = yield from tree_search(
        problem,
        key=key,
        select=population_of(n, weighing, threshold=threshold, scheme=resampling),
        state=Particles(),
        expand=by_steps(step, depth),
        evaluate=by_verifier(verifier),
    )
    result = result_of(problem, searched, weighing, choice, key / "choice")
    log_evidence = searched.state.evidence if searched.whole else -math.inf
    known = log_evidence if math.isfinite(log_evidence) else None
    return replace(result, info={**result.info, "log_evidence": known})
