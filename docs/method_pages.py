"""A page for each method (docs/methods/NAME.md) and the table of all on all tasks (docs/results.md).

python bench/results.py        # measure: docs/results.json
python docs/method_pages.py    # write the pages from it and from the docstrings
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from methods_table import own

from passel.core.docs import About, describe
from passel.core.registry import find

DOCS = Path(__file__).parent
SECTIONS = ("Source", "Symbols", "Cost", "Guarantees", "Deviations")
WIDTH = 118

Row = dict[str, Any]
Results = dict[str, dict[str, Any]]


def page(name: str, results: Results) -> str:
    """A method's page."""
    about = describe(find("methods", name))
    parts = [f"# {name}", about.summary, *_prose(name), *_sections(about)]
    return "\n\n".join([*parts, "## Options", _options(about), *_measured(name, results)]) + "\n"


def overview(results: Results) -> str:
    """All methods on all tasks."""
    parts = [
        "# All methods at equal budgets",
        _setting(results),
        _grid(results),
        "## What it says",
        *_findings(results),
    ]
    return "\n\n".join(parts) + "\n"


def _prose(name: str) -> list[str]:
    doc = (find("methods", name).__doc__ or "").split("Source:")[0]
    return [_wrapped(block) for block in doc.strip().split("\n\n")[1:] if block.strip()]


def _sections(about: About) -> list[str]:
    return [_wrapped(f"**{title}.** {about.sections[title]}") for title in SECTIONS if title in about.sections]


def _options(about: About) -> str:
    if not about.options:
        return "None."
    lines = ["| option | default |", "| --- | --- |"]
    for name, (_, default) in about.options.items():
        lines.append(f"| `{name}` | `{getattr(default, '__name__', default)}` |")
    return "\n".join([*lines, "", _wrapped(about.sections.get("Args", ""))])


def _measured(name: str, results: Results) -> list[str]:
    lines = ["| task | model | accuracy % | against `single` | completion tokens | passes |", "| --- " * 6 + "|"]
    verdicts: list[str] = []
    for task, entry in results.items():
        row = entry["methods"].get(name)
        if row is None:
            continue
        cells = (f"`{task}`", entry["model"], _span(row["accuracy"]), _span(row["difference"], signed=True))
        lines.append(f"| {' | '.join(cells)} | {row['completion_tokens']:g} | {row['passes']:g} |")
        verdicts.append(_verdict(task, row, entry))
    if not verdicts:
        return ["## Measured", "Not measured yet: no run of `bench/results.py` holds it."]
    specs = sorted({entry["methods"][name]["spec"] for entry in results.values() if name in entry["methods"]})
    said = "Run as " + ", ".join(map(_code, specs)) + "; see [all methods](../results.md) for the setting."
    return ["## Measured", "\n".join(lines), _wrapped(said), _wrapped(" ".join(verdicts))]


def _verdict(task: str, row: Row, entry: dict[str, Any]) -> str:
    vote = entry["methods"].get("vote", {}).get("accuracy", [None])[0]
    mine = row["accuracy"][0]
    if mine is None:
        return f"On `{task}` nothing could be scored."
    if row["gold"]:
        return f"On `{task}` it knows what is right: an upper bound."
    if row["difference"] is None:
        return ""
    low, high = row["difference"][1:]
    told = "nothing that so few problems show"
    if low is not None and low > 0:
        told = "it pays"
    elif high is not None and high < 0:
        told = "it costs accuracy"
    beside = "" if vote is None else f" (a vote at the same budget: {100 * vote:.0f} %)"
    return f"On `{task}`: {told}{beside}."


def _setting(results: Results) -> str:
    lines = []
    for task, entry in results.items():
        lines.append(
            f"- `{task}`: {entry['problems']} problems (seed {entry['seed']}), {entry['model']}, at most "
            f"{entry['budget']} completion tokens a problem, draws of at most {entry['max_tokens']} tokens; "
            f"{entry['date']}, {entry['machine']}; sharing the pool saved "
            f"{100 * entry['saved'].get('tokens', 0):.0f} % of the tokens."
        )
    head = (
        "Every method of the folder on the same problems, with the same limit on generated tokens. A method that needs "
        "less spends less. `*` knows the gold answer: an upper bound. In brackets the 95 % interval over problems; "
        "small print below. Made by `python bench/results.py` and `python docs/method_pages.py`."
    )
    return _wrapped(head) + "\n\n" + "\n".join(map(_item, lines))


def _grid(results: Results) -> str:
    names = sorted({name for entry in results.values() for name in entry["methods"]})
    lines = ["| method | " + " | ".join(f"`{task}`" for task in results) + " |", "| --- " * (len(results) + 1) + "|"]
    for name in names:
        cells = []
        for entry in results.values():
            row = entry["methods"].get(name)
            cells.append("" if row is None else f"{_span(row['accuracy'])}, {row['completion_tokens']:.0f} tokens")
        gold = any(entry["methods"].get(name, {}).get("gold") for entry in results.values())
        lines.append(f"| [`{name}`](methods/{name}.md){'*' if gold else ''} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _findings(results: Results) -> list[str]:
    parts = []
    for task, entry in results.items():
        rows = {name: row for name, row in entry["methods"].items() if row["difference"] and not row["gold"]}
        up = [name for name, row in rows.items() if row["difference"][1] is not None and row["difference"][1] > 0]
        down = [name for name, row in rows.items() if row["difference"][2] is not None and row["difference"][2] < 0]
        base = entry["methods"]["single"]["accuracy"][0] or 0.0
        parts.append(
            _wrapped(
                f"`{task}` (one sample: {100 * base:.0f} %): clearly above one sample are {_listed(up, rows)}; clearly "
                f"below it {_listed(down, rows)}; of the other {len(rows) - len(up) - len(down)} these problems do not "
                "tell. With so many comparisons one in forty is above, and one below, by chance."
            )
        )
    return parts


def _listed(names: list[str], rows: dict[str, Row]) -> str:
    ordered = sorted(names, key=lambda name: -(rows[name]["accuracy"][0] or 0.0))
    return ", ".join(f"`{name}` ({100 * rows[name]['accuracy'][0]:.0f} %)" for name in ordered) or "none"


def _span(values: list[float | None] | None, *, signed: bool = False) -> str:
    if values is None or values[0] is None:
        return ""
    sign = "+" if signed else ""
    mid, low, high = (None if value is None else f"{100 * value:{sign}.0f}" for value in values)
    return f"{mid} [{low}, {high}]" if low is not None else str(mid)


def _code(spec: str) -> str:
    """A spec as code, in pieces of a line's length at most."""
    pieces: list[str] = []
    for part in spec.split(":"):
        if pieces and len(pieces[-1]) + len(part) < WIDTH - 30:
            pieces[-1] += f":{part}"
        else:
            pieces.append(f":{part}" if pieces else part)
    return " ".join([f"`{piece}`" for piece in pieces])


def _wrapped(text: str) -> str:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def _item(text: str) -> str:
    return _wrapped(text).replace("\n", "\n  ")


def main() -> None:
    results: Results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
    folder = DOCS / "methods"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        old.unlink()
    for name in own("methods"):
        (folder / f"{name}.md").write_text(page(name, results), encoding="utf-8")
    (DOCS / "results.md").write_text(overview(results), encoding="utf-8")


if __name__ == "__main__":
    main()
