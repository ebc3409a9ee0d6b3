"""Guided diffusion: a small causal model says how many of a masked-diffusion model's proposals stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.parts.acceptance import Rule, RuleName, agreed
from passel.decoding.parts.infilling import Infill, masked_of
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.batch import LONG
from passel.engine.plain import ids
from passel.engine.requests import Decoding, Forward, emit, forward, keep, open_branch

__all__ = ["guided_diffusion"]

_APART = 2048
"""Rows by which the vocabularies of models of one tokenizer differ at most: padding, and the mask token."""


def guided_diffusion(
    opening: Opening,
    *,
    key: Key = Key(),
    rule: RuleName = "exact",
    k: Annotated[int | None, Log(1, 1000)] = None,
    least: Annotated[float | None, Linear(0.0, 1.0)] = None,
    failure: Literal["guide", "proposal"] = "guide",
    block: Annotated[int, Log(1, 512)] = 32,
    refresh: Annotated[int, Linear(0, 512)] = 0,
    guide: Annotated[int, Log(1, 4)] = 1,
) -> Decoding[tuple[Decoded, ...]]:
    """Proposes the next tokens in one pass of a masked-diffusion model, of which a causal model accepts a beginning.

    The causal model reads them from left to right in one pass too; the leading run that it accepts stands, with a token
    of its own after it.

    The guide is the model beside the engine's own (`draft=` of the torch model) and has the same tokenizer. Keys and
    values of blocks that are filled in are kept, as in `free_cache`; those of the guide are kept as they are.

    Source: Hu, Meng, Akhauri, Abdelfattah, Seo, Zhang and Gupta 2025, Accelerating diffusion language model inference
    via efficient KV caching and guided diffusion, arXiv 2505.21467; `diff_spec_utils_shifted.py` and
    `diff_spec_utils_assisted.py` of its public code, whose strategies deterministic, topk, dynamic_threshold,
    topk_relative and original are our rules in the order of the Args.

    Symbols: a -> share of the proposals that the guide accepts; B -> `block`.

    Args:
        opening: what to go on from; its sampling is not read. The answer is filled in at a length of max_tokens.
        key: decides what the rules threshold and stochastic draw.
        rule: when a proposal stands. exact: it is the guide's likeliest token. top_k: among its k likeliest.
            threshold: the guide's probability of it is above `least`. relative: among the k likeliest and at least
            `least` times as likely as the likeliest. stochastic: with the guide's probability of it.
        k: default: 5 for top_k, 2 for relative, as in the public code.
        least: default: 0.1 for threshold, 0.5 for relative, as in the public code.
        failure: guide: in the place of the first refused proposal stands the guide's likeliest token, or with the rules
            threshold and stochastic one drawn from its others; so in the one file of the code. proposal: nothing does,
            or, where the first of all is refused, this proposal itself; so in the other, where all tokens are the
            diffusion model's.
        block: proposals of a pass at most; and filled-in blocks of so many tokens are kept. 32 in the code.
        refresh: after so many passes one computes everything anew; 0: none but the first.
        guide: which of the models beside the engine's own, from 1 on.

    Cost: passes of each model = 1 / (mean accepted run + 1) a token, but for the guide's reading of the prompt; where
    each proposal stands with chance a by itself, (1 - a) / (1 - a^(B+1)). With failure=proposal 1 / (mean run), a run
    of none counting as one.

    Guarantees: with rule=exact and failure=guide exact: the guide's greedy text, whatever is proposed. With
    rule=stochastic and failure=guide the text is distributed as the guide's own samples at temperature 1. Otherwise
    heuristic.

    Deviations: where all proposals of a pass stand, the guide's own token after them is taken too. The public code's
    strategy aggressive is left out: it accepts what top_k with k=5, threshold with 0.05 or a nucleus of 0.95 would.

    Raises UsageError where there is no guide, or its vocabulary is of another size.
    """
    _check(opening, guide, block, refresh)
    chosen = Rule.of(rule, k, least)
    text = Infill(opening, masked_of(opening))
    reader = _Guide((yield from open_branch(guide)), text.masked.mask)
    yield from reader.begin(opening.prompt)
    refused = 0
    while not text.ended:
        start = text.begin + text.told
        stop = min(start + block, len(text.tokens))
        kept = start - text.told % block - text.masked.shifted
        anew = refresh > 0 and text.passes % refresh == 0
        logits = reader.common((yield from text.look(start, stop, held=0 if anew else kept, hold=kept)))
        proposals = ids(logits.argmax(-1))
        judged = yield from reader.read(text.tokens[:start], proposals, logits.shape[-1])
        found = agreed(chosen, judged, proposals, key / start)
        run = proposals[: found.accepted]
        tokens = [*run, found.own] if failure == "guide" else run or proposals[:1]
        for place, token in enumerate(tokens[: len(text.tokens) - start], start):
            text.tell(place, token)
        refused += len(proposals) - found.accepted
        yield from emit(text.certain())
        yield from reader.keep(min(start + found.accepted, text.begin + text.told - 1))
    draft = text.draft()
    return (Decoded(draft.tokens, draft.ended, spent=refused),)


def _check(opening: Opening, guide: int, block: int, refresh: int) -> None:
    if not 1 <= guide <= opening.beside:
        raise UsageError(
            f"guided_diffusion: there are {opening.beside} models beside the engine's own, asked for {guide}; "
            "a guide is given as the model's draft"
        )
    if block < 1 or refresh < 0:
        raise UsageError(f"block must be at least 1 and refresh 0, got {block} and {refresh}")


@dataclass(slots=True, eq=False)
class _Guide:
    """The causal model beside: its branch, and how many tokens of the text that has.

    Args:
        mask: a token that it must not choose.
    """

    branch: int
    mask: int
    held: int = 0
    vocabulary: int = 0

    def begin(self, prompt: tuple[int, ...]) -> Decoding[None]:
        """Reads the prompt, but for its last token, which goes first into the next pass."""
        output = yield from forward(Forward(self.branch, prompt))
        self.vocabulary = output.logits.shape[-1]
        yield from self.keep(len(prompt) - 1)

    def common(self, logits: Tensor) -> Tensor:
        """The other model's logits of the tokens that both have."""
        if abs(logits.shape[-1] - self.vocabulary) > _APART:
            raise UsageError(
                f"the guide has {self.vocabulary} tokens and the model {logits.shape[-1]}: they must share a tokenizer"
            )
        return logits[:, : self.vocabulary]

    def read(self, text: list[int], proposals: list[int], vocabulary: int) -> Decoding[Tensor]:
        """Logits [proposals + 1, vocabulary] after the text and after each proposal, from one pass."""
        new = (*text[self.held :], *proposals)
        # a long chain would attend as one product, which rounds otherwise than a token by itself
        parents = tuple(range(-1, len(new) - 1)) if len(new) >= LONG else None
        output = yield from forward(Forward(self.branch, new, parents=parents, logits=len(proposals) + 1))
        logits = output.logits[:, :vocabulary]
        if self.mask < vocabulary:
            logits[:, self.mask] = float("-inf")
        return logits

    def keep(self, length: int) -> Decoding[None]:
        """Leaves the first tokens of the text."""
        yield from keep(self.branch, length)
        self.held = length
