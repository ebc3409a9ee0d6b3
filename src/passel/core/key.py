"""Randomness by address: every random number is a pure function of a seed and a path of labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

__all__ = ["Key"]

Label = str | int


@dataclass(frozen=True, slots=True)
class Key:
    """A frozen address in the tree of random choices.

    `key / "draw" / 3` is the same key wherever and whenever it is written, so a sample does not depend on the order of
    calls, on batching or on concurrency (the splittable generators of Claessen and Pałka, 2013, with labels in place
    of left and right).

    >>> key = Key(0) / "draw" / 3
    >>> key == Key(0, ("draw", 3))
    True
    >>> 0.0 <= key.uniform() < 1.0
    True
    """

    seed: int = 0
    path: tuple[Label, ...] = ()

    def __truediv__(self, label: Label) -> Key:
        return Key(self.seed, (*self.path, label))

    def __str__(self) -> str:
        return "/".join(map(str, (self.seed, *self.path)))

    def bits(self, count: int = 64) -> int:
        """`count` uniform bits as an integer in [0, 2**count); count is a multiple of 8, at most 512."""
        text = "\x00".join(
            [str(self.seed), *(f"{type(label).__name__[0]}{label}".replace("\x00", "\x00\x00") for label in self.path)]
        )
        return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=count // 8).digest(), "big")

    def uniform(self) -> float:
        """A number in [0, 1) with 53 random bits."""
        return (self.bits() >> 11) * 2.0**-53

    def below(self, limit: int) -> int:
        """An integer in [0, limit), uniform up to 2**-64."""
        if limit < 1:
            raise ValueError(f"limit must be at least 1, got {limit}")
        return self.bits(128) * limit >> 128

    def choice(self, weights: Sequence[float]) -> int:
        """An index with probability proportional to its weight; the weights are at least 0 and not all 0."""
        total = sum(weights)
        if not total > 0.0:
            raise ValueError("weights must be non-negative and sum to more than 0")
        point = self.uniform() * total
        for index, weight in enumerate(weights):
            point -= weight
            if point < 0.0:
                return index
        return max(index for index, weight in enumerate(weights) if weight > 0.0)

    def permutation(self, size: int) -> list[int]:
        """The integers 0 … size-1 in random order; a longer permutation of the same key keeps the relative order."""
        return sorted(range(size), key=lambda index: (self / index).bits())
