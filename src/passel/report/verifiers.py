"""The section on verifiers: how well each verifier tells right from wrong, and what that gains."""

from __future__ import annotations

from passel.measure.comparison import Comparison, Estimate, VerifierRow
from passel.pages.canvas import NARROW, WIDE
from passel.pages.text import escape, name, percent, prose
from passel.report.findings import span
from passel.report.marks import COLOURS, Mark, glyph, marks
from passel.report.verifier_findings import calibrated, last, sentences, tries

__all__ = ["MAX_SHOWN", "verifiers"]

MAX_SHOWN = 12
"""Verifiers with plots; the table has all."""

_HEADS = (
    "AUC within problems",
    "False positives",
    "False negatives",
    "Accepted",
    "Calibration error",
    "Best of n",
    "Ceiling of resampling",
    "Best K at cost 1",
)
_CAPTION = (
    "AUC: chance that a right sample scores above a wrong one, ties half; within problems "
    "is what best-of-n needs; across problems, samples of different problems are compared too. "
    "False positives are wrong answers accepted, false negatives right answers rejected. The ceiling is the accuracy "
    "of drawing until an answer is accepted. Best K: the best limit of tries where a wrong answer costs as much as a "
    "right one gains. "
    "Calibration error is given where the score is meant as a probability."
)


def verifiers(comparison: Comparison) -> str:
    """The table and a block for each verifier; empty where there is none."""
    rows, known = comparison.verifiers, marks(comparison)
    if not rows:
        return ""
    head = "".join(f'<th scope="col" class="num">{escape(one)}</th>' for one in _HEADS)
    body = "".join(_row(one, _mark(one, known)) for one in rows)
    blocks = "".join(_block(one, i, known) for i, one in enumerate(rows[:MAX_SHOWN]))
    return (
        '<section id="verifiers"><h2>Verifiers</h2><div class="scroll" tabindex="0" role="region" '
        'aria-label="Table of verifiers"><table class="methods judging"><thead><tr><th scope="col">Verifier</th>'
        f'{head}</tr></thead><tbody>{body}</tbody></table></div><p class="caption">{prose(_CAPTION)}</p>{blocks}'
        "</section>"
    )


def _mark(row: VerifierRow, known: dict[str, Mark]) -> Mark:
    """The mark of the method whose samples it scored; an unused mark where that method is not in the report."""
    free = next((i for i in range(1, COLOURS) if all(i != mark.colour for mark in known.values())), 1)
    return known.get(row.method, Mark(free, "o"))


def _row(row: VerifierRow, mark: Mark) -> str:
    found = row.resampling
    one = next((v for v in found.values if v.cost == 1.0), None) if found else None
    cells = [
        f'{_share(row.auc_within)}<span class="span">across {percent(row.auc.value)}</span>',
        *(_share(e) for e in (row.false_positive_rate, row.false_negative_rate)),
        f'{_share(row.accepted)}<span class="span">{row.unscored:,} unscored</span>',
        percent(row.calibration.error) if calibrated(row) and row.calibration else "n/a",
        _best(row),
        _share(found.ceiling) if found else "n/a",
        escape(tries(one, row.depth)) if one else "n/a",
    ]
    numbers = "".join(f'<td class="num">{cell}</td>' for cell in cells)
    named = f'<span class="name">{glyph(mark)}<span>{name(row.name)}</span></span>'
    return f'<tr><th scope="row">{named}<span class="tag">{escape(row.kind)}</span></th>{numbers}</tr>'


def _share(estimate: Estimate) -> str:
    interval = span(estimate, joiner=", ")
    return percent(estimate.value) + (f'<span class="span">[{interval}]</span>' if interval else "")


def _best(row: VerifierRow) -> str:
    against = [f"{what} {percent(v)}" for what in ("vote", "coverage") if (v := last(row, what)) is not None]
    below = "".join(f'<span class="span">{one}</span>' for one in against)
    return f"{percent(last(row, 'best_of'))}{below}"


def _block(row: VerifierRow, number: int, known: dict[str, Mark]) -> str:
    found = "".join(f"<li>{prose(one)}</li>" for one in sentences(row))
    try:
        drawn = _plots(row, number, known)
    except ImportError:
        drawn = ""
    title = f"{glyph(_mark(row, known))} {name(row.name)}"
    return f'<article class="verifier"><h3>{title}</h3><ul class="findings">{found}</ul>{drawn}</article>'


def _plots(row: VerifierRow, number: int, known: dict[str, Mark]) -> str:
    from passel.report import plots, verifier_plots

    colour, at = _mark(row, known).colour, f"verifier-{number}"
    pairs: list[str] = []
    if row.roc:
        pairs.append(_figure(verifier_plots.roc_plot(row, colour, f"{at}-roc"), _ROC))
    if row.calibration is not None:
        drawn = verifier_plots.calibration_plot(row, colour, f"{at}-calibration")
        pairs.append(_figure(drawn, _CALIBRATION if row.kind == "probability" else _SCORE))
    if row.resampling is not None and row.resampling.values:
        pairs.append(_figure(verifier_plots.value_plot(row, f"{at}-value"), _VALUE))
    if any(one.wrong for one in row.problems) and row.threshold is not None:
        pairs.append(_figure(verifier_plots.errors_plot(row, colour, f"{at}-errors"), _ERRORS))
    halves = f'<div class="halves">{"".join(pairs)}</div>' if pairs else ""
    if row.depth < 2 or not row.curves:
        return halves
    own = {"best_of": _mark(row, known), "resampling": _RESAMPLING} | {
        name: mark for name, mark in known.items() if name != row.method
    }
    both = "".join(plots.lines_plot(row.curves, own, size, f"{at}-curves") for size in (WIDE, NARROW))
    return halves + _figure(both, _CURVES)


def _figure(drawn: str, caption: str) -> str:
    return f'<figure class="plot">{drawn}<figcaption><p class="caption">{prose(caption)}</p></figcaption></figure>'


_RESAMPLING = Mark(7, "p")
_ROC = "Rates at every threshold; the ring is the one in use. The dotted diagonal is chance."
_CALIBRATION = "Samples in bins of about equal number. On the diagonal, a probability means what it says."
_SCORE = "Samples in bins of about equal number, by score. A score need not lie on the diagonal; the line should rise."
_VALUE = (
    "A right answer is worth 1, a wrong one minus its cost, none 0. "
    "Dots mark the best K; at 0 it is better not to answer."
)
_ERRORS = "One bar a problem; the dashed line is all wrong answers together."
_CURVES = (
    "Accuracy with k samples: the sample with the highest score, the vote, the vote weighted by scores, the first "
    "accepted sample, and coverage, which no choice can exceed. Bands are intervals over problems."
)
