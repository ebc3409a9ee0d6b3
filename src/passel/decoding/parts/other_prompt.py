"""The same answer after another prompt: a second branch, computed only when its logits are needed."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from passel.engine.requests import Decoding, Forward, forwards, open_branch

__all__ = ["OtherPrompt", "both_logits"]


class OtherPrompt:
    """A branch that begins with another prompt and continues with the same answer, one or more tokens late."""

    def __init__(self, prompt: Sequence[int]) -> None:
        self._branch: int | None = None
        self._late: list[int] = list(prompt)
        self.passes = 0
        """Number of forwards of this branch."""

    def append(self, token: int) -> None:
        """Adds a token of the answer."""
        self._late.append(token)

    def ask(self) -> Decoding[Forward]:
        """The forward that computes the tokens that were added since the last one."""
        if self._branch is None:
            self._branch = yield from open_branch()
        late, self._late = tuple(self._late), []
        self.passes += 1
        return Forward(self._branch, late)


def both_logits(main: Forward, other: OtherPrompt) -> Decoding[tuple[Tensor, Tensor]]:
    """The next token's logits after the prompt and after the other prompt, in one batch: [vocabulary] each."""
    late = yield from other.ask()
    after_main, after_other = yield from forwards((main, late))
    return after_main.logits[-1], after_other.logits[-1]
