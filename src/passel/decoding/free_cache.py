"""FreeCache: a masked-diffusion model fills in block after block, and what stands before a block is computed once."""

from __future__ import annotations

from typing import Annotated, Literal

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.ranges import Linear, Log
from passel.decoding.parts.infilling import Infill, guesses, masked_of, transfers
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.requests import Decoding, emit

__all__ = ["free_cache"]


def free_cache(
    opening: Opening,
    *,
    key: Key = Key(),
    block: Annotated[int, Log(1, 512)] = 32,
    steps: Annotated[int, Log(1, 512)] = 32,
    refresh: Annotated[int, Linear(0, 512)] = 0,
    stored: Literal["denoised", "clean"] = "denoised",
) -> Decoding[tuple[Decoded, ...]]:
    """Begins with an answer of mask tokens and tells, pass by pass, those that the model is surest of, block by block.

    The first pass goes over everything and keeps the keys and values of the prompt. The passes of a block compute the
    positions from its beginning to the end of the answer anew, over what is kept; after its last pass the block is kept
    too.

    Source: Hu, Meng, Akhauri, Abdelfattah, Seo, Zhang and Gupta 2025, Accelerating diffusion language model inference
    via efficient KV caching and guided diffusion, arXiv 2505.21467, FreeCache; `llada_v2/generate.py` and `BlockCache`
    of its public code. The order of unmasking: Nie et al. 2025, LLaDA, arXiv 2502.09992, algorithm 5 (low-confidence
    remasking); `generate.py` of its public code.

    Symbols: M -> the mask token; L -> max_tokens of the opening; confidence -> probability of the likeliest token.

    Args:
        opening: what to go on from; its sampling is not read. The answer is filled in at a length of max_tokens.
        key: not read: nothing is random, which is temperature 0.
        block: tokens of a block; 32 in the papers. Of a length that is no multiple of it, the last block is shorter.
        steps: passes of a block, among which its tokens are divided evenly; at most as many as its tokens. The papers
            count those of all blocks: a token a pass is their default, and ours.
        refresh: after so many passes one computes everything anew; 0: none but the first, as in the paper; 1: each
            does, which is decoding without a cache.
        stored: of a block that is filled in, the keys and values of its last pass, in which its last tokens were still
            masked, as in the public code; or clean: the first pass of the next block computes it once more.

    Cost: passes = steps for each block until the answer ends. Positions computed of prompt P, answer L: P + L at the
    first pass and each `refresh`-th, else L - s for a block that begins s tokens into the answer, one more for a model
    whose logits are shifted; and with stored=clean `block` more at a block's first pass.

    Guarantees: refresh=1 is exact: the uncached decoder, up to rounding. Otherwise heuristic: what is kept does not
    know of what was told after it.

    Deviations: decoding ends when the answer has its end token and everything before it has been told, which changes
    nothing of the answer. The mask token itself is never told. With stored=clean and refresh the paper's rule that a
    block is refreshed after its last step can be had; the public code does not do it.
    """
    del key
    if block < 1 or steps < 1 or refresh < 0:
        raise UsageError(f"block and steps must be at least 1 and refresh 0, got {block}, {steps} and {refresh}")
    text = Infill(opening, masked_of(opening))
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
            logits = yield from text.look(start, stop, held=held, hold=hold)
            hidden = text.hidden(start, stop)
            for place, token in guesses(logits[[one - start for one in hidden]], hidden, count):
                text.tell(place, token)
            if certain := text.certain():
                yield from emit(certain)
            if text.ended:
                return (text.draft(),)
    raise AssertionError("an answer without a masked place has ended")
