"""A text whose answer is filled in: which places are masked, and a masked-diffusion model's look at them with the keys
and values of a clean beginning kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor

from passel.core.errors import UsageError
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.masked import MaskedDiffusion
from passel.engine.plain import ids
from passel.engine.requests import Decoding, Forward, Keep, forward, open_branch

__all__ = ["Infill", "guesses", "masked_of", "positions_computed", "transfers"]


def masked_of(opening: Opening) -> MaskedDiffusion:
    """What the opening says of its model. Raises UsageError for a causal one."""
    if opening.masked is None:
        raise UsageError(
            "this decoder takes a masked-diffusion model (LLaDA, Dream, or one of `passel train diffusion-lm`), "
            "and this model is causal"
        )
    return opening.masked


@dataclass(slots=True, eq=False)
class Infill:
    """Prompt and answer, of which the masked places are still to be told.

    Args:
        opening: its prompt, its end tokens and how long the answer is.
        masked: the model's mask token and shift.
        tokens: of prompt and answer. told: of the answer, how many places from its beginning on are clean.
        passes, computed: of the model so far, and the positions that went through it.
    """

    opening: Opening
    masked: MaskedDiffusion
    tokens: list[int] = field(default_factory=list[int])
    told: int = 0
    passes: int = 0
    computed: int = 0
    _branch: int | None = None
    _held: int = 0

    def __post_init__(self) -> None:
        self.tokens = [*self.opening.prompt, *[self.masked.mask] * self.opening.max_tokens]

    @property
    def begin(self) -> int:
        """Where the answer begins."""
        return len(self.opening.prompt)

    def hidden(self, start: int, stop: int) -> list[int]:
        """The places in a stretch that are masked."""
        return [at for at in range(start, stop) if self.tokens[at] == self.masked.mask]

    def look(self, start: int, stop: int, *, held: int, hold: int) -> Decoding[Tensor]:
        """One pass: logits [stop - start, vocabulary] of what stands at these places.

        Places before `held` are seen as they were computed last, all others are computed anew; after it those before
        `hold` are kept. The stretch goes last, so that the head reads it alone: tokens that all see each other may
        stand in any order.
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

    def tell(self, place: int, token: int) -> None:
        """A place is masked no more."""
        self.tokens[place] = token

    def certain(self) -> tuple[int, ...]:
        """What the answer begins with for certain and has not been told, up to where it ends."""
        begun = self.told
        while not self.ended and self.tokens[self.begin + self.told] != self.masked.mask:
            self.told += 1
        return tuple(self.tokens[self.begin + begun : self.begin + self.told])

    @property
    def ended(self) -> bool:
        """Whether what is told is the whole answer."""
        last = self.tokens[self.begin + self.told - 1] if self.told else None
        return self.told == self.opening.max_tokens or last in self.opening.end

    def draft(self) -> Decoded:
        """What it has become."""
        answer = tuple(self.tokens[self.begin : self.begin + self.told])
        ended = "end" if answer[-1] in self.opening.end else "length"
        return Decoded(answer, ended, spent=max(0, self.computed - self.begin - len(answer)))


def transfers(masked: int, steps: int) -> list[int]:
    """How many of so many masked places each of the steps tells: as evenly as can be, the more at first; no step tells
    none. LLaDA's `get_num_transfer_tokens`."""
    steps = min(steps, masked)
    return [masked // steps + (at < masked % steps) for at in range(steps)]


def guesses(logits: Tensor, places: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Of so many places those whose likeliest token is likeliest, with these tokens; of equals the first.

    Args:
        logits: [places, vocabulary].
    """
    confidence, tokens = logits.softmax(-1).max(-1)
    order = ids(confidence.sort(descending=True, stable=True).indices)[:most]
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
    """Positions that each pass of block-wise denoising computes, where no end token ends it: all of them at the first
    pass and every `refresh`-th (0: never again), else those from the block's beginning on; one more of a shifted model;
    at a block's first pass the block before it too, if it is to be stored clean."""
    total, found = prompt + answer, list[int]()
    for start in range(prompt, total, block):
        for step in range(len(transfers(min(block, total - start), steps))):
            anew = len(found) == 0 or (refresh > 0 and len(found) % refresh == 0)
            back = block if clean and step == 0 and start > prompt else 0
            found.append(total if anew else total - start + back + shifted)
    return found
