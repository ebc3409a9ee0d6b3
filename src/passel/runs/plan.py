"""The settings of a run as plain values: checked when built, written beside the record, enough to run it again."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from passel.core.ask import Sampling
from passel.core.cost import Budget
from passel.core.errors import RecordError, UsageError, unknown
from passel.core.needs import Needs
from passel.core.options import split_spec
from passel.methods import ConfiguredMethod, load

__all__ = ["Plan", "check_roles"]


def check_roles(roles: Iterable[str], needs: Sequence[Needs]) -> None:
    """Raises UsageError for a role that no method uses; a method that does not declare its needs may use any."""
    wanted = {role for roles_needed in needs for role in roles_needed} - {"generator", "tool"}
    for role in roles if all(needs) else ():
        if role not in wanted and role != "generator":
            raise unknown("role", role, wanted)


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of a comparison, or of a run of one method.

    Args:
        model: spec of the generator's model.
        task: spec of the task.
        methods: distinct specs, such as `vote` or `vote:n=4`.
        n: number of samples, for every method that takes n and does not set it; None: each method's default.
        limit: maximum number of problems; None: all.
        seed: of the choice of problems and of all samples.
        sampling: of the generator.
        roles: specs of models for other roles.
        budget: limits of the whole run.
        problem_budget: limits of one method on one problem.
        instruction, system: replace the task's own; None: they do not.
        concurrency: maximum number of problems at once.
        judged_run: folder of the run whose samples are judged, relative to this run's folder; no sample is drawn.
        pilot: folder of an earlier comparison, for methods that choose by one.
    """

    model: str
    task: str
    methods: tuple[str, ...]
    n: int | None = None
    limit: int | None = None
    seed: int = 0
    sampling: Sampling = field(default_factory=Sampling)
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    budget: Budget = field(default_factory=Budget)
    problem_budget: Budget = field(default_factory=Budget)
    instruction: str | None = None
    system: str | None = None
    concurrency: int = 64
    judged_run: str | None = None
    pilot: str | None = None

    def __post_init__(self) -> None:
        if not self.methods:
            raise UsageError("no method given").about("methods")
        if len(set(self.methods)) < len(self.methods):
            raise UsageError(f"one is given twice: {', '.join(self.methods)}").about("methods")
        for name, value in (("n", self.n), ("limit", self.limit), ("concurrency", self.concurrency)):
            if value is not None and value < 1:
                raise UsageError(f"must be at least 1, got {value}", field=name)
        if self.problem_budget.seconds is not None:
            raise UsageError("cannot limit seconds, which are limited for the whole run", field="problem_budget")

    def load_methods(self) -> list[ConfiguredMethod]:
        """Loads the methods with their options. Raises UsageError for unknown names and options."""
        return [load(spec, defaults={} if self.n is None else {"n": self.n}) for spec in self.methods]

    def save(self, folder: Path) -> None:
        """Writes run.json, whole or not at all."""
        temporary = folder / f".run-{os.getpid()}.json"
        temporary.write_text(json.dumps(self.to_json(), indent=2) + "\n", encoding="utf-8")
        temporary.replace(folder / "run.json")

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values; unset limits and sampling parameters are left out."""
        data = asdict(self) | {"sampling": self.sampling.given()}
        for name in ("budget", "problem_budget"):
            data[name] = {limit: value for limit, value in data[name].items() if value is not None}
        return data

    @classmethod
    def open(cls, folder: Path) -> Plan:
        """Reads run.json."""
        path = folder / "run.json"
        try:
            data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(f"no run in {folder}: there is no {path.name}") from None
        except ValueError as error:
            raise RecordError(f"{path} is not readable: {error}") from error
        known = {f.name for f in fields(cls)}
        for name in data:
            if name not in known:
                raise unknown(f"setting in {path}:", name, known)
        try:
            data["methods"] = tuple(data["methods"])
            data["sampling"] = Sampling.of(data["sampling"])
            data["budget"], data["problem_budget"] = Budget(**data["budget"]), Budget(**data["problem_budget"])
            return cls(**data)
        except (AttributeError, KeyError, TypeError) as error:
            raise RecordError(
                f"{path} does not hold the settings of a run ({type(error).__name__}: {error})"
            ) from error

    def command(self, folder: Path | None) -> str:
        """Returns the command line that runs this plan."""
        words = ["passel", *self._what(folder)]
        seed = self.seed if self.judged_run is None else None
        for name, value in (("--n", self.n), ("--limit", self.limit), ("--seed", seed)):
            words += [name, str(value)] if value is not None else []
        for name, value in self.sampling.given().items() if self.judged_run is None else ():
            flag = f"--{name.replace('_', '-')}"
            values = cast("Sequence[object]", value if isinstance(value, tuple) else (value,))
            words += [word for one in values for word in (flag, _word(one))]
        words += [word for role, spec in self.roles.items() for word in ("--role", f"{role}={spec}")]
        for flag, budget in (("--budget", self.budget), ("--problem-budget", self.problem_budget)):
            limits = [f"{k}={v}" for k, v in asdict(budget).items() if v is not None]
            words += [flag, ",".join(limits)] if limits else []
        for flag, text in (("--instruction", self.instruction), ("--system", self.system)):
            words += [flag, text] if text is not None and self.judged_run is None else []
        words += ["--pilot", self.pilot] if self.pilot is not None else []
        words += ["--out", str(folder)] if folder else []
        return shlex.join(words)

    def _what(self, folder: Path | None) -> list[str]:
        if self.judged_run is None:
            return ["compare", "--model", self.model, "--task", self.task, "--methods", ",".join(self.methods)]
        specs = [split_spec(method)[1] for method in self.methods]
        own = [
            [f":{k.removeprefix('verifier.')}={v}" for k, v in o.items() if k.startswith("verifier.")] for o in specs
        ]
        verifiers = [o["verifier"] + "".join(rest) for o, rest in zip(specs, own, strict=True) if "verifier" in o]
        judged = os.path.normpath(os.path.join(folder or "", self.judged_run))
        return ["verify", "--run", judged, "--task", self.task, "--verifier", ",".join(verifiers)]

    def replace(self, **changes: Any) -> Plan:
        """Returns a copy with some settings changed."""
        return replace(self, **changes)


def _word(value: object) -> str:
    """Returns a value of a flag as text; a pair, such as a token and its bias, as KEY=VALUE."""
    return "=".join(map(str, cast("tuple[object, ...]", value))) if isinstance(value, tuple) else str(value)
