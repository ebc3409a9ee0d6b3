"""Flags that several commands have, made from the types they fill."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import click

from passel.core.ask import Sampling
from passel.core.cost import Budget
from passel.core.errors import UsageError
from passel.core.options import split_spec

__all__ = [
    "DEFAULT_MODEL",
    "as_flags",
    "blame",
    "budget_of",
    "context_flags",
    "length_flag",
    "roles_of",
    "run_flags",
    "sampling_flags",
    "sampling_of",
    "with_context",
    "with_length",
]

DEFAULT_MODEL = "passel-reasoner-135m"
F = TypeVar("F", bound=Callable[..., Any])

_ALSO = {"logit_bias": " Given as ID=NUMBER.", "json_schema": " Or the path of a file that holds one."}


def sampling_flags(command: F) -> F:
    """A flag for each sampling parameter; what is not given is left to the model's maker and to the model."""
    hints, says = get_type_hints(Sampling), _explanations(Sampling)
    for field in reversed(fields(Sampling)):
        kinds = [kind for kind in get_args(hints[field.name]) if kind is not type(None)]
        multiple = get_origin(kinds[0]) is tuple
        command = click.option(
            f"--{field.name.replace('_', '-')}",
            type=str if multiple else kinds[0],
            multiple=multiple,
            default=None,
            help=says[field.name] + _ALSO.get(field.name, "") + (" May be repeated." if multiple else ""),
        )(command)
    return command


def _explanations(kind: type) -> dict[str, str]:
    """What a dataclass's docstring says of each field."""
    says: dict[str, str] = {}
    for names, text in re.findall(r"^        ([\w, ]+): (.+(?:\n {12}.+)*)", kind.__doc__ or "", re.MULTILINE):
        line = " ".join(text.split())
        says |= dict.fromkeys(names.split(", "), line[0].upper() + line[1:])
    return says


def sampling_of(given: dict[str, Any]) -> Sampling:
    """Takes the sampling parameters out of a command's arguments."""
    names = [field.name for field in fields(Sampling)]
    values = {name: given.pop(name) for name in names}
    if (schema := values["json_schema"]) and not schema.lstrip().startswith("{"):
        values["json_schema"] = _text_of(schema, "--json-schema")
    with as_flags():
        return Sampling.of({name: value for name, value in values.items() if value is not None and value != ()})


def _text_of(path: str, flag: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path!r}: {error}").about(flag) from None


def length_flag(command: F) -> F:
    """The flag that opens an adapter of `passel train cot-valve`."""
    says = "Of chains of thought: 1 the model's own, 0 the shortest that its cot-valve adapter was trained for."
    return click.option("--length", type=float, help=says)(command)


def with_length(given: dict[str, Any]) -> str:
    """Takes the length out of a command's arguments: the model's spec with it."""
    model, length = given["model"], given.pop("length")
    if length is None:
        return model
    if not model.startswith("torch:"):
        raise UsageError(f"it opens an adapter of a model in the engine: torch:{model}:adapter=FOLDER").about(
            "--length"
        )
    return f"{model}:length={length:g}"


def run_flags(command: F) -> F:
    """The flags of commands that run methods on a task."""
    for flag in reversed(_RUN_FLAGS):
        command = flag(command)
    return command


_RUN_FLAGS: Sequence[Callable[..., Any]] = (
    click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Model spec; see `passel models`."),
    length_flag,
    click.option("--task", required=True, help="Task spec, or a .jsonl or .csv file; see `passel tasks`."),
    click.option("--question", help="Column of the question, for your own file."),
    click.option("--answer", help="Column of the answer, for your own file."),
    click.option("--n", type=click.IntRange(1), help="Samples, for every method that takes n."),
    click.option("--limit", type=click.IntRange(1), help="Problems at most.  [default: all]"),
    click.option("--seed", type=int, default=0, show_default=True, help="Of the choice of problems and of all draws."),
    sampling_flags,
    click.option("--role", "roles", multiple=True, help="Another model for a role: judge=SPEC (may be repeated)."),
    click.option("--instruction", help="In place of the task's own instruction."),
    click.option("--system", help="System message."),
    click.option("--budget", default="", help="Limits of the run: passes=…,tokens=…,money=…,seconds=…"),
    click.option("--problem-budget", default="", help="Limits for one method on one problem."),
    click.option("--pilot", help="Folder of an earlier comparison, for methods that choose by one."),
    click.option("--concurrency", type=click.IntRange(1), default=64, show_default=True, help="Problems at once."),
    click.option("--out", help="Folder for the record, the tables and the report; run again to resume."),
    click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON."),
)


def context_flags(command: F) -> F:
    """The flags of a text that is known to the model before it is asked."""
    command = click.option("--contextualise", default="prompt", show_default=True, help=_HOW)(command)
    return click.option("--context", type=click.Path(path_type=Path), help="File with what it is to know.")(command)


_HOW = "How it gets to know it: prompt, or adapter:path=FOLDER, which puts it into the weights (torch: models)."


def with_context(model: str, question: str, given: dict[str, Any]) -> tuple[str, str]:
    """Takes the flags of a context out of a command's arguments: the model's spec with it, and the question; a model
    that does not run in the engine gets the text in front of its question."""
    file, how = given.pop("context"), given.pop("contextualise")
    parts, options = split_spec(how)
    if file is None:
        if how != "prompt":
            raise UsageError("there is no context; it is given with --context FILE").about("--contextualise")
        return model, question
    if model.startswith("torch:"):
        inner = "".join(f":contextualise.{name}={value}" for name, value in options.items())
        return f"{model}:context_file={file}:contextualise={':'.join(parts)}{inner}", question
    if how != "prompt":
        raise UsageError(f"{how} needs a model in the engine: --model torch:{model}").about("--contextualise")
    return model, f"{_text_of(str(file), '--context')}\n\n{question}"


@contextmanager
def blame(flag: str) -> Generator[None]:
    """Puts the flag's name before the message of a usage error that does not name a flag yet."""
    try:
        yield
    except UsageError as error:
        if (error.field or "").startswith("--"):
            raise
        raise error.within(flag) from error


@contextmanager
def as_flags(**flags: str) -> Generator[None]:
    """Renames the field of a usage error to its flag: max_tokens is --max-tokens.

    Args:
        flags: by field, the flags that are named otherwise.
    """
    try:
        yield
    except UsageError as error:
        if error.field is None or not error.field.isidentifier():
            raise
        raise error.about(flags.get(error.field) or f"--{error.field.replace('_', '-')}") from error


def budget_of(flag: str, text: str) -> Budget:
    """The budget given with a flag."""
    with blame(flag):
        return Budget.parse(text)


def roles_of(given: Sequence[str]) -> dict[str, str]:
    """Role to model spec, from `ROLE=SPEC` texts."""
    roles: dict[str, str] = {}
    for text in given:
        role, sign, spec = text.partition("=")
        if not (role.isidentifier() and sign and spec):
            raise UsageError(f"expected ROLE=SPEC such as judge=openai:NAME@URL, got {text!r}").about("--role")
        if role == "generator":
            raise UsageError("the generator's model is given with --model").about("--role")
        roles[role] = spec
    return roles
