"""Every problem as a row of marks, one for each method; a row opens to show the question and the answers."""

from __future__ import annotations

from collections.abc import Sequence

from passel.measure.comparison import Comparison, ProblemRow, Trial
from passel.pages.text import clean, count, cut, duration, escape
from passel.report.marks import glyph, marks

__all__ = ["MAX_SHOWN", "grid"]

MAX_SHOWN = 500
"""Problems on the page; all problems are in the JSON and the CSV."""
_MIN_TALL = 40
_MAX_QUESTION, _MAX_ANSWER, _MAX_SNIPPET = 4_000, 1_000, 120
_WORDS = {"right": "right", "wrong": "wrong", "partial": "partly right", "unscored": "not scored", "absent": "not run"}
_FILTERS = ("differ", "none", "every", "open")
_LABELS = {
    "all": "All",
    "differ": "Methods differ",
    "none": "No method right",
    "every": "Every method right",
    "open": "Not scored",
}


def grid(comparison: Comparison) -> str:
    """The section of problems; empty where there are none."""
    if not comparison.problems or not comparison.methods:
        return ""
    names = [r.name for r in comparison.methods]
    shown = comparison.problems[:MAX_SHOWN]
    kinds = [_kind(p, names) for p in shown]
    rows = "".join(_problem(p, names, i, kind) for i, (p, kind) in enumerate(zip(shown, kinds, strict=True)))
    more = len(comparison.problems) - len(shown)
    note = f" The first {MAX_SHOWN} of {len(comparison.problems):,} are shown; the files hold all." if more else ""
    columns = f"{_columns(comparison)}{rows}"
    tall = " tall" if len(shown) > _MIN_TALL else ""
    return (
        '<section id="problems"><h2>Problems</h2><p class="caption">A row for each problem, a column for each method. '
        f"Open a row to read the question and the answers.{note}</p>{_legend()}{_filters(kinds)}"
        f'<div class="scroll grid{tall}" style="--n:{len(names)}" tabindex="0" role="region" '
        f'aria-label="Problems by method"><div class="sheet">{columns}</div></div></section>'
    )


def outcome(trial: Trial | None) -> str:
    """right, wrong, partial, unscored, or absent where the method was not run on the problem."""
    if trial is None:
        return "absent"
    if trial.score is None:
        return "unscored"
    return "right" if trial.score >= 1 else "wrong" if trial.score <= 0 else "partial"


def _kind(problem: ProblemRow, names: Sequence[str]) -> str:
    seen = {outcome(problem.trials.get(n)) for n in names} - {"absent"}
    if not seen or seen == {"unscored"}:
        return "open"
    if seen == {"right"}:
        return "every"
    return "differ" if "right" in seen or len(seen - {"unscored"}) > 1 else "none"


def _filters(kinds: Sequence[str]) -> str:
    """Radio buttons that the style sheet listens to: a filter without a script."""
    counts = {"all": len(kinds)} | {k: kinds.count(k) for k in _FILTERS}
    parts = [
        f'<label><input type="radio" name="show" id="show-{k}"{" checked" if k == "all" else ""}><span>{_LABELS[k]} '
        f"<b>{n}</b></span></label>"
        for k, n in counts.items()
        if n
    ]
    return f'<fieldset class="filters"><legend class="hidden">Show</legend>{"".join(parts)}</fieldset>'


def _legend() -> str:
    kinds = ("right", "wrong", "partial", "unscored")
    return '<ul class="legend">' + "".join(f"<li>{_cell(k)} {_WORDS[k]}</li>" for k in kinds) + "</ul>"


def _cell(kind: str) -> str:
    body = "" if kind == "absent" else f'<svg aria-hidden="true"><use href="#{kind}"/></svg>'
    return f'<span class="cell {kind}">{body}</span>'


def _columns(comparison: Comparison) -> str:
    known = marks(comparison)
    heads = "".join(
        f'<span class="column" title="{escape(r.name)}"><span>{escape(r.name)}</span>{glyph(known[r.name])}</span>'
        for r in comparison.methods
    )
    return f'<div class="columns" aria-hidden="true"><span></span>{heads}</div>'


def _problem(problem: ProblemRow, names: Sequence[str], index: int, kind: str) -> str:
    kinds = [outcome(problem.trials.get(n)) for n in names]
    cells = "".join(_cell(k) for k in kinds)
    spoken = ": " + ", ".join(f"{escape(n)} {_WORDS[k]}" for n, k in zip(names, kinds, strict=True))
    snippet = escape(" ".join(clean(problem.question[: 4 * _MAX_SNIPPET]).split())[:_MAX_SNIPPET])
    answers = "".join(_answer(n, problem.trials.get(n), k) for n, k in zip(names, kinds, strict=True))
    what = f'<span class="what"><b>{_words(problem.id, 80)}</b> <span>{snippet}</span></span>'
    return (
        f'<details class="problem {kind}" id="problem-{index + 1}"><summary>{what}{cells}<span class="hidden">{spoken}'
        f'</span></summary><div class="inside"><dl><dt>Question</dt><dd>{_block(problem.question, _MAX_QUESTION)}</dd>'
        f"<dt>Gold answer</dt><dd>{_block(problem.gold, _MAX_ANSWER)}</dd>{_samples(problem)}</dl>"
        f'<ul class="answers">{answers}</ul></div></details>'
    )


def _answer(name: str, trial: Trial | None, kind: str) -> str:
    if trial is None:
        return f"<li>{_cell(kind)}<div><b>{escape(name)}</b> <em>not run</em></div></li>"
    said = "<em>no answer</em>" if trial.answer is None else _block(trial.answer, _MAX_ANSWER)
    facts = [_WORDS[kind] + (f" ({trial.score:.2g})" if kind == "partial" and trial.score is not None else "")]
    facts += [
        f"{count(trial.cost.tokens)} tokens",
        f"{count(trial.cost.passes)} pass" + "es" * (trial.cost.passes != 1),
    ]
    facts += [duration(trial.wall_seconds)] if trial.wall_seconds else []
    facts += [f"ended by {trial.stop}"] if trial.stop not in ("done", "") else []
    error = f'<div class="error">{_block(trial.error, _MAX_ANSWER)}</div>' if trial.error else ""
    return (
        f'<li>{_cell(kind)}<div><b>{escape(name)}</b> <span class="facts">{_list(facts)}</span>{said}{error}</div></li>'
    )


def _list(facts: Sequence[str]) -> str:
    """Facts in a line that breaks between them only."""
    return ", ".join(escape(fact).replace(" ", "\u00a0") for fact in facts)


def _samples(problem: ProblemRow) -> str:
    if not problem.samples:
        return ""
    scores = [d for d in problem.samples if d is not None]
    right = sum(d >= 1 for d in scores)
    unscored = len(problem.samples) - len(scores)
    rest = f", {unscored} not scored" if unscored else ""
    return f"<dt>Samples</dt><dd>{right} of {len(problem.samples)} right{rest}</dd>"


def _words(text: str, limit: int) -> str:
    kept, more = cut(clean(text), limit)
    return escape(kept) + ("…" if more else "")


def _block(text: str, limit: int) -> str:
    """A text as it is, its lines kept, cut with a note where it is long; its direction is its own."""
    kept, more = cut(text, limit)
    note = f'<p class="cut">Cut here: {more:,} more characters, in comparison.json.</p>' if more else ""
    if not kept.strip():
        return "<em>empty</em>" + note
    return f'<div class="text" dir="auto">{escape(kept)}</div>{note}'
