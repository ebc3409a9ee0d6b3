"""The comparison for programs: `comparison.json`, which is read back exactly, and the CSV files."""

from __future__ import annotations

import csv
import io
import json
import math
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from passel.core.cost import Cost
from passel.core.errors import RecordError, unknown
from passel.measure.comparison import Comparison, Estimate, MethodRow, VerifierRow
from passel.pages.text import clean, cut

__all__ = ["COMPARISON", "comparison_json", "has_comparison", "methods_csv", "problems_csv", "read_comparison"]
__all__ += ["verifiers_csv"]

COMPARISON = "comparison.json"
_COSTS = tuple(f.name for f in fields(Cost))
_MAX_CELL = 8_000
_RATES = (
    "mean",
    "auc",
    "auc_within",
    "false_positive_rate",
    "false_negative_rate",
    "precision",
    "accepted",
    "ceiling",
    "precision_limit",
)
_FORMULA = ("=", "+", "-", "@", "\t")


def comparison_json(comparison: Comparison) -> str:
    """Standard JSON in ASCII, so that no text in it can break the file; numbers that are not finite become null."""
    return json.dumps(_finite(comparison.to_json()), indent=1, allow_nan=False) + "\n"


def has_comparison(folder: Path) -> bool:
    """Whether the folder holds the file that `read_comparison` reads."""
    return (folder / COMPARISON).is_file()


def read_comparison(folder: Path) -> Comparison:
    """Reads the comparison that `write_report` wrote to this folder.

    Raises:
        RecordError: the file is missing, is not JSON, or lacks what a comparison must have.
        UsageError: it holds a field that this version does not know.
    """
    path = folder / COMPARISON
    try:
        data: object = json.loads(path.read_text(encoding="utf-8"))
        return cast(Comparison, _build(Comparison, data, "comparison"))
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError) as error:
        raise RecordError(f"{path} is not a comparison: {error}") from error


def methods_csv(comparison: Comparison) -> str:
    """One row for each method; summed costs by their name, means over problems as `…_per_problem`."""
    means = _keys(r.mean_cost for r in comparison.methods) or ["tokens", "dollars", "passes", "seconds", "flops"]
    passes = _keys(r.cost_of_pass for r in comparison.methods) or ["tokens", "dollars"]
    head = ["method", "uses_gold", "problems", "scored", "answered", "failures", "stopped"]
    estimates = [f"{what}{end}" for what in ("accuracy", "difference") for end in ("", "_low", "_high")]
    costs = [f"{k}_per_problem" for k in means] + [f"{k}_per_right_answer" for k in passes]
    return _csv([*head, *estimates, *costs, *_COSTS], (_method(r, means, passes) for r in comparison.methods))


def problems_csv(comparison: Comparison) -> str:
    """One row for each problem and method. Long texts are cut; the JSON holds them whole."""
    head = ["problem", "method", "score", "answer", "gold", "stop", "error", *_COSTS, "wall_seconds", "question"]
    rows = (
        [
            *(_text(problem.id), _text(name), trial.score, _text(trial.answer), _text(problem.gold)),
            *(_text(trial.stop), _text(trial.error), *(getattr(trial.cost, c) for c in _COSTS)),
            *(trial.wall_seconds, _text(problem.question)),
        ]
        for problem in comparison.problems
        for name, trial in problem.trials.items()
    )
    return _csv(head, rows)


def verifiers_csv(comparison: Comparison) -> str:
    """One row for each verifier; curves at the largest number of samples, and the best K by cost of a wrong answer."""
    rows = comparison.verifiers
    curves = list(dict.fromkeys(c.name for r in rows for c in r.curves))
    costs = sorted({v.cost for r in rows if r.resampling for v in r.resampling.values})
    head = ["verifier", "kind", "method", "problems", "left_out", "samples", "unanswered", "unscored", "depth"]
    rates = [f"{name}{end}" for name in _RATES for end in ("", "_low", "_high")]
    plain = ["threshold", "average_precision", "calibration_error", "brier", "problems_never_accepted"]
    ends = [f"{name.replace(' ', '_')}_at_depth" for name in curves]
    tries = [f"{what}_at_cost_{cost:g}" for cost in costs for what in ("best_k", "best_value")]
    return _csv([*head, *rates, *plain, *ends, *tries], (_verifier(r, curves, costs) for r in rows))


def _verifier(row: VerifierRow, curves: list[str], costs: list[float]) -> list[object]:
    found, calibration = row.resampling, row.calibration
    estimates = [getattr(row, n, None) or (getattr(found, n) if found else Estimate(None)) for n in _RATES]
    by_cost = {v.cost: v for v in found.values} if found else {}
    known = {c.name: c.value[-1] for c in row.curves if c.k}
    head = [_text(row.name), _text(row.kind), _text(row.method), len(row.problems), row.left_out]
    return [
        *(*head, row.samples, row.unanswered, row.unscored, row.depth),
        *(v for e in estimates for v in (e.value, e.low, e.high)),
        *(row.threshold, row.average_precision, calibration.error if calibration else None),
        *(calibration.brier.value if calibration else None, found.never if found else None),
        *(known.get(name) for name in curves),
        *(v for c in costs for v in ((by_cost[c].best_k, by_cost[c].best_value) if c in by_cost else (None, None))),
    ]


def _method(row: MethodRow, means: list[str], passes: list[str]) -> list[object]:
    head = [_text(row.name), row.uses_gold, row.problems, row.scored, row.answered, row.failures, row.stopped]
    estimates = [v for e in (row.accuracy, row.difference or Estimate(None)) for v in (e.value, e.low, e.high)]
    costs = [row.mean_cost.get(k) for k in means] + [row.cost_of_pass.get(k) for k in passes]
    return [*head, *estimates, *costs, *(getattr(row.cost, c) for c in _COSTS)]


def _keys(maps: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for one in maps for key in one))


def _csv(head: list[str], rows: Iterable[list[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def _text(text: str | None) -> str | None:
    """A cell of text: cleaned, cut, and with an apostrophe before what a spreadsheet would run as a formula."""
    if text is None:
        return None
    kept, more = cut(clean(text), _MAX_CELL)
    cell = f"{kept}… ({more} more characters)" if more else kept
    return f"'{cell}" if cell.startswith(_FORMULA) and not _number(cell) else cell


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(k): _finite(v) for k, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in cast("list[Any]", value)]
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _build(kind: Any, value: Any, where: str) -> Any:
    """A value of the annotated type from plain JSON; `where` is its address for error messages."""
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        inner = next(k for k in get_args(kind) if k is not type(None))
        return None if value is None else _build(inner, value, where)
    if origin is tuple:
        items = _typed(list, value, where)
        return tuple(_build(get_args(kind)[0], v, f"{where}[{i}]") for i, v in enumerate(items))
    if origin is not None and issubclass(origin, Mapping):
        return {k: _build(get_args(kind)[1], v, f"{where}.{k}") for k, v in _typed(dict, value, where).items()}
    if is_dataclass(kind):
        return _dataclass(cast(type, kind), _typed(dict, value, where), where)
    if kind is float:
        return math.nan if value is None else float(_typed((int, float), value, where))
    return _typed(kind, value, where)


def _dataclass(kind: type, data: dict[str, Any], where: str) -> Any:
    hints = get_type_hints(kind)
    known = fields(cast(Any, kind))
    for name in data:
        if name not in hints:
            raise unknown(f"field of {where}", name, hints)
    for one in known:
        if one.name not in data and one.default is MISSING and one.default_factory is MISSING:
            raise ValueError(f"{where} lacks {one.name!r}")
    return kind(**{n: _build(hints[n], v, f"{where}.{n}") for n, v in data.items()})


def _typed(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{where} is {type(value).__name__}")
    return value
