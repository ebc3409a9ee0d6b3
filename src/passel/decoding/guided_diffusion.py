"""Guided diffusion: a small causal model accepts a leading run of a masked-diffusion model's proposals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.parts.acceptance import Rule, RuleName, agreement
from passel.decoding.parts.infilling import Infill, masked_of
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.batch import LONG
from passel.engine.plain import ids
from passel.engine.requests import Decoding, Forward, emit, forward, keep, open_branch

__all__ = ["guided_diffusion"]

_MAX_DIFFERENCE = 2048
"""Largest difference of the vocabulary sizes of two models with one tokenizer: padding, and the mask token."""


def guided_diffusion(
    inputs: DecodingInput,
    *,
    key: Key = Key(),
    rule: RuleName = "exact",
    k: Annotated[int | None, Log(1, 1000)] = None,
    threshold: Annotated[float | None, Linear(0.0, 1.0)] = None,
    failure: Literal["guide", "proposal"] = "guide",
    block: Annotated[int, Log(1, 512)] = 32,
    refresh: Annotated[int, Linear(0, 512)] = 0,
    guide: Annotated[int, Log(1, 4)] = 1,
) -> Decoding[tuple[Decoded, ...]]:
    """Proposes the next tokens in one pass of a masked-diffusion model; a causal model, the guide, accepts a beginning.

    The guide reads the proposals from left to right in one pass; the text continues with the leading run that it
    accepts, and with one token of its own.

    The guide is the second model of the engine (`draft=` of the torch model) and has the same tokenizer. Keys and
    values of finished blocks are cached as in `free_cache`, and those of the guide as usual.

    Source: Hu, Meng, Akhauri, Abdelfattah, Seo, Zhang and Gupta 2025, Accelerating diffusion language model inference
    via efficient KV caching and guided diffusion, arXiv 2505.21467; `diff_spec_utils_shifted.py` and
    `diff_spec_utils_assisted.py` of its public code, whose strategies deterministic, topk, dynamic_threshold,
    topk_relative and original are our rules in the order of the Args.

    Symbols: a -> share of the proposals that the guide accepts; B -> `block`.

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used. The answer has max_tokens places.
        key: seeds the draws of the rules threshold and stochastic.
        rule: which proposals are accepted. exact: the guide's likeliest token. top_k: any of its k likeliest tokens.
            threshold: a token whose probability under the guide is above `threshold`. relative: one of the k likeliest
            tokens, at least `threshold` times as likely as the likeliest. stochastic: a token is accepted with its
            probability under the guide.
        k: default: 5 for top_k, 2 for relative, as in the public code.
        threshold: default: 0.1 for threshold, 0.5 for relative, as in the public code.
        failure: what replaces the first refused proposal. guide: the guide's likeliest token, or with the rules
            threshold and stochastic a draw from its other tokens, as in one file of the code. proposal: nothing, but a
            proposal that is refused at the first place is taken all the same, as in the other file, where all tokens
            are the diffusion model's.
        block: limit of the proposals of a pass, and size of the cached blocks; 32 in the code.
        refresh: every so many passes, a pass computes all positions anew; 0: only the first pass does.
        guide: number of the guide among the engine's extra models, from 1 on.

    Cost: passes of each model = 1 / (mean accepted run + 1) a token, and one pass of the guide for the prompt; where
    each proposal is accepted independently with probability a, (1 - a) / (1 - a^(B+1)). With failure=proposal
    1 / (mean run), where an empty run counts as one token.

    Guarantees: with rule=exact and failure=guide exact: the guide's greedy text, whatever is proposed. With
    rule=stochastic and failure=guide the text has the distribution of the guide's samples at temperature 1. Otherwise
    heuristic.

    Deviations: where all proposals of a pass are accepted, the guide's token after them is added too. The public code's
    strategy aggressive is left out: it accepts what top_k with k=5, threshold with 0.05 or a nucleus of 0.95 accepts.

    Raises UsageError where there is no guide, or its vocabulary has another size.
    """
    _check(inputs, guide, block, refresh)
    chosen = Rule.of(rule, k, threshold)
    text = Infill(inputs, masked_of(inputs))
    reader = _Guide((yield from open_branch(guide)), text.masked.mask)
    yield from reader.begin(inputs.prompt)
    refused = 0
    while not text.ended:
        start = text.begin + text.filled
        stop = min(start + block, len(text.tokens))
        kept = start - text.filled % block - text.masked.shifted
        anew = refresh > 0 and text.passes % refresh == 0
        logits = reader.common((yield from text.predict(start, stop, held=0 if anew else kept, hold=kept)))
        proposals = ids(logits.argmax(-1))
        logits_of_guide = yield from reader.read(text.tokens[:start], proposals, logits.shape[-1])
        found = agreement(chosen, logits_of_guide, proposals, key / start)
        run = proposals[: found.accepted]
        tokens = [*run, found.own] if failure == "guide" else run or proposals[:1]
        for place, token in enumerate(tokens[: len(text.tokens) - start], start):
            text.fill(place, token)
        refused += len(proposals) - found.accepted
        yield from emit(text.certain())
        yield from reader.keep(min(start + found.accepted, text.begin + text.filled - 1))
    decoded = text.decoded()
    return (Decoded(decoded.tokens, decoded.ended, spent=refused),)


def _check(inputs: DecodingInput, guide: int, block: int, refresh: int) -> None:
    if not 1 <= guide <= inputs.extra_models:
        raise UsageError(
            f"guided_diffusion: there are {inputs.extra_models} models beside the engine's own, asked for {guide}; "
            "the guide is given as the model's draft model: draft=NAME"
        )
    if block < 1 or refresh < 0:
        raise UsageError(f"block must be at least 1 and refresh 0, got {block} and {refresh}")


@dataclass(slots=True, eq=False)
class _Guide:
    """The guide: its branch, and how many tokens of the text the branch holds (`held`).

    Args:
        mask: the mask token, which the guide must not choose.
    """

    branch: int
    mask: int
    held: int = 0
    vocabulary: int = 0

    def begin(self, prompt: tuple[int, ...]) -> Decoding[None]:
        """Reads the prompt except its last token, which is the first token of the next pass."""
        output = yield from forward(Forward(self.branch, prompt))
        self.vocabulary = output.logits.shape[-1]
        yield from self.keep(len(prompt) - 1)

    def common(self, logits: Tensor) -> Tensor:
        """The diffusion model's logits, cut to the vocabulary that both models have."""
        if abs(logits.shape[-1] - self.vocabulary) > _MAX_DIFFERENCE:
            raise UsageError(
                f"the guide has {self.vocabulary} tokens and the model {logits.shape[-1]}: they must share a tokenizer"
            )
        return logits[:, : self.vocabulary]

    def read(self, text: list[int], proposals: list[int], vocabulary: int) -> Decoding[Tensor]:
        """Logits [proposals + 1, vocabulary] after the text and after each proposal, from one pass."""
        new = (*text[self.held :], *proposals)
        # a long chain would attend as one product, which rounds differently from single tokens
        parents = tuple(range(-1, len(new) - 1)) if len(new) >= LONG else None
        output = yield from forward(Forward(self.branch, new, parents=parents, logits=len(proposals) + 1))
        logits = output.logits[:, :vocabulary]
        if self.mask < vocabulary:
            logits[:, self.mask] = float("-inf")
        return logits

    def keep(self, length: int) -> Decoding[None]:
        """Cuts the branch to the first tokens of the text."""
        yield from keep(self.branch, length)
        self.held = length
