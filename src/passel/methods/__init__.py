"""Methods: one file each, found by its file name. A method is a flow from a problem to a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.core.find import Room, find
from passel.core.flow import Flow
from passel.core.key import Key
from passel.core.needs import GOLD, Needs, needs_of
from passel.core.options import bind, configured, parameters, split_spec
from passel.core.problem import Problem
from passel.core.result import Result
from passel.methods.parts.sampled import sampled

__all__ = ["Bound", "Inner", "Method", "NamedMethod", "load"]


class Method(Protocol):
    """`def name(problem, *, key, …) -> Flow[Result]`; what follows the key are its options, with defaults."""

    def __call__(self, problem: Problem, *, key: Key, **options: Any) -> Flow[Result]: ...


class Bound(Protocol):
    """A method with its options set."""

    def __call__(self, problem: Problem, *, key: Key) -> Flow[Result]: ...


Inner = Annotated[Bound, Room("methods")]
"""A parameter that takes a method by name: `reread:method=vote:method.n=8`."""


@dataclass(frozen=True, slots=True)
class NamedMethod:
    """A method with its options, under the name that the user wrote.

    Args:
        name: the text it was found by.
        make: from a problem and a key to its flow.
        options: those that were given, as values.
        needs: what it needs of each role's model, with what its verifier or inner method needs.
    """

    name: str
    make: Bound
    options: Mapping[str, Any]
    needs: Needs

    @property
    def uses_gold(self) -> bool:
        """Whether it asks the task what is right."""
        return bool(self.needs.get("tool", frozenset()) & GOLD)


def load(
    spec: str, given: Mapping[str, Any] | None = None, *, defaults: Mapping[str, Any] | None = None
) -> NamedMethod:
    """`NAME[:option=value...]`, an entry point or `path.py:function`, with its options set.

    Two options work with every method: `prompt`, a prompting method around it (`vote:n=8:prompt=reread` is
    `reread:method=vote:method.n=8`), and `sampling.NAME`, a sampling parameter of its generator's draws
    (`vote:sampling.temperature=0.6`) wherever the method itself sets none.

    Args:
        spec: as on the command line.
        given: options as values, or as text like those of the spec; they go before the spec's.
        defaults: options that are set where the method has them and the spec does not.

    Raises UsageError naming the nearest valid name or option.
    """
    parts, texts = split_spec(spec)
    make = find("methods", ":".join(parts))
    what = f"method {parts[0]}"
    own = parameters(make)
    texts |= {name: value for name, value in (given or {}).items() if isinstance(value, str)}
    sampling = {} if "sampling" in own else _taken(texts, "sampling.")
    prompt = None if "prompt" in own else texts.pop("prompt", None)
    options = bind(make, texts, what)
    options |= {name: value for name, value in (given or {}).items() if not isinstance(value, str)}
    bind(make, {name: "" for name in options if name not in own}, what)
    for name, value in (defaults or {}).items():
        if name in own:
            options.setdefault(name, value)
    wanted = needs_of(make, {name: default for name, (_, default) in own.items()} | options)
    made = cast(Bound, configured(make, options))
    if sampling:
        made = sampled(made, Sampling.of({name: _setting(name, text) for name, text in sampling.items()}))
    if prompt is not None:
        made, wanted = _prompted(prompt, made)
    return NamedMethod(spec, made, options, wanted)


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
