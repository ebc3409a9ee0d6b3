"""The frame of a page: one file without scripts that reads the same on a phone, on paper, in light and in dark."""

from __future__ import annotations

from importlib.resources import files
from string import Template

__all__ = ["page"]


def page(*, title: str, over: str, headline: str, details: str, body: str, foot: str) -> str:
    """Fills the frame; everything given is HTML.

    Args:
        title: of the window. over: the line above the headline.
        details: below the headline, may be empty. body: sections. foot: the last line.
    """
    style = _resource("style.css").template.strip()
    return _resource("page.html").substitute(
        title=title, style=style, over=over, headline=headline, details=details, body=body, foot=foot
    )


def _resource(name: str) -> Template:
    return Template((files("passel.pages") / name).read_text(encoding="utf-8"))
