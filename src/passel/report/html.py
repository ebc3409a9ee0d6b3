"""The page: one file, no script, no network; it is readable on a phone, on paper, in light and in dark mode."""

from __future__ import annotations

from collections.abc import Callable

from passel.measure.comparison import Comparison, Curve
from passel.pages import frame
from passel.pages.canvas import NARROW, WIDE
from passel.pages.text import clean, cut, escape, percent, plain, prose
from passel.report.findings import MIN_SCORED, findings, saved
from passel.report.grid import grid
from passel.report.marks import glyph, marks
from passel.report.rows import methods
from passel.report.setup import setup
from passel.report.verifiers import verifiers

__all__ = ["page"]

_NO_PLOTS = (
    '<p class="note">Plots need matplotlib, which is not installed here: <code>pip install "passel[report]"</code>, '
    "then write the report again.</p>"
)


def page(comparison: Comparison) -> str:
    """The whole report as HTML."""
    found = findings(comparison)
    details = "\n".join(f"<li>{prose(one)}</li>" for one in found.details)
    n, m = len(comparison.problems), len(comparison.methods)
    model, task = _short(comparison.model), _short(comparison.task)
    sections = [_notes(comparison), _methods(comparison), _plots(comparison), verifiers(comparison)]
    sections += [grid(comparison), setup(comparison)]
    return frame.page(
        title=escape(plain(found.headline)),
        over=f"<b>{model}</b> on <b>{task}</b>, {_plural(n, 'problem')}, {_plural(m, 'method')}",
        headline=prose(found.headline),
        details=f'<ul class="findings">{details}</ul>' if details else "",
        body="\n".join(filter(None, sections)),
        foot=f"Passel {escape(comparison.version)}".strip() + ". The same figures are in comparison.json and the "
        "CSV files beside this page.",
    )


def _plural(n: int, what: str) -> str:
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def _short(text: str) -> str:
    kept, more = cut(clean(text), 120)
    return escape(kept + ("…" if more else ""))


def _notes(comparison: Comparison) -> str:
    if not comparison.notes:
        return ""
    notes = "".join(f"<li>{prose(note)}</li>" for note in comparison.notes)
    return f'<aside class="note" aria-label="Notes"><ul>{notes}</ul></aside>'


def _methods(comparison: Comparison) -> str:
    if not comparison.methods:
        return ""
    lines = [
        "Brackets hold confidence intervals over problems.",
        "Differences are in points, paired over the problems scored for both.",
        "Costs are means for one problem, without sharing.",
        f"A difference is significant where its interval excludes 0 and at least {MIN_SCORED} problems are scored; "
        "intervals are not adjusted for the number of methods.",
        saved(comparison),
    ]
    caption = " ".join(prose(line) for line in lines if line)
    return f'<section id="methods"><h2>Methods</h2>{methods(comparison)}<p class="caption">{caption}</p></section>'


def _plots(comparison: Comparison) -> str:
    try:
        from passel.report import plots

        sections = [
            _figure(comparison, plots.cost_plot, "cost", "Accuracy against cost", _cost_caption(comparison))
            if plots.drawable(comparison)
            else "",
            _figure(comparison, plots.curves_plot, "curves", "More samples", _curves_caption(comparison))
            if any(c.k for c in comparison.curves)
            else "",
        ]
    except ImportError:
        sections = [f'<section id="cost"><h2>Plots</h2>{_NO_PLOTS}</section>']
    return "\n".join(filter(None, sections)) + _curve_data(comparison)


def _figure(comparison: Comparison, draw: Callable[..., str], name: str, title: str, caption: str) -> str:
    both = "".join(draw(comparison, size) for size in (WIDE, NARROW))
    return (
        f'<section id="{name}"><h2>{title}</h2><figure class="plot">{both}'
        f"<figcaption>{caption}</figcaption></figure></section>"
    )


def _cost_caption(comparison: Comparison) -> str:
    known = marks(comparison)
    legend = "".join(f"<li>{glyph(known[r.name])} {_short(r.name)}</li>" for r in comparison.methods)
    hollow = " Hollow marks are coverage: they know the gold answer." if any(m.hollow for m in known.values()) else ""
    return (
        f'<ul class="legend">{legend}</ul><p class="caption">Up and to the left is better. Bars are intervals over '
        f"problems; the grey steps are the Pareto frontier.{hollow}</p>"
    )


def _curves_caption(comparison: Comparison) -> str:
    hows = ", ".join(f"{_short(c.name)} {_short(c.how)}" for c in comparison.curves if c.k)
    return (
        f'<p class="caption">Accuracy with k samples of the same problems; bands are intervals over problems. '
        f"Computed: {hows}. Coverage counts a problem as right if any sample is right: no selection can be better.</p>"
    )


def _curve_data(comparison: Comparison) -> str:
    curves = [c for c in comparison.curves if c.k]
    if not curves:
        return ""
    ks = sorted({k for c in curves for k in c.k})
    head = "".join(f'<th scope="col" class="num">{_short(c.name)}</th>' for c in curves)
    by = [dict(zip(c.k, range(len(c.k)), strict=True)) for c in curves]
    body = "".join(
        f'<tr><th scope="row" class="num">{k}</th>'
        + "".join(f'<td class="num">{_at(c, at.get(k))}</td>' for c, at in zip(curves, by, strict=True))
        + "</tr>"
        for k in ks
    )
    return (
        '<details class="data"><summary>The curves as a table</summary><div class="scroll" tabindex="0" role="region" '
        f'aria-label="Curves"><table><thead><tr><th scope="col" class="num">k</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _at(curve: Curve, i: int | None) -> str:
    if i is None:
        return ""
    low, high = (percent(v[i]).removesuffix(" %") for v in (curve.low, curve.high))
    return f'{percent(curve.value[i])} <span class="span">[{low}, {high}]</span>'
