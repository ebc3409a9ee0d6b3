"""A pilot: an earlier comparison, for methods that choose among other methods by it (the tool `pilot`)."""

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
    """The scores of one problem of the pilot.

    Args:
        accuracy: by method, its score, in [0, 1].
        tokens: by method, its prompt and completion tokens.
        draws: by verifier, its score of each plain sample 0, 1, … (None: no answer, or no score); under "oracle", the
            task's score of each sample.
    """

    id: str
    accuracy: Mapping[str, float]
    tokens: Mapping[str, float]
    draws: Mapping[str, Sequence[float | None]] = field(default_factory=dict[str, Sequence[float | None]])


@dataclass(frozen=True)
class Pilot:
    """The scores of an earlier comparison, by problem.

    Args:
        task: the task's spec; problem ids are unique only within a task.
        specs: by method as the user wrote it, its spec with n written out.
        uses_gold: methods that ask the task for the right answer.
        problems: the problems with at least one score.
    """

    task: str
    specs: Mapping[str, str]
    uses_gold: Sequence[str]
    problems: Sequence[PilotProblem]

    def table(self, *, without: str = "", samples: int | None = None, bins: int = 5) -> dict[str, Any]:
        """Returns the value of the tool `pilot`, plain JSON.

        Args:
            without: the id of a problem that is left out.
            samples: number of plain samples that a difficulty is estimated from; None: all with a score.
            bins: number of difficulty bins.

        Returns: {"methods": FIGURES, "bins": {VERIFIER: {"edges": [...], "methods": [FIGURES, ...]}}}.

        FIGURES are {METHOD: {"accuracy": float, "stderr": float | None, "tokens": float, "problems": int, "spec": str,
        "uses_gold": bool}}. METHOD is the name in the pilot (`vote`, `best_of:verifier=judge`); spec is the same with n
        written out (`vote:n=8`), for `passel.methods.load`. accuracy and tokens (prompt and completion) are means over
        problems, stderr is the standard error of the mean accuracy, None for a single problem. Methods without a score
        are left out.

        The difficulty of a problem is the mean score of its plain samples 0 … samples-1, by VERIFIER or, under
        "oracle", by the task. A higher score is an easier problem. `edges` are bins-1 rising quantiles of the pilot's
        problems: a score x belongs to the bin `bisect.bisect_right(edges, x)`, so bin 0 is the hardest. A problem
        none of whose samples has a score belongs to bin 0. A bin's FIGURES may be empty, where scores are tied.
        """
        problems = [problem for problem in self.problems if problem.id != without]
        names = dict.fromkeys(name for problem in problems for name in problem.draws)
        binned = {name: self._binned(problems, name, samples, bins) for name in names}
        return {"methods": self._figures(problems), "bins": {name: table for name, table in binned.items() if table}}

    def _binned(
        self, problems: Sequence[PilotProblem], name: str, samples: int | None, bins: int
    ) -> dict[str, Any] | None:
        means = [_mean(problem.draws.get(name, ())[:samples]) for problem in problems]
        known = [mean for mean in means if mean is not None]
        if not known:
            return None
        edges = [float(edge) for edge in np.quantile(known, [place / bins for place in range(1, bins)])]
        places = [0 if mean is None else int(np.searchsorted(edges, mean, side="right")) for mean in means]
        by_bin = [[p for p, at in zip(problems, places, strict=True) if at == place] for place in range(bins)]
        return {"edges": edges, "methods": [self._figures(part) for part in by_bin]}

    def _figures(self, problems: Sequence[PilotProblem]) -> dict[str, Any]:
        return {
            name: _figure([(problem.accuracy[name], problem.tokens[name]) for problem in scored])
            | {"spec": spec, "uses_gold": name in self.uses_gold}
            for name, spec in self.specs.items()
            if (scored := [problem for problem in problems if name in problem.accuracy])
        }

    def tool(self, task: str | None, problem_id: str) -> PilotTool:
        """Returns the tool for one problem. A problem that is in the pilot itself is left out of the figures, so that
        no method is chosen for a problem by its result on that problem."""
        return PilotTool(self, problem_id if task == self.task else "", self.edition)

    @cached_property
    def edition(self) -> str:
        """A digest of the pilot: replies of the tool are shared only between equal pilots."""
        text = json.dumps(asdict(self), sort_keys=True)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def save(self, folder: Path) -> None:
        """Writes pilot.json beside a record, so that a report does not need the pilot's own folder."""
        temporary = folder / f".pilot-{os.getpid()}.json"
        temporary.write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")
        temporary.replace(folder / PILOT)

    @classmethod
    def open(cls, folder: Path) -> Pilot:
        """Reads pilot.json. Raises RecordError if it is not a pilot."""
        path = folder / PILOT
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            problems = [PilotProblem(**problem) for problem in data.pop("problems")]
            return cls(**data, problems=problems)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RecordError(f"{path} does not hold a pilot ({type(error).__name__}: {error})") from error


@dataclass(frozen=True, slots=True)
class PilotTool:
    """The tool: `call("pilot")`, or `call("pilot", samples=m, bins=b)`; its value is that of `Pilot.table`."""

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
