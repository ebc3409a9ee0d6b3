"""The sampling parameters of each row, stacked, with the biases and the tokens that penalties look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.engine.sampling.entries import Entries
from passel.engine.sampling.transforms.temperature import GREEDY

__all__ = ["Rows"]

_NEUTRAL = {
    "temperature": 1.0,
    "min_p": 0.0,
    "top_k": 0.0,
    "top_p": 1.0,
    "typical_p": 1.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "logprobs": -1.0,
}
"""The parameters, with the value that changes nothing; logprobs -1: none are reported."""

_NAMES = tuple(_NEUTRAL)
_VALUES = np.array([*_NEUTRAL.values()])[:, np.newaxis]
_TRUNCATIONS = [_NAMES.index(name) for name in ("min_p", "top_k", "top_p", "typical_p")]
_PENALTIES = [_NAMES.index(f"{name}_penalty") for name in ("repetition", "presence", "frequency")]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The sampling parameters of a batch. Made by `of`; rows leave by `select` and join by `append`.

    The table stays on the host: which transforms a batch needs is known without asking the device.

    Args:
        table: a line for each parameter, in the order of `_NEUTRAL`. A greedy row has no truncation.
        bias: added to logits.
        seen: tokens of rows with a penalty: how often each occurs in the answer; 0 for tokens that occur only in the
            prompt.
    """

    table: Float64[np.ndarray, "parameters rows"]
    bias: Entries
    seen: Entries

    @classmethod
    def of(
        cls,
        samplings: Sequence[Sampling],
        *,
        prompts: Sequence[Sequence[int]] | None = None,
        answers: Sequence[Sequence[int]] | None = None,
        device: torch.device | str = "cpu",
    ) -> Rows:
        """Makes one row for each sampling; a parameter that it leaves unset changes nothing.

        Args:
            prompts: tokens before the answer, for the repetition penalty; read where a row has it.
            answers: tokens of each answer so far, if any; read where a row has a penalty.
            device: where the logits will be.

        Raises UsageError for a repetition penalty of 0, by which nothing can be divided.
        """
        given = [[getattr(sampling, name) for sampling in samplings] for name in _NAMES]
        table = np.array(given, dtype=np.float64).reshape(len(_NAMES), len(samplings))  # None becomes NaN
        table = np.where(np.isnan(table), _VALUES, table)
        if (table[_NAMES.index("repetition_penalty")] <= 0).any():
            raise UsageError("repetition_penalty must be more than 0")
        greedy = table[_NAMES.index("temperature")] < GREEDY
        table[_TRUNCATIONS] = np.where(greedy, _VALUES[_TRUNCATIONS], table[_TRUNCATIONS])
        penalised = (table[_PENALTIES] != _VALUES[_PENALTIES]).any(0)
        seen: list[dict[int, float]] = [{} for _ in samplings]
        for row in np.flatnonzero(penalised).tolist():
            before = dict.fromkeys(prompts[row], 0) if prompts else {}
            seen[row] = {**before, **Counter(answers[row] if answers else ())}
        bias = [dict(sampling.logit_bias or ()) for sampling in samplings]
        return cls(table, Entries.of(bias, device), Entries.of(seen, device))

    def __len__(self) -> int:
        return self.table.shape[1]

    @property
    def active(self) -> frozenset[str]:
        """The parameters that change something in some row."""
        return frozenset(np.array(_NAMES)[(self.table != _VALUES).any(1)].tolist())

    @property
    def greedy(self) -> bool:
        """Whether all rows are greedy."""
        return bool((self.table[_NAMES.index("temperature")] < GREEDY).all())

    def column(self, name: str, device: torch.device | str = "cpu") -> Float64[Tensor, " rows"]:
        """Returns a parameter's values."""
        return torch.from_numpy(self.table[_NAMES.index(name)]).to(device)

    def select(self, indices: Sequence[int] | Int64[np.ndarray, " some"]) -> Rows:
        """Returns these rows in this order; a row may come twice, as it does where a text is forked."""
        taken = np.asarray(indices, dtype=np.int64)
        on_device = torch.from_numpy(taken).to(self.seen.row.device)
        return Rows(
            self.table[:, taken], self.bias.select(on_device, len(self)), self.seen.select(on_device, len(self))
        )

    def append(self, other: Rows) -> Rows:
        """Returns these rows, then those of `other`."""
        table = np.concatenate((self.table, other.table), axis=1)
        return Rows(table, self.bias.append(other.bias, len(self)), self.seen.append(other.seen, len(self)))

    def with_sampled(self, tokens: Int64[Tensor, " rows"]) -> Rows:
        """Returns the rows after each has sampled a token: the same rows where none has a penalty."""
        penalised = (self.table[_PENALTIES] != _VALUES[_PENALTIES]).any(0)
        if not penalised.any():
            return self
        return replace(self, seen=self.seen.counting(tokens, torch.from_numpy(penalised).to(tokens.device)))
