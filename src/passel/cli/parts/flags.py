"""Flags that several commands have, made from the types whose fields they set."""

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
    """Adds a flag for each sampling parameter; the model's defaults hold for those that are not given."""
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
    """Returns the text of each field in a dataclass's docstring."""
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
    """Adds the flag for models with an adapter of `passel train cot_valve`."""
    says = "Length of chains of thought, of a model with a cot_valve adapter: 1 the model's own, 0 the shortest."
    return click.option("--length", type=float, help=says)(command)


def with_length(given: dict[str, Any]) -> str:
    """Takes the length out of a command's arguments and returns the model's spec with it."""
    model, length = given["model"], given.pop("length")
    if length is None:
        return model
    if not model.startswith("torch:"):
        raise UsageError(f"it opens an adapter of a model in the engine: torch:{model}:adapter=FOLDER").about(
            "--length"
        )
    return f"{model}:length={length:g}"


def run_flags(command: F) -> F:
    """Adds the flags of commands that run methods on a task."""
    for flag in reversed(_RUN_FLAGS):
        command = flag(command)
    return command


_RUN_FLAGS: Sequence[Callable[..., Any]] = (
    click.option("--model", default=DEFAULT_MODEL, show_default=True, help="Model spec; see `passel models`."),
    length_flag,
    click.option("--task", required=True, help="Task spec, or a .jsonl or .csv file; see `passel tasks`."),
    click.option("--question", help="Column of the questions in your file."),
    click.option("--answer", help="Column of the answers in your file."),
    click.option("--n", type=click.IntRange(1), help="Number of samples, for every method that takes n."),
    click.option("--limit", type=click.IntRange(1), help="Maximum number of problems.  [default: all]"),
    click.option(
        "--seed", type=int, default=0, show_default=True, help="Seed of the choice of problems and of all samples."
    ),
    sampling_flags,
    click.option("--role", "roles", multiple=True, help="Model of another role: judge=SPEC. May be repeated."),
    click.option("--instruction", help="How to answer.  [default: the task's instruction]"),
    click.option("--system", help="System message."),
    click.option("--budget", default="", help="Limits of the whole run: passes=…,tokens=…,money=…,seconds=…"),
    click.option("--problem-budget", default="", help="Limits of one method on one problem: passes=…,tokens=…,money=…"),
    click.option("--pilot", help="Folder of an earlier comparison, for methods that choose by it."),
    click.option(
        "--concurrency",
        type=click.IntRange(1),
        default=64,
        show_default=True,
        help="Maximum number of problems at once.",
    ),
    click.option(
        "--out", help="Folder for the record, the tables and the report. The same command continues a run in it."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON."),
)


def context_flags(command: F) -> F:
    """Adds the flags of a context: a text that the model is to know."""
    command = click.option("--contextualise", default="prompt", show_default=True, help=_HOW)(command)
    return click.option(
        "--context", type=click.Path(path_type=Path), help="File with a text that the model is to know."
    )(command)


_HOW = "Where the context goes: prompt, or adapter:path=FOLDER, into the weights (torch: models)."


def with_context(model: str, question: str, given: dict[str, Any]) -> tuple[str, str]:
    """Takes the flags of a context out of a command's arguments.

    Returns the model's spec and the question. A model in the engine has the context in its spec; for any other model it
    stands before the question.
    """
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
    """Returns the budget in the text of a flag."""
    with blame(flag):
        return Budget.parse(text)


def roles_of(given: Sequence[str]) -> dict[str, str]:
    """Returns the model specs by role, from texts `ROLE=SPEC`."""
    roles: dict[str, str] = {}
    for text in given:
        role, sign, spec = text.partition("=")
        if not (role.isidentifier() and sign and spec):
            raise UsageError(f"expected ROLE=SPEC such as judge=openai:NAME@URL, got {text!r}").about("--role")
        if role == "generator":
            raise UsageError("the generator's model is given with --model").about("--role")
        roles[role] = spec
    return roles
