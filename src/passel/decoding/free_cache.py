"""FreeCache: a masked-diffusion model fills in block after block, with the keys and values before a block cached."""

from __future__ import annotations

from typing import Annotated, Literal

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.parts.infilling import Infill, masked_of, most_confident, transfers
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.requests import Decoding, emit

__all__ = ["free_cache"]


def free_cache(
    inputs: DecodingInput,
    *,
    key: Key = Key(),
    block: Annotated[int, Log(1, 512)] = 32,
    steps: Annotated[int, Log(1, 512)] = 32,
    refresh: Annotated[int, Linear(0, 512)] = 0,
    stored: Literal["denoised", "clean"] = "denoised",
) -> Decoding[tuple[Decoded, ...]]:
    """Begins with an answer of mask tokens and fills in, pass by pass, the tokens that the model is surest of.

    It works block by block. The first pass computes all positions and caches the keys and values of the prompt. The
    passes of a block compute the positions from its beginning to the end of the answer anew; after its last pass the
    block is cached too.

    Source: Hu, Meng, Akhauri, Abdelfattah, Seo, Zhang and Gupta 2025, Accelerating diffusion language model inference
    via efficient KV caching and guided diffusion, arXiv 2505.21467, FreeCache; `llada_v2/generate.py` and `BlockCache`
    of its public code. The order of unmasking: Nie et al. 2025, LLaDA, arXiv 2502.09992, algorithm 5 (low-confidence
    remasking); `generate.py` of its public code.

    Symbols: M -> the mask token; L -> max_tokens of the opening; confidence -> probability of the likeliest token.

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used. The answer has max_tokens places.
        key: not used: nothing is random, which is temperature 0.
        block: tokens of a block; 32 in the papers. Of a length that is no multiple of it, the last block is shorter.
        steps: passes of a block, which fill in its tokens evenly; at most one for each token. The papers count the
            passes of all blocks; their default is one token a pass, as ours.
        refresh: every so many passes, a pass computes all positions anew; 0: only the first pass does, as in the paper;
            1: every pass does, which is decoding without a cache.
        stored: which keys and values of a finished block are cached. denoised: those of its last pass, in which its
            last tokens were still masked, as in the public code; clean: the next block's first pass computes it anew.

    Cost: passes = steps for each block until the answer ends. Positions computed of prompt P, answer L: P + L at the
    first pass and each `refresh`-th, else L - s for a block that begins s tokens into the answer, one more for a model
    whose logits are shifted; and with stored=clean `block` more at a block's first pass.

    Guarantees: refresh=1 is exact: the uncached decoder, up to rounding. Otherwise heuristic: cached keys and values do
    not depend on tokens that were filled in later.

    Deviations: decoding ends when the answer has its end token and all places before it are filled in, which does not
    change the answer. The mask token itself is never chosen. The paper's rule that a block is refreshed after its last
    step is stored=clean with refresh; the public code does not do it.
    """
    del key
    if block < 1 or steps < 1 or refresh < 0:
        raise UsageError(f"block and steps must be at least 1 and refresh 0, got {block}, {steps} and {refresh}")
    text = Infill(inputs, masked_of(inputs))
    total = len(text.tokens)
    for start in range(text.begin, total, block):
        stop = min(start + block, total)
        counts = transfers(stop - start, steps)
        for at, count in enumerate(counts):
            anew = refresh > 0 and text.passes % refresh == 0
            back = block if stored == "clean" and at == 0 and start > text.begin else 0
            last = stored == "denoised" and at == len(counts) - 1
            held = 0 if anew else start - back - text.masked.shifted
            hold = (stop if last else start) - text.masked.shifted
            logits = yield from text.predict(start, stop, held=held, hold=hold)
            masked_places = text.masked_places(start, stop)
            for place, token in most_confident(logits[[one - start for one in masked_places]], masked_places, count):
                text.fill(place, token)
            if certain := text.certain():
                yield from emit(certain)
            if text.ended:
                return (text.decoded(),)
    raise AssertionError("an answer without a masked place has ended")
