"""What the engine's edge costs a step: detokenising, stop texts, masks; and masks by llguidance next to xgrammar's.

    python bench/constraints.py [--models smollm2-135m,gemma3-270m] [--rows 64] [--steps 200] [--json FILE]

Both libraries walk the same grammars, each drawing uniformly from its own mask, on one thread, their turns alternating.
xgrammar is left out where it is not installed. Microseconds, but for what is said to be milliseconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from passel.core.errors import UsageError
from passel.engine.constraints import Constraints, Grammar
from passel.engine.text.detokenize import Detokenizer
from passel.engine.text.stops import stops
from passel.engine.weights.gguf_file import open_gguf
from passel.engine.weights.gguf_tokenizer import tokenizer_of
from passel.models.catalog import find_card
from passel.models.catalog.pull import pull

TEXT = "A sentence of the usual kind, with numbers (3.14), naïve words, 日本語 and 😀; then the next.\n" * 60
STOPS = ("\n\nQ:", "</answer>", "```", "Observation:")
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 30},
        "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "tags": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "minItems": 1, "maxItems": 4},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
NODE = {"v": {"type": "number"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}}
TREE = {
    "$defs": {"node": {"type": "object", "properties": NODE, "required": ["v", "kids"], "additionalProperties": False}},
    "$ref": "#/$defs/node",
}
GRAMMARS = {
    "a record, strings of 30 at most": Grammar("json_schema", json.dumps(PERSON)),
    "a tree": Grammar("json_schema", json.dumps(TREE)),
    "any object": Grammar("json_schema", '{"type": "object"}'),
    "a date": Grammar("regex", r"\d{4}-\d\d-\d\d"),
    "3 to 20 words": Grammar("regex", r"(\w+ ){3,20}\w+\."),
}
WRONG = {
    '{"not": {"type": "string"}}': '"a"',
    '{"type": "array", "items": {"type": "integer"}, "uniqueItems": true}': "[1, 1]",
    '{"type": "integer", "multipleOf": 3}': "4",
    '{"if": {"type": "string"}, "then": {"maxLength": 1}}': '"ab"',
    '{"type": "object", "patternProperties": {"^a": {"type": "integer"}}}': '{"a": "b"}',
    '{"type": "object", "propertyNames": {"maxLength": 1}}': '{"ab": 1}',
    '{"type": "array", "contains": {"type": "null"}}': "[1]",
}
"""Schemas, each with a text that does not fit it."""


def edge(tokenizer: Any, rows: int, steps: int) -> dict[str, float]:
    """Medians a step of all rows: detokenising, and looking for stop texts in what comes of it."""
    tokens = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    detokenizer, found = Detokenizer(tokenizer), stops(STOPS)
    states, stop_states = [detokenizer.start()] * rows, [found.start] * rows
    times = np.zeros((steps, 2))
    for step in range(steps):
        given = [tokens[(step + row) % len(tokens)] for row in range(rows)]
        begin = time.perf_counter()
        states, texts = detokenizer.push_rows(states, given)
        between = time.perf_counter()
        stop_states = [found.push(state, text).state for state, text in zip(stop_states, texts, strict=True)]
        times[step] = between - begin, time.perf_counter() - between
    first, second = 1e6 * np.median(times, axis=0)
    return {"detokenise": first, "stop texts": second}


def ours(made: Constraints) -> Callable[[Grammar], tuple[float, Iterator[float]]]:
    """Compiles a grammar; seconds for it, and those of each mask of a walk."""

    def begin(grammar: Grammar) -> tuple[float, Iterator[float]]:
        start = time.perf_counter()
        matcher = made.matcher(grammar)
        compiled = time.perf_counter() - start

        def walk() -> Iterator[float]:
            at, chance = matcher, np.random.Generator(np.random.PCG64(0))
            while True:
                start = time.perf_counter()
                allowed = made.allowed([at])
                yield time.perf_counter() - start
                at.advance(int(chance.choice(allowed[0].nonzero().flatten().numpy())))
                at = made.matcher(grammar) if at.finished else at

        return compiled, walk()

    return begin


def theirs(tokenizer: Any) -> Callable[[Grammar], tuple[float, Iterator[float]]]:
    """The same by xgrammar."""
    import xgrammar

    info: Any = xgrammar.TokenizerInfo.from_huggingface(tokenizer)
    compiler: Any = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
    bits: Any = xgrammar.allocate_token_bitmask(1, info.vocab_size)

    def begin(grammar: Grammar) -> tuple[float, Iterator[float]]:
        start = time.perf_counter()
        if grammar.kind == "regex":
            made = compiler.compile_regex(grammar.text)
        else:
            made = compiler.compile_json_schema(grammar.text, any_whitespace=False)
        compiled = time.perf_counter() - start

        def walk() -> Iterator[float]:
            at, chance = xgrammar.GrammarMatcher(made), np.random.Generator(np.random.PCG64(0))
            while True:
                start = time.perf_counter()
                at.fill_next_token_bitmask(bits)
                allowed = np.unpackbits(bits.numpy().view(np.uint8)[0], bitorder="little")
                yield time.perf_counter() - start
                at.accept_token(int(chance.choice(np.flatnonzero(allowed))))
                at = xgrammar.GrammarMatcher(made) if at.is_terminated() else at

        return compiled, walk()

    return begin


def wrong(tokenizer: Any, made: Constraints) -> dict[str, dict[str, str]]:
    """What each library does with a text that does not fit: accept it, reject it, or refuse the schema by name."""
    told: dict[str, dict[str, str]] = {}
    for schema, text in WRONG.items():
        told[schema] = {"llguidance": _ours_says(made, schema, text)}
        if find_spec("xgrammar"):
            told[schema]["xgrammar"] = _theirs_says(tokenizer, schema, text)
    return told


def _ours_says(made: Constraints, schema: str, text: str) -> str:
    try:
        matcher = made.matcher(Grammar("json_schema", schema))
    except UsageError:
        return "refuses the schema"
    try:
        matcher.read(text)
    except UsageError:
        return "rejects the text"
    return "accepts the text" if matcher.complete else "rejects the text"


def _theirs_says(tokenizer: Any, schema: str, text: str) -> str:
    import xgrammar

    compiler: Any = xgrammar.GrammarCompiler(xgrammar.TokenizerInfo.from_huggingface(tokenizer), max_threads=1)
    try:
        matcher: Any = xgrammar.GrammarMatcher(compiler.compile_json_schema(schema), terminate_without_stop_token=True)
    except RuntimeError:
        return "refuses the schema"
    return "accepts the text" if matcher.accept_string(text) and matcher.is_completed() else "rejects the text"


def masks(tokenizer: Any, made: Constraints, steps: int) -> list[dict[str, Any]]:
    """A row for each grammar and library."""
    begins = {"llguidance": ours(made)}
    if find_spec("xgrammar"):
        begins["xgrammar"] = theirs(tokenizer)
    rows: list[dict[str, Any]] = []
    for what, grammar in GRAMMARS.items():
        begun = {name: begin(grammar) for name, begin in begins.items()}
        times = np.array([[next(walk) for _, walk in begun.values()] for _ in range(steps)])
        for (name, (compiled, _)), own in zip(begun.items(), 1e6 * times.T, strict=True):
            spread = {"median": np.median(own), "mean": own.mean(), "most": own.max()}
            rows.append({"grammar": what, "library": name, "compile_ms": 1e3 * compiled, **spread})
    return rows


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="smollm2-135m,gemma3-270m")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    told: dict[str, Any] = {}
    for name in args.models.split(","):
        tokenizer = tokenizer_of(open_gguf(pull(find_card(name))))
        made = Constraints(tokenizer, vocab=len(tokenizer), ends=[tokenizer.eos_token_id])
        told[name] = {"edge": edge(tokenizer, args.rows, args.steps), "masks": masks(tokenizer, made, args.steps)}
        print(f"{name}, {len(tokenizer)} tokens; a step of {args.rows} rows:")
        print(*(f"  {what}: {value:.0f}" for what, value in told[name]["edge"].items()), sep="\n")
        print(f"{'grammar':<34}{'library':<12}{'compile, ms':>12}{'mask: median':>14}{'mean':>8}{'most':>8}")
        for row in told[name]["masks"]:
            numbers = f"{row['compile_ms']:>12.1f}{row['median']:>14.0f}{row['mean']:>8.0f}{row['most']:>8.0f}"
            print(f"{row['grammar']:<34}{row['library']:<12}{numbers}")
    told["wrong"] = wrong(tokenizer, made)
    print("of a text that does not fit:")
    for schema, says in told["wrong"].items():
        print(f"  {schema}  {WRONG[schema]}: {'; '.join(f'{library} {what}' for library, what in says.items())}")
    if args.json:
        args.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
