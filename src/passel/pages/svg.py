"""From a matplotlib figure to SVG inside the page: themed by CSS, with ids of its own, the same bytes each time."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from passel.pages.text import escape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GRID", "INK", "MUTED", "PAPER", "drawing", "series", "to_svg"]

INK, MUTED, GRID, PAPER = "#010201", "#010202", "#010203", "#010204"
"""Sentinels: colours that no plot uses otherwise, replaced by the page's variables."""
_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--rule", PAPER: "--paper"}

_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "passel",
    "text.usetex": False,
    "axes.unicode_minus": True,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}


def series(colour: int) -> str:
    """The sentinel of a series colour."""
    return f"#0103{colour:02x}"


@contextmanager
def drawing() -> Generator[None]:
    """Matplotlib's own defaults and ours, whatever the user's settings are; a font without a glyph is no warning."""
    import warnings

    import matplotlib.style

    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def to_svg(figure: Figure, name: str, title: str, description: str, tips: Mapping[str, str], css: str) -> str:
    """The figure as one `<svg>` element.

    Args:
        figure: drawn with sentinel colours, at 72 dots an inch, so that its units are CSS pixels.
        name: unique in the page; put before each id.
        title, description: what a screen reader says.
        tips: texts shown over the artist with that `gid`.
        css: the class of the element.
    """
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    body = out.getvalue()
    body = body[body.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    box = re.search(r'viewBox="([^"]*)"', body)
    assert box is not None, "matplotlib writes a viewBox"
    body = body[body.index(">") + 1 : body.rindex("</svg>")]
    body = _tipped(re.sub(r"<[^>]*>", lambda tag: _tag(tag[0], name), body), name, tips)
    body = re.sub(r"\s*\n\s*", "\n", body)
    said = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(description)}</desc>'
    spoken = f'role="img" aria-labelledby="{name}-title {name}-desc"'
    return f'<svg class="{css}" viewBox="{box[1]}" {spoken}>{said}{body}</svg>'


def _tag(tag: str, name: str) -> str:
    """One tag, never the text between tags: unique ids, variables for sentinels, the page's font, short numbers."""
    tag = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', tag)
    tag = re.sub(r'\b(?:xlink:)?href="#([^"]*)"', rf'href="#{name}-\1"', tag)
    tag = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", tag)
    tag = re.sub(r" font-family: [^;\"]*;", "", tag)
    tag = re.sub(r' transform="rotate\(-0 [^"]*"', "", tag)
    tag = re.sub(r"#0103([0-9a-f]{2})", lambda found: f"var(--s{int(found[1], 16)})", tag)
    for sentinel, variable in _VARIABLES.items():
        tag = tag.replace(sentinel, f"var({variable})")
    return re.sub(r"(\d+\.\d\d)\d+", r"\1", tag)


def _tipped(body: str, name: str, tips: Mapping[str, str]) -> str:
    for gid, tip in tips.items():
        group = f'<g id="{name}-{gid}"'
        body = body.replace(f"{group}>", f'{group} class="tip"><title>{escape(tip)}</title>', 1)
    return body
