"""What an earlier comparison tells a method of each of its methods: the tool `pilot`."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from passel.core.errors import RecordError, UsageError

__all__ = ["ORACLE", "PILOT", "Pilot", "PilotProblem", "PilotTool", "check_pilot"]

PILOT = "pilot.json"
ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class PilotProblem:
    """One problem of the pilot, as far as it was scored.

    Args:
        accuracy: the score of each method, in [0, 1].
        tokens: what each of these methods took, prompt and completion.
        draws: by verifier, its score of each plain draw 0, 1, … (None: no answer, or no score); under "oracle", what
            each draw is worth.
    """

    id: str
    accuracy: Mapping[str, float]
    tokens: Mapping[str, float]
    draws: Mapping[str, Sequence[float | None]] = field(default_factory=dict[str, Sequence[float | None]])


@dataclass(frozen=True)
class Pilot:
    """An earlier comparison, problem by problem.

    Args:
        task: its spec; problem ids mean the same only within one task.
        specs: by method as the user named it, its spec with n written out.
        uses_gold: methods that ask the task what is right.
        problems: those of which anything was scored.
    """

    task: str
    specs: Mapping[str, str]
    uses_gold: Sequence[str]
    problems: Sequence[PilotProblem]

    def table(self, *, without: str = "", samples: int | None = None, bins: int = 5) -> dict[str, Any]:
        """The value of the tool `pilot`, plain JSON.

        Args:
            without: the id of a problem that is left out.
            samples: plain draws that a difficulty is estimated from; None: all that were drawn and scored.
            bins: how many difficulty bins.

        Returns: {"methods": FIGURES, "bins": {VERIFIER: {"edges": [...], "methods": [FIGURES, ...]}}}.

        FIGURES are {METHOD: {"accuracy": float, "stderr": float | None, "tokens": float, "problems": int, "spec": str,
        "uses_gold": bool}}. METHOD is the name in the pilot (`vote`, `best_of:verifier=judge`); spec is the same with n
        written out (`vote:n=8`), for `passel.methods.load`. accuracy and tokens (prompt and completion) are means over
        problems, stderr the standard error of that mean, None for a single problem. Methods of which nothing was
        scored are missing.

        The difficulty of a problem is the mean score of its plain draws 0 … samples-1: by VERIFIER, or what they are
        worth, under "oracle". A higher score is an easier problem. `edges` are bins-1 rising quantiles of the pilot's
        problems: a score x belongs to the bin `bisect.bisect_right(edges, x)`, so bin 0 is the hardest. A problem
        none of whose draws has a score belongs to bin 0. A bin's FIGURES may be empty, where scores are tied.
        """
        kept = [one for one in self.problems if one.id != without]
        names = dict.fromkeys(name for one in kept for name in one.draws)
        binned = {name: self._binned(kept, name, samples, bins) for name in names}
        return {"methods": self._figures(kept), "bins": {name: found for name, found in binned.items() if found}}

    def _binned(
        self, problems: Sequence[PilotProblem], name: str, samples: int | None, bins: int
    ) -> dict[str, Any] | None:
        means = [_mean(one.draws.get(name, ())[:samples]) for one in problems]
        known = [mean for mean in means if mean is not None]
        if not known:
            return None
        edges = [float(edge) for edge in np.quantile(known, [place / bins for place in range(1, bins)])]
        places = [0 if mean is None else int(np.searchsorted(edges, mean, side="right")) for mean in means]
        by_bin = [[one for one, at in zip(problems, places, strict=True) if at == place] for place in range(bins)]
        return {"edges": edges, "methods": [self._figures(part) for part in by_bin]}

    def _figures(self, problems: Sequence[PilotProblem]) -> dict[str, Any]:
        return {
            name: _figure([(one.accuracy[name], one.tokens[name]) for one in own])
            | {"spec": spec, "uses_gold": name in self.uses_gold}
            for name, spec in self.specs.items()
            if (own := [one for one in problems if name in one.accuracy])
        }

    def tool(self, task: str | None, problem_id: str) -> PilotTool:
        """The tool around one problem. It is left out where it is itself in the pilot, so that nothing that is told
        about methods was learnt from the problem they are chosen for."""
        return PilotTool(self, problem_id if task == self.task else "", self.edition)

    @cached_property
    def edition(self) -> str:
        """A digest of everything in it: what one pilot told is not taken for what another would tell."""
        text = json.dumps(asdict(self), sort_keys=True)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def save(self, folder: Path) -> None:
        """Writes pilot.json beside a record, so that a report needs the pilot's own folder no more."""
        temporary = folder / f".pilot-{os.getpid()}.json"
        temporary.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        temporary.replace(folder / PILOT)

    @classmethod
    def open(cls, folder: Path) -> Pilot:
        """Reads pilot.json back; RecordError where it is not one."""
        path = folder / PILOT
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            problems = [PilotProblem(**one) for one in data.pop("problems")]
            return cls(**data, problems=problems)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecordError(f"{path} does not hold a pilot ({type(error).__name__}: {error})") from error


@dataclass(frozen=True, slots=True)
class PilotTool:
    """`call("pilot")`, or `call("pilot", samples=m, bins=b)`; see `Pilot.table` for what comes back."""

    pilot: Pilot
    without: str
    edition: str

    def __call__(self, *, samples: int | None = None, bins: int = 5) -> dict[str, Any]:
        return self.pilot.table(without=self.without, samples=samples, bins=bins)


def check_pilot(what: str, tools: Iterable[str], pilot: object) -> None:
    """Raises UsageError where a method calls the tool `pilot` and none was given."""
    if "pilot" in tools and pilot is None:
        raise UsageError(
            f"method {what} chooses by an earlier comparison: give its folder with --pilot (pilot=… in Python); "
            "`passel compare … --out FOLDER` makes one"
        )


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return math.fsum(known) / len(known) if known else None


def _figure(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Means over problems of (accuracy, tokens), and the standard error of the first."""
    scores = [score for score, _ in pairs]
    count = len(pairs)
    mean = math.fsum(scores) / count
    spread = math.fsum((score - mean) ** 2 for score in scores)
    stderr = math.sqrt(spread / (count - 1) / count) if count > 1 else None
    tokens = math.fsum(tokens for _, tokens in pairs) / count
    return {"accuracy": mean, "stderr": stderr, "tokens": tokens, "problems": count}
