"""How Passel reads published raw outputs: the logs of zero-shot chain of thought.

    python bench/evidence/zero_shot_cot.py LOGS [--show 5] [--json FILE]

LOGS is the folder `log` of the public repository kojima-takeshi188/zero_shot_cot (Kojima et al. 2022, 2205.11916). Its
files hold every question, output, prediction and gold answer of InstructGPT-3 on twelve data sets. For each file this
prints the accuracy that the file states, the accuracy by Passel's reading of the same outputs, and the share of outputs
on which the two verdicts agree; with `--show`, the first outputs on which they do not.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from passel.core.problem import Reader
from passel.reading.kinds.label import LabelReader
from passel.reading.kinds.letter import LetterReader
from passel.reading.kinds.number import close, read_number
from passel.reading.kinds.numerals import number
from passel.reading.kinds.text import read_symbols

YES_NO = LabelReader({"yes": "yes", "no": "no", "true": "yes", "false": "no"}, {"yes": "no", "no": "yes"})
NUMBERS = ("addsub", "gsm8k", "multiarith", "singleeq", "svamp")
LETTERS = {"aqua": 5, "commonsensqa": 5, "date_understanding": 6, "shuffled_objects": 3}
LABELS = ("strategyqa", "coin_flip")


@dataclass(frozen=True)
class Output:
    """One output: its text with the line "Therefore, the answer … is", what the authors read, and the gold answer."""

    text: str
    read: str
    gold: str
    options: tuple[str, ...]


def outputs(log: str) -> Iterator[Output]:
    """The outputs of a log."""
    for block in re.split(r"\n\d+_th_sampling(?=\n)", log)[1:]:
        found = re.search(
            r"\nQ: (?P<question>.*?)\nA:(?P<text>.*?)\npred_before : (?P<before>.*?)\npred_after : .*?"
            r"pred_mode : (?P<read>.*?)\nGT : (?P<gold>[^\n]*)",
            block,
            re.DOTALL,
        )
        if found:
            listed = found["question"].partition("Answer Choices:")[2]
            options = tuple(option.strip() for option in re.split(r"\([A-Z]\)", listed)[1:])
            yield Output(found["text"], found["read"].strip(), found["gold"].strip(), options)


def verdict(name: str, output: Output) -> tuple[str | None, bool]:
    """What Passel reads, and whether it is right."""
    if name in NUMBERS:
        answer = read_number(output.text)
        gold = number(output.gold)
        given = number(answer.key) if answer else None
        return answer and answer.text, gold is not None and given is not None and close(gold, given)
    reader: Reader = read_symbols
    if name in LETTERS:
        reader = LetterReader(output.options or tuple(f"option {index}" for index in range(LETTERS[name])))
    elif name in LABELS:
        reader = YES_NO
    answer = reader(output.text)
    key = re.sub(r"[\"'.]", "", answer.key) if answer and name == "last_letters" else answer and answer.key
    return answer and answer.text, key == output.gold


def theirs(name: str, output: Output) -> bool:
    """The authors' own verdict."""
    if name in NUMBERS:
        try:
            return float(output.read) == float(output.gold.replace(",", ""))
        except ValueError:
            return False
    return output.read == output.gold


def main() -> None:
    """Prints a line a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", type=Path)
    parser.add_argument("--show", type=int, default=0, help="differences to show of each file")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = []
    print(f"{'file':<38} {'outputs':>7} {'published':>9} {'Passel':>7} {'agreement':>9}")
    for path in sorted(given.logs.glob("*.log")):
        log = path.read_text("utf-8", "replace")
        name = re.sub(r"_zero_shot(_cot)?$", "", path.stem)
        stated = re.findall(r"accuracy : ([\d.]+)", log)
        found = [(output, theirs(name, output), *verdict(name, output)) for output in outputs(log)]
        if not found:
            print(f"{path.stem:<38}       0  in a form that is not known here")
            continue
        right = sum(ours for _, _, _, ours in found) / len(found)
        agreed = sum(them == ours for _, them, _, ours in found) / len(found)
        rows.append({"file": path.stem, "outputs": len(found), "published": float(stated[-1]) if stated else None})
        rows[-1] |= {"passel": 100 * right, "agreement": 100 * agreed}
        published = f"{float(stated[-1]):9.1f}" if stated else f"{'':>9}"
        print(f"{path.stem:<38} {len(found):>7} {published} {100 * right:>7.1f} {100 * agreed:>9.1f}")
        for output, them, read, ours in [row for row in found if row[1] != row[3]][: given.show]:
            verdicts = f"authors read {output.read!r} ({them}), Passel {read!r} ({ours})"
            print(f"    gold {output.gold!r}, {verdicts}: …{output.text[-160:]!r}")
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
