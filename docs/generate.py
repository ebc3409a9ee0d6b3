"""Writes every page that is made from docstrings and docs/results.json.

python docs/generate.py

The tables of methods and verifiers (docs/methods.md, docs/verifiers.md) and the methods' names in README.md, a page for
each method (docs/methods/NAME.md), and the measured figures of all methods (docs/results.md).
"""

from __future__ import annotations

from pathlib import Path

import method_pages
import methods_table


def generated() -> dict[Path, str]:
    """The text of every generated page, by its path."""
    tables = {
        page: methods_table.written(room, page.read_text(encoding="utf-8"))
        for room, (page, _) in methods_table.PAGES.items()
    }
    return {**tables, **method_pages.pages()}


def main() -> None:
    pages = generated()
    for stale in set((method_pages.DOCS / "methods").glob("*.md")) - pages.keys():
        stale.unlink()
    for path, text in pages.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
