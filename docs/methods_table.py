"""The README's table of methods, made from the methods' own docstrings.

python docs/methods_table.py          # write it into README.md
python docs/methods_table.py --print  # show it
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from passel.core.docs import About, describe
from passel.core.find import find, names
from passel.core.needs import needs_of

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- methods -->", "<!-- /methods -->"
ARXIV = re.compile(r"\d{4}\.\d{4,5}")
PAPER = re.compile(rf"([A-Z][\w-]+(?: and [A-Z][\w-]+| et al\.)? \d{{4}})[^()]*\(({ARXIV.pattern})\)")


def own() -> list[str]:
    """Passel's own methods; those of other packages that happen to be installed are left out."""
    return [name for name in names("methods") if find("methods", name).__module__.startswith("passel.")]


def table() -> str:
    """One row a method: what it does, its papers, its needs and its Cost line."""
    rows = ["| method | what it does | from | needs | asks |", "| --- | --- | --- | --- | --- |"]
    for name in own():
        about = describe(find("methods", name))
        cells = (f"`{name}`", about.summary, _papers(about), _needs(name, about), f"`{about.cost}`")
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


def _papers(about: About) -> str:
    found = PAPER.findall(about.source)
    if not found:
        return about.source
    return ", ".join(f"{authors} ([{number}](https://arxiv.org/abs/{number}))" for authors, number in found)


def _needs(name: str, about: About) -> str:
    wanted = needs_of(find("methods", name), {option: default for option, (_, default) in about.options.items()})
    return ", ".join(f"{role}: {' '.join(sorted(what))}" for role, what in sorted(wanted.items()))


def written(text: str) -> str:
    """A text with the table between its marks."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{README.name} lacks {BEGIN} … {END}"
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        print(table())
    else:
        README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
