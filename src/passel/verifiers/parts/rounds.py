"""Rounds that take what the budget allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from passel.core.ask import Ask
from passel.core.errors import OutOfBudget
from passel.core.flow import Flow, Round
from passel.core.reply import Reply

__all__ = ["within"]


def within(asks: Sequence[Ask]) -> Flow[list[Reply]]:
    """The replies to as many of the asks, from the first, as the budget allows; OutOfBudget if not one fits.

    No asks are no round.
    """
    if not asks:
        return []
    try:
        return list(cast(Sequence[Reply], (yield Round(tuple(asks)))))
    except OutOfBudget as short:
        if short.fits < 1:
            raise
        return list(cast(Sequence[Reply], (yield Round(tuple(asks[: short.fits])))))
