"""Passes of a reward model over rows of tokens, and the values at the places that the rows name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from passel.core.errors import UsageError
from passel.models.parts.reward.layout import Row
from passel.models.parts.reward.settings import BIAS, UNSEEN, Settings

__all__ = ["Passes"]


class Passes:
    """A model in memory with its head settled. Not for two threads at once.

    Args:
        settings: what to read of its output.
        model: a transformers model.
        words: the tokens of the good and the bad word, for the head "lm".
    """

    def __init__(self, settings: Settings, model: Any, words: tuple[int, int]) -> None:
        self._torch: Any = import_module("torch")
        self._settings, self._model, self._words = settings, model, words
        self._takes = inspect.signature(model.forward).parameters
        self._unseen = self._beside(UNSEEN) if settings.unseen else None
        self._bias = self._beside(BIAS)

    @property
    def context(self) -> int | None:
        """Tokens that fit, or None if not known."""
        return getattr(self._model.config.get_text_config(), "max_position_embeddings", None)

    def values(self, rows: Sequence[Row], given_up: Callable[[int], bool] = lambda place: False) -> list[list[float]]:
        """The values of each row, rows of like length in one pass. A row that is given up before its pass gets none."""
        found: list[list[float]] = [[] for _ in rows]
        plain = sorted((p for p, row in enumerate(rows) if not row.branches), key=lambda p: len(rows[p].ids))
        size = self._settings.batch
        passes = [plain[i : i + size] for i in range(0, len(plain), size)]
        passes += [[p] for p, row in enumerate(rows) if row.branches]
        for places in passes:
            if live := [place for place in places if not given_up(place)]:
                for place, values in zip(live, self._pass([rows[p] for p in live]), strict=True):
                    found[place] = values
        return found

    def _pass(self, rows: Sequence[Row]) -> list[list[float]]:
        with self._torch.inference_mode():
            inputs = self._branched(rows[0]) if rows[0].branches else self._padded(rows)
            if self._settings.head == "sequence":
                logits = self._output(inputs)
                return [[self._value(logits[i])] for i in range(len(rows))]
            places = sorted({read.place for row in rows for read in row.reads})
            kept = self._torch.tensor(places, device=self._model.device)
            if "logits_to_keep" in self._takes:  # a vocabulary's worth of logits at every token fills the memory
                logits = self._output({**inputs, "logits_to_keep": kept})
            else:
                logits = self._output(inputs)[:, kept]
            at = {place: i for i, place in enumerate(places)}
            pairs = enumerate(rows)
            return [[self._value(logits[i, at[read.place]], read.token) for read in row.reads] for i, row in pairs]

    def _output(self, inputs: dict[str, Any]) -> Any:
        extra = {"use_cache": False} if "use_cache" in self._takes else {}
        made = self._model(**inputs, **extra)
        return getattr(made, "logits", made[0]).float()

    def _value(self, logits: Any, token: int | None = None) -> float:
        if token is not None:
            if self._unseen is not None and bool(self._unseen[token]):
                return -math.inf
            return float(logits[token]) + (0.0 if self._bias is None else float(self._bias[token]))
        if self._settings.head == "lm":
            good, bad = self._words
            return float(self._torch.sigmoid(logits[good] - logits[bad]))  # the softmax over the two
        output = self._settings.output
        if output == "auto":
            one = "raw" if self._settings.head == "sequence" else "sigmoid"
            output = "softmax" if logits.shape[-1] > 1 else one
        if output == "softmax":
            return float(self._torch.softmax(logits, -1)[self._settings.positive])
        value = logits[self._settings.positive]
        return float(self._torch.sigmoid(value) if output == "sigmoid" else value)

    def _padded(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Filled up on the right with a token that no row holds: classifiers find a row's end by the last token that is
        no padding, and a tokenizer's own padding is often the mark that ends a turn."""
        used = {token for row in rows for token in row.ids}
        padding = next(token for token in range(len(used) + 1) if token not in used)
        self._model.config.get_text_config().pad_token_id = padding
        longest = max(len(row.ids) for row in rows)
        missing = [longest - len(row.ids) for row in rows]
        ids = [[*row.ids, *[padding] * more] for row, more in zip(rows, missing, strict=True)]
        mask = [[1] * (longest - more) + [0] * more for more in missing]
        return {"input_ids": self._tensor(ids), "attention_mask": self._tensor(mask)}

    def _branched(self, row: Row) -> dict[str, Any]:
        """A trunk and branches in one row: each branch sees the trunk and itself, and counts on from the trunk."""
        if not any(getattr(module, "is_causal", False) for module in self._model.modules()):
            raise UsageError(f"{self._settings.path} is not causal: it rewards one text an ask")
        torch, size, trunk = self._torch, len(row.ids), row.trunk
        sees = torch.ones(size, size, dtype=torch.bool).tril()
        positions, begin = list(range(trunk)), trunk
        for length in row.branches:
            sees[begin : begin + length, trunk:begin] = False
            positions += range(trunk, trunk + length)
            begin += length
        dtype = self._model.dtype
        mask = torch.zeros(1, 1, size, size, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min)
        inputs = {"input_ids": self._tensor([list(row.ids)]), "position_ids": self._tensor([positions])}
        return {**inputs, "attention_mask": mask.to(self._model.device)}

    def _tensor(self, values: list[list[int]]) -> Any:
        return self._torch.tensor(values, device=self._model.device)

    def _beside(self, name: str) -> Any:
        folder = self._settings.folder
        if self._settings.head != "vocabulary" or folder is None or not (folder / name).is_file():
            return None
        return self._torch.load(folder / name, map_location="cpu", weights_only=True)
