"""A JSON Schema that the JSON of a text must fit."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from passel.core.errors import UsageError
from passel.core.extras import need
from passel.core.flow import Flow
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.verifiers.parts.json_text import json_of

__all__ = ["json_schema"]


@needs()
def json_schema(problem: Problem, text: str, *, key: Key, schema: str = "") -> Flow[Judgement]:
    """Whether the JSON of a text fits a schema.

    The JSON is the whole text, else the last fenced block that is JSON, else the first object or array in the text.
    The schema is a file, or `schema` of the problem's details (an object, or a path).

    Source: JSON Schema, draft 2020-12 (json-schema.org); earlier drafts where `$schema` names one.

    Args:
        schema: path of a JSON file; "" takes `schema` of the problem's details.

    Returns: verdict; 1 if it fits, 0 if it does not or the text holds no JSON; None if there is no schema, neither in
        the option nor in the details.

    Cost: generate = 0

    Guarantees: exact, by the rules of the schema. No address in a schema is ever fetched: a `$ref` to elsewhere raises
    UsageError, as a schema that is not valid does.

    Deviations: what readers of JSON do not agree on is no JSON here: a name that occurs twice in an object, NaN and
    Infinity, numbers beyond a double's range, more than 4300 digits, nesting too deep to read, half a character.
    `format` is not checked, which is the default of the draft.

    >>> from passel.core.play import play
    >>> problem = Problem("1", "Who?", details={"schema": {"type": "object", "required": ["name"]}})
    >>> play(json_schema(problem, 'Here it is: {"name": "Ada"}', key=Key())).value.value
    1.0
    """
    yield from ()
    wanted: Any = schema or problem.details.get("schema")
    if wanted is None or wanted == "":
        return Judgement(None, "there is no schema")
    written = _file(wanted) if isinstance(wanted, str) else _dumped(wanted)
    validator = _validator(written)
    found = json_of(text)
    if found is None:
        return Judgement(0.0, "the text holds no JSON")
    if validator.is_valid(found[0]):
        return Judgement(1.0, "the JSON fits the schema")
    try:
        fault: Any = next(iter(validator.iter_errors(found[0])))
    except ValueError as error:  # a value too deep to be written into a message
        return Judgement(0.0, f"the JSON does not fit the schema; no fault can be named: {error}")
    path = list(fault.instance_path)
    where = f" at {'/'.join(map(str, path))}" if path else ""
    return Judgement(0.0, f"the JSON does not fit the schema{where}: {fault.message}", {"path": path})


def _file(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"json_schema: no schema in {path!r}: {error}") from None


def _dumped(schema: Any) -> str:
    try:
        return json.dumps(schema, default=dict)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"json_schema: the schema is no JSON: {error}") from None


@lru_cache(256)
def _validator(written: str) -> Any:
    library = need("jsonschema_rs", "rules")
    try:
        return library.validator_for(json.loads(written), offline=True, validate_formats=False)
    except (ValueError, RecursionError, library.ValidationError, library.ReferencingError) as error:
        raise UsageError(f"json_schema: the schema cannot be used: {str(error).partition(chr(10))[0]}") from None
