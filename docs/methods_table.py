"""The tables of methods (docs/methods.md) and verifiers (docs/verifiers.md), made from their own docstrings, and the
methods' names in README.md.

python docs/generate.py  # write them into their pages
"""

from __future__ import annotations

import re
from pathlib import Path

from passel.core.docs import About, describe
from passel.core.needs import needs_of
from passel.core.registry import find, names
from passel.verifiers import is_ranker, kind_of

DOCS = Path(__file__).parent
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
PAPER = re.compile(rf"([A-Z][\w-]+(?: and [A-Z][\w-]+| et al\.)? \d{{4}})[^()]*\(({ARXIV.pattern})\)")


def own(room: str) -> list[str]:
    """The names that Passel itself registers; names of other installed packages are left out."""
    return [name for name in names(room) if find(room, name).__module__.startswith("passel.")]


def methods() -> str:
    """One row a method: what it does, its papers, its needs and its Cost line."""
    rows = []
    for name in own("methods"):
        about = describe(find("methods", name))
        cells = (f"[`{name}`](methods/{name}.md)", about.summary, _papers(about), _needs("methods", name, about))
        rows.append((*cells, f"`{about.cost}`"))
    return _table(("method", "what it does", "from", "needs", "asks"), rows)


def verifiers() -> str:
    """One row a verifier: what it judges by, what it returns, its papers, its needs and its Cost line."""
    rows = []
    for name in own("verifiers"):
        thing = find("verifiers", name)
        about = describe(thing)
        returns = kind_of(thing) + (" of each of n" if is_ranker(thing) else "")
        cells = (f"`{name}`", about.summary, returns, _papers(about), _needs("verifiers", name, about))
        rows.append((*cells, f"`{about.cost}`"))
    return _table(("verifier", "what it does", "returns", "from", "needs", "asks"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _papers(about: About) -> str:
    authors = {number: names for names, number in PAPER.findall(about.source)}
    numbers = dict.fromkeys(ARXIV.findall(about.source))
    if not numbers:
        return about.source
    links = {number: f"[{number}](https://arxiv.org/abs/{number})" for number in numbers}
    return ", ".join(f"{authors[n]} ({link})" if n in authors else link for n, link in links.items())


def _needs(room: str, name: str, about: About) -> str:
    wanted = needs_of(find(room, name), {option: default for option, (_, default) in about.options.items()})
    return ", ".join(f"{role}: {' '.join(sorted(what))}" for role, what in sorted(wanted.items())) or "nothing"


def method_names() -> str:
    """The names of all methods."""
    line, lines = "", []
    for name in own("methods"):
        if len(line) + len(name) > 114:
            lines.append(line)
            line = ""
        line = f"{line} `{name}`".strip()
    return "\n".join([*lines, line])


PAGES = {
    "methods": (DOCS / "methods.md", methods),
    "verifiers": (DOCS / "verifiers.md", verifiers),
    "names": (DOCS.parent / "README.md", method_names),
}
"""By table, the page that it stands in and the function that makes it."""


def written(room: str, text: str) -> str:
    """The page's text with the table between its marks."""
    begin, end = f"<!-- {room} -->", f"<!-- /{room} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    assert found, f"the page of the {room} lacks {begin} … {end}"
    return f"{before}{begin}\n{PAGES[room][1]()}\n{end}{after}"
