"""Methods: one file each, found by its file name. A method is a flow from a problem to a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Protocol, cast

from passel.core.ask import Sampling
from passel.core.configured import Configured
from passel.core.configured import load as load_from
from passel.core.errors import UsageError
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import Needs, needs_of
from passel.core.options import configured, parameters, split_spec
from passel.core.problem import Problem
from passel.core.registry import Room, find
from passel.core.result import Result
from passel.methods.parts.sampled import sampled

__all__ = ["Bound", "ConfiguredMethod", "Inner", "Method", "load"]


class Method(Protocol):
    """`def name(problem, *, key, …) -> Flow[Result]`; the parameters after the key are its options, with defaults."""

    def __call__(self, problem: Problem, *, key: Key, **options: Any) -> Flow[Result]: ...


class Bound(Protocol):
    """A method with its options set."""

    def __call__(self, problem: Problem, *, key: Key) -> Flow[Result]: ...


ConfiguredMethod = Configured[Bound]
"""A method with its options, under the spec that the user wrote."""

Inner = Annotated[Bound, Room("methods")]
"""A parameter that takes a method by name: `reread:method=vote:method.n=8`."""


def load(
    spec: str, given: Mapping[str, Any] | None = None, *, defaults: Mapping[str, Any] | None = None
) -> ConfiguredMethod:
    """`NAME[:option=value...]`, an entry point or `path.py:function`, with its options set.

    Two options work with every method: `prompt`, a prompting method around it (`vote:n=8:prompt=reread` is
    `reread:method=vote:method.n=8`), and `sampling.NAME`, a sampling parameter of its generator
    (`vote:sampling.temperature=0.6`), used wherever the method itself sets none.

    Args:
        spec: as on the command line.
        given: options as values, or as text like those of the spec; they go before the spec's.
        defaults: options that are set where the method has them and the spec does not.

    Raises UsageError naming the nearest valid name or option.
    """
    parts, texts = split_spec(spec)
    texts |= {name: value for name, value in (given or {}).items() if isinstance(value, str)}
    values = {name: value for name, value in (given or {}).items() if not isinstance(value, str)}
    own = parameters(find("methods", ":".join(parts)))
    sampling = {} if "sampling" in own else _taken(texts, "sampling.")
    prompt = None if "prompt" in own else texts.pop("prompt", None)
    method: ConfiguredMethod = load_from("methods", ":".join(parts), texts | values, defaults=defaults)
    method = replace(method, name=spec)
    if sampling:
        wanted = Sampling.of({name: _setting(name, text) for name, text in sampling.items()})
        method = method.around(sampled(method.make, wanted))
    if prompt is not None:
        method = method.around(*_prompted(prompt, method.make))
    return method


def _taken(texts: dict[str, str], head: str) -> dict[str, str]:
    return {name.removeprefix(head): texts.pop(name) for name in list(texts) if name.startswith(head)}


def _setting(name: str, text: str) -> Any:
    if name in ("stop", "logit_bias"):
        return (text,)
    if name in ("json_schema", "regex", "decoder"):
        return text
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise UsageError(f"sampling.{name} must be a number, got {text!r}") from None


def _prompted(name: str, made: Bound) -> tuple[Bound, Needs]:
    around = find("methods", name)
    if "method" not in parameters(around):
        raise UsageError(f"prompt={name}: {name} is not a prompting method (it takes no method to prompt)")
    return cast(Bound, configured(around, {"method": made})), needs_of(around, {"method": made})
