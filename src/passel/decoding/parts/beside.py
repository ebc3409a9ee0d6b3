"""The same answer under another prompt: a second branch, filled only when its logits are wanted."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from passel.engine.requests import Decoding, Forward, forwards, open_branch

__all__ = ["Beside", "both"]


class Beside:
    """A branch that begins with another prompt and goes on with the same answer, one or more tokens late."""

    def __init__(self, prompt: Sequence[int]) -> None:
        self._branch: int | None = None
        self._late: list[int] = list(prompt)
        self.passes = 0
        """Forwards that it took."""

    def append(self, token: int) -> None:
        """The answer has gone on."""
        self._late.append(token)

    def ask(self) -> Decoding[Forward]:
        """The forward that brings it up to date."""
        if self._branch is None:
            self._branch = yield from open_branch()
        late, self._late = tuple(self._late), []
        self.passes += 1
        return Forward(self._branch, late)


def both(main: Forward, beside: Beside) -> Decoding[tuple[Tensor, Tensor]]:
    """The next token's logits after the prompt and after the other one, in one batch: [vocabulary] each."""
    other = yield from beside.ask()
    ours, theirs = yield from forwards((main, other))
    return ours.logits[-1], theirs.logits[-1]
