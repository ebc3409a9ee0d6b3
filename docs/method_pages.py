"""A page for each method (docs/methods/NAME.md) and the table of all methods on all tasks (docs/results.md).

python bench/results.py     # measure: docs/results.json
python docs/generate.py     # write the pages from it and from the docstrings
"""

from __future__ import annotations

import json
import re
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


def pages() -> dict[Path, str]:
    """The text of every page, by its path."""
    results: Results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
    methods = {DOCS / "methods" / f"{name}.md": page(name, results) for name in own("methods")}
    return {**methods, DOCS / "results.md": overview(results)}


def page(name: str, results: Results) -> str:
    """The page of a method."""
    about = describe(find("methods", name))
    parts = [f"# {name}", about.summary, *_prose(name), *_sections(about)]
    return "\n\n".join([*parts, "## Options", _options(about), "## Measured", *_measured(name, results)]) + "\n"


def overview(results: Results) -> str:
    """The page of all methods on all tasks."""
    parts = [
        "# All methods at equal budgets",
        _setting(results),
        "## Accuracy",
        _grid(results),
        "## Significance",
        _significance(results),
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
    meanings = _meanings(about)
    lines = ["| option | default | meaning |", "| --- | --- | --- |"]
    for name, (_, default) in about.options.items():
        shown = str(getattr(default, "__name__", default))
        cells = (f"`{name}`", f"`{shown}`" if shown else "", meanings.get(name, ""))
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(lines)


def _meanings(about: About) -> dict[str, str]:
    """The text of each option in the Args section."""
    text = about.sections.get("Args", "")
    heads = [
        (match, match[1].split(", "))
        for match in re.finditer(r"(?:(?<=\s)|^)(\w+(?:, \w+)*): ", text)
        if all(name in about.options for name in match[1].split(", "))
    ]
    ends = [*(match.start() for match, _ in heads), len(text)][1:]
    return {name: text[m.end() : end].strip() for (m, names), end in zip(heads, ends, strict=True) for name in names}


def _measured(name: str, results: Results) -> list[str]:
    rows = {task: entry["methods"][name] for task, entry in results.items() if name in entry["methods"]}
    if not rows:
        return ["Not measured yet."]
    specs = dict.fromkeys(row["spec"] for row in rows.values())
    run_as = f"Run as {', '.join(map(_code, specs))}; [the setting](../results.md)."
    lines = ["| task | accuracy % | minus `single` | `vote` % | tokens | passes |", "| --- " * 6 + "|"]
    for task, row in rows.items():
        vote = _span(results[task]["methods"].get("vote", {}).get("accuracy"))
        cells = (f"`{task}`", _span(row["accuracy"]), _span(row["difference"], signed=True), vote)
        lines.append(f"| {' | '.join(cells)} | {row['completion_tokens']:.0f} | {row['passes']:.1f} |")
    return [_wrapped(run_as), "\n".join(lines), _wrapped(_verdict(rows))]


def _verdict(rows: dict[str, Row]) -> str:
    """What the table shows, in one line."""
    if any(row["gold"] for row in rows.values()):
        return "The method knows the gold answer: its accuracy is an upper bound."
    compared = {task: row for task, row in rows.items() if row["difference"]}
    if not compared:
        return "The reference of all comparisons: one sample."
    better = [f"`{task}`" for task, row in compared.items() if _above(row)]
    worse = [f"`{task}`" for task, row in compared.items() if _below(row)]
    if not better and not worse:
        return "No difference to one sample is [significant](../results.md#significance) on so few problems."
    parts = [f"better than one sample on {' and '.join(better)}"] if better else []
    parts += [f"worse{'' if better else ' than one sample'} on {' and '.join(worse)}"] if worse else []
    rest = "; no significant difference on the other tasks" if len(better) + len(worse) < len(compared) else ""
    return f"[Significantly](../results.md#significance) {' and '.join(parts)}{rest}."


def _above(row: Row) -> bool:
    return row["difference"][1] is not None and row["difference"][1] > 0


def _below(row: Row) -> bool:
    return row["difference"][2] is not None and row["difference"][2] < 0


def _setting(results: Results) -> str:
    lines: list[str] = []
    for task, entry in results.items():
        lines.append(
            f"- `{task}`: {entry['problems']} problems (seed {entry['seed']}), {entry['model']}, at most "
            f"{entry['budget']} completion tokens a problem, samples of at most {entry['max_tokens']} tokens; "
            f"{entry['date']}, {entry['machine']}; sharing samples saved "
            f"{100 * entry['saved'].get('tokens', 0):.0f} % of the tokens."
        )
    head = (
        "Every method on the same problems, with the same limit on generated tokens; a method that needs fewer tokens "
        "spends fewer. Made by `python bench/results.py` and `python docs/generate.py`."
    )
    return _wrapped(head) + "\n\n" + "\n".join(map(_item, lines))


def _grid(results: Results) -> str:
    names = sorted({name for entry in results.values() for name in entry["methods"]})
    lines = ["| method | " + " | ".join(f"`{task}`" for task in results) + " |", "| --- " * (len(results) + 1) + "|"]
    for name in names:
        cells: list[str] = []
        for entry in results.values():
            row = entry["methods"].get(name)
            cells.append("" if row is None else f"{_span(row['accuracy'])}, {row['completion_tokens']:.0f} tokens")
        gold = any(entry["methods"].get(name, {}).get("gold") for entry in results.values())
        lines.append(f"| [`{name}`](methods/{name}.md){'*' if gold else ''} | {' | '.join(cells)} |")
    key = (
        "Accuracy in percent with its 95 % bootstrap interval over problems, and completion tokens a problem. "
        "`*` knows the gold answer: an upper bound. Empty: not measured."
    )
    return _wrapped(key) + "\n\n" + "\n".join(lines)


def _significance(results: Results) -> str:
    sizes = [entry["problems"] for entry in results.values()]
    count = max(len(entry["methods"]) for entry in results.values())
    return _wrapped(
        "A difference to `single` (one sample), paired over problems, is called significant where its 95 % interval "
        "excludes 0. Intervals are not adjusted for the number of comparisons: among "
        f"{count} methods without any effect, about one would seem better and one worse. With {min(sizes)} to "
        f"{max(sizes)} problems a task, only large differences are significant; a difference that is not may still "
        "be real."
    )


def _findings(results: Results) -> list[str]:
    lines = ["| task | `single` % | significantly better | significantly worse | not significant |"]
    lines += ["| --- " * 5 + "|"]
    for task, entry in results.items():
        rows = {name: row for name, row in entry["methods"].items() if row["difference"] and not row["gold"]}
        up = [name for name, row in rows.items() if _above(row)]
        down = [name for name, row in rows.items() if _below(row)]
        base = entry["methods"]["single"]["accuracy"][0] or 0.0
        rest = f"{len(rows) - len(up) - len(down)} methods"
        lines.append(f"| `{task}` | {100 * base:.0f} | {_listed(up, rows)} | {_listed(down, rows)} | {rest} |")
    return ["\n".join(lines)]


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
    lines, line = list[str](), ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def _item(text: str) -> str:
    return _wrapped(text).replace("\n", "\n  ")
