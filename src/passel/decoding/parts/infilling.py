"""A text whose answer is filled in: which places are masked, and passes of a masked-diffusion model over them, with the
keys and values of a beginning cached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from passel.core.errors import UsageError
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.masked import MaskedDiffusion
from passel.engine.plain import ids
from passel.engine.requests import Decoding, Forward, Keep, forward, open_branch

__all__ = ["Infill", "masked_of", "most_confident", "positions_computed", "transfers"]


def masked_of(inputs: DecodingInput) -> MaskedDiffusion:
    """The mask token and shift of the model. Raises UsageError for a causal model."""
    if inputs.masked is None:
        raise UsageError(
            "this decoder takes a masked-diffusion model (LLaDA, Dream, or one of `passel train diffusion-lm`), "
            "and this model is causal"
        )
    return inputs.masked


@dataclass(slots=True, eq=False)
class Infill:
    """Prompt and answer, whose masked places are still to be filled in.

    Args:
        inputs: the prompt, the end tokens and the length of the answer.
        masked: the model's mask token and shift.
        tokens: prompt and answer. filled: number of leading places of the answer that are filled in.
        passes: number of passes so far. computed: number of positions computed in them.
    """

    inputs: DecodingInput
    masked: MaskedDiffusion
    tokens: list[int] = field(default_factory=list[int])
    filled: int = 0
    passes: int = 0
    computed: int = 0
    _branch: int | None = None
    _held: int = 0

    def __post_init__(self) -> None:
        self.tokens = [*self.inputs.prompt, *[self.masked.mask] * self.inputs.max_tokens]

    @property
    def begin(self) -> int:
        """Where the answer begins."""
        return len(self.inputs.prompt)

    def masked_places(self, start: int, stop: int) -> list[int]:
        """The masked places from `start` to `stop`."""
        return [at for at in range(start, stop) if self.tokens[at] == self.masked.mask]

    def predict(self, start: int, stop: int, *, held: int, hold: int) -> Decoding[Tensor]:
        """One pass: logits [stop - start, vocabulary] at these places.

        Places before `held` are read from the cache, all others are computed anew; afterwards those before `hold` stay
        in the cache. The wanted places go last, so that the head reads only them: tokens that all see each other may
        come in any order.
        """
        first, last = start - self.masked.shifted, stop - self.masked.shifted
        held, hold = min(held, self._held, first), min(hold, last)
        if self._branch is None:
            self._branch = yield from open_branch()
        if held < self._held:
            yield (Keep(self._branch, held),)
        places = [*range(held, first), *range(last, len(self.tokens)), *range(first, last)]
        new = tuple(self.tokens[at] for at in places)
        output = yield from forward(Forward(self._branch, new, positions=places, full=True, logits=last - first))
        yield (Keep(self._branch, held, tuple(at for at, place in enumerate(places) if place < hold)),)
        self._held = max(held, hold)
        self.passes += 1
        self.computed += len(places)
        output.logits[:, self.masked.mask] = float("-inf")
        return output.logits

    def fill(self, place: int, token: int) -> None:
        """Fills in a place."""
        self.tokens[place] = token

    def certain(self) -> tuple[int, ...]:
        """The leading tokens of the answer that became certain since the last call, up to where the answer ends."""
        begun = self.filled
        while not self.ended and self.tokens[self.begin + self.filled] != self.masked.mask:
            self.filled += 1
        return tuple(self.tokens[self.begin + begun : self.begin + self.filled])

    @property
    def ended(self) -> bool:
        """Whether the filled-in beginning is the whole answer."""
        last = self.tokens[self.begin + self.filled - 1] if self.filled else None
        return self.filled == self.inputs.max_tokens or last in self.inputs.end_tokens

    def decoded(self) -> Decoded:
        """The finished answer."""
        answer = tuple(self.tokens[self.begin : self.begin + self.filled])
        ended = "end" if answer[-1] in self.inputs.end_tokens else "length"
        return Decoded(answer, ended, spent=max(0, self.computed - self.begin - len(answer)))


def transfers(masked: int, steps: int) -> list[int]:
    """The number of masked places that each step fills in: as even as possible, larger numbers first, at least one.
    LLaDA's `get_num_transfer_tokens`."""
    steps = min(steps, masked)
    return [masked // steps + (at < masked % steps) for at in range(steps)]


def most_confident(logits: Tensor, places: Sequence[int], count: int) -> list[tuple[int, int]]:
    """The places whose likeliest token is the most probable, with these tokens; among equals the first place.

    Args:
        logits: [places, vocabulary].
    """
    confidence, tokens = logits.softmax(-1).max(-1)
    order = ids(confidence.sort(descending=True, stable=True).indices)[:count]
    chosen = ids(tokens)
    return [(places[at], chosen[at]) for at in order]


def positions_computed(
    prompt: int,
    answer: int,
    *,
    block: int,
    steps: int,
    refresh: int = 0,
    clean: bool = False,
    shifted: bool = False,
) -> list[int]:
    """The number of positions that each pass of block-wise denoising computes, if no end token ends it.

    The first pass and every `refresh`-th pass (0: only the first) compute all positions, other passes those from the
    block's beginning on; one more for a shifted model; with clean, a block's first pass includes the block before it.
    """
    total, found = prompt + answer, list[int]()
    for start in range(prompt, total, block):
        for step in range(len(transfers(min(block, total - start), steps))):
            anew = len(found) == 0 or (refresh > 0 and len(found) % refresh == 0)
            back = block if clean and step == 0 and start > prompt else 0
            found.append(total if anew else total - start + back + shifted)
    return found
