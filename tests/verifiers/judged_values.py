"""Judgements as plain numbers, for tests of scores."""

from __future__ import annotations

import json
from collections.abc import Sequence

from passel.core.judgement import Judgement
from passel.core.play import Played

__all__ = ["worth_of"]


def worth_of(played: Played[Judgement] | Played[Sequence[Judgement]]) -> float | list[float | None] | None:
    """The score, or the scores of a ranker; each has an explanation and metadata that JSON can hold."""
    one = isinstance(played.value, Judgement)
    judgements = [played.value] if one else list(played.value)
    for judgement in judgements:
        assert judgement.explanation
        assert json.loads(json.dumps(dict(judgement.metadata), allow_nan=False)) == dict(judgement.metadata)
    values = [judgement.value for judgement in judgements]
    return values[0] if one else values
