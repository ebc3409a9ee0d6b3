"""An engine of given logits: it answers a decoding method's asks by functions of the tokens so far, and counts them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from passel.core.key import Key
from passel.core.steps import Steps
from passel.engine.cached_network import branch_number, model_and_row
from passel.engine.requests import ALL, Drop, Emit, Fork, Forward, Keep, Output

Logits = Callable[[tuple[int, ...]], Tensor]
"""From tokens to the logits [vocabulary] of the next one."""


def logits_of(name: str, size: int, spread: float = 4.0) -> Logits:
    """Logits by address: those of each text are independent of all others."""

    def logits(tokens: tuple[int, ...]) -> Tensor:
        key = Key(0, (name, *tokens))
        return torch.tensor([spread * (key / token).uniform() for token in range(size)])

    return logits


@dataclass
class ScriptedEngine:
    """Models by their logits, the engine's own first."""

    models: Sequence[Logits]
    texts: dict[int, list[int]] = field(default_factory=dict)
    forwards: list[Forward] = field(default_factory=list)
    emitted: list[int] = field(default_factory=list)
    opened: int = 0

    def run(self, decoding: Any) -> Any:
        """The method's result."""
        with Steps[Any, Any](decoding) as steps:
            while not steps.ended:
                steps.send(tuple(self._answer(ask) for ask in steps.asked))
            return steps.result

    def of(self, model: int) -> list[Forward]:
        """The forwards of one model."""
        return [one for one in self.forwards if model_and_row(one.branch)[0] == model]

    def _answer(self, ask: Any) -> Any:
        match ask:
            case Fork():
                model = ask.model if ask.branch is None else model_and_row(ask.branch)[0]
                made = branch_number(model, self.opened)
                self.opened += 1
                self.texts[made] = [] if ask.branch is None else list(self.texts[ask.branch])
                return made
            case Drop():
                del self.texts[ask.branch]
            case Keep():
                text = self.texts[ask.branch]
                assert ask.length <= len(text)
                self.texts[ask.branch] = text[: ask.length] + [text[ask.length + one] for one in ask.also]
            case Emit():
                self.emitted += ask.tokens
            case Forward():
                return self._forward(ask)
        return None

    def _forward(self, ask: Forward) -> Output:
        self.forwards.append(ask)
        text = self.texts[ask.branch]
        seen: list[tuple[int, ...]] = []
        for at, token in enumerate(ask.tokens):
            parent = at - 1 if ask.parents is None else ask.parents[at]
            seen.append((*(seen[parent] if parent >= 0 else text), token))
        text += ask.tokens
        wanted = seen if ask.logits == ALL else seen[-ask.logits :]
        logits = self.models[model_and_row(ask.branch)[0]]
        return Output(torch.stack([logits(one) for one in wanted]))
