"""The learning curves of a training as a page: one file, no script, as the reports of comparisons are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from passel.pages.frame import page
from passel.pages.text import count, duration, escape
from passel.training.loop.learning_curve import curves_of
from passel.training.loop.log import lines

__all__ = ["PAGE", "write_curves"]

PAGE = "curves.html"


def write_curves(folder: Path, recipe: str) -> Path | None:
    """Writes `curves.html` from the folder's log, and returns its path; None where matplotlib, which draws them, is not
    installed."""
    try:
        from passel.training.loop.curve_plots import curve_plot
    except ImportError:
        return None
    log = lines(folder)
    curves = curves_of(log)
    plots = "".join(curve_plot(curve, f"curve-{at}") for at, curve in enumerate(curves))
    steps = [line for line in log if "held_out" not in line]
    tokens = sum(line["tokens_per_second"] * taken for line, taken in zip(steps, _taken(steps), strict=True))
    seconds = steps[-1]["seconds"] if steps else 0.0
    over = f"<b>{escape(recipe)}</b>, {count(len(steps))} steps, {count(tokens)} tokens, {duration(seconds)}"
    text = page(
        title=f"Training of {escape(recipe)}",
        over=over,
        headline=f"Training of {escape(recipe)}",
        details=_settings(folder),
        body=f'<section id="methods"><h2>Learning curves</h2><div class="halves">{plots}</div>'
        '<p class="caption">Thin: each step; thick: the median of its neighbours. Points: on held-out texts.</p>'
        f"</section>{_table(log)}",
        foot="The same figures are in log.jsonl beside this page.",
    )
    target = folder / PAGE
    target.write_text(text, encoding="utf-8")
    return target


def _taken(steps: Sequence[Mapping[str, Any]]) -> list[float]:
    ends = [line["seconds"] for line in steps]
    return [end - start for start, end in zip([0.0, *ends], ends, strict=False)]


def _settings(folder: Path) -> str:
    """The model and the options, from the manifest."""
    file = folder / "run.json"
    given: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    options = ", ".join(f"{name}={value}" for name, value in given.get("options", {}).items())
    words = [f"Model: {given['model']}"] if "model" in given else []
    words += [f"Options: {options}"] if options else []
    return f'<ul class="findings">{"".join(f"<li>{escape(one)}</li>" for one in words)}</ul>' if words else ""


def _table(log: Sequence[Mapping[str, Any]]) -> str:
    """The evaluations as a table."""
    rows = [line for line in log if "held_out" in line]
    if not rows:
        return ""
    names = list(dict.fromkeys(name for line in rows for name in line["held_out"]))
    head = "".join(f'<th scope="col" class="num">{escape(name.replace("_", " "))}</th>' for name in ("step", *names))
    body = "".join(
        f'<tr><th scope="row" class="num">{line["step"]}</th>'
        + "".join(f'<td class="num">{_number(line["held_out"].get(name))}</td>' for name in names)
        + "</tr>"
        for line in rows
    )
    return (
        '<section id="held-out"><h2>On held-out texts</h2><div class="scroll" tabindex="0" role="region" '
        f'aria-label="On held-out texts"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        "</section>"
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
