"""From roles to models: every ask gets its model, its complete sampling parameters and its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from passel.core.address import address, sample_address, stem
from passel.core.ask import Ask, Call, Embed, Generate, Sampling, Score
from passel.core.driver.passes import BoundAsk, Tool
from passel.core.errors import Impossible, UsageError, unknown
from passel.core.lru import LRU
from passel.core.model import Binding, Capability, ModelInfo

__all__ = ["Roles"]

_MAX_SETTINGS = 1024


class Roles:
    """The user's configuration of roles. "generator" is required and plays the roles that have no model of their own,
    with its own sampling parameters only where it plays itself."""

    def __init__(self, bindings: Mapping[str, Binding]) -> None:
        if "generator" not in bindings:
            raise UsageError("no model for the role 'generator'")
        self._bindings = dict(bindings)
        self._complete = LRU[tuple[str, Sampling], tuple[Binding, Sampling]](
            _MAX_SETTINGS
        )  # a forgotten one is worked out again
        for role in bindings:
            self._bind(role, Sampling())

    @property
    def infos(self) -> dict[str, ModelInfo]:
        """The model of each bound role: what is known of it."""
        return {role: binding.model.info for role, binding in self._bindings.items()}

    def bind(self, asks: Sequence[Ask], scope: str, tools: Mapping[str, Tool]) -> list[BoundAsk]:
        """Binds asks to their models.

        Raises Impossible if a model cannot do what is asked or does not take a sampling parameter that is set.
        """
        bounds: list[BoundAsk] = []
        last: Generate | None = None
        root = ""
        for ask in asks:
            if last is not None and isinstance(ask, Generate) and _differ_in_key(ask, last):
                before = bounds[-1]  # it differs from the ask before in its key only
                assert isinstance(before.ask, Generate)
                ask = Generate(ask.prompt, ask.key, ask.prefix, before.ask.sampling, ask.role, ask.label)
                bounds.append(
                    BoundAsk(ask, sample_address(root, ask.prefix, ask.key), before.line, before.binding, before.info)
                )
                continue
            bound = self._bound(ask, scope, tools)
            bounds.append(bound)
            last = ask if isinstance(ask, Generate) else None
            if isinstance(bound.ask, Generate):
                root = stem(bound.model, bound.ask.prompt, bound.ask.sampling)
        return bounds

    def _bound(self, ask: Ask, scope: str, tools: Mapping[str, Tool]) -> BoundAsk:
        if isinstance(ask, Call):
            if ask.tool not in tools:
                raise unknown("tool", ask.tool, tools)
            line, tool = (f"tool:{ask.tool}", ask.role, ask.label), tools[ask.tool]
            return BoundAsk(ask, address("", ask, scope + getattr(tool, "edition", "")), line, tool=tool)
        binding, sampling = self._bind(ask.role, ask.sampling if isinstance(ask, Generate) else _UNSET)
        if isinstance(ask, Generate):
            ask = Generate(ask.prompt, ask.key, ask.prefix, sampling, ask.role, ask.label)
        info = binding.model.info
        if (wanted := _capability(ask)) not in info.can:
            raise Impossible(f"{info.name} cannot do what its role {ask.role} asks of it: {wanted}")
        return BoundAsk(ask, address(info.name, ask), (info.name, ask.role, ask.label), binding, info)

    def _bind(self, role: str, sampling: Sampling) -> tuple[Binding, Sampling]:
        if (found := self._complete.get((role, sampling))) is not None:
            return found
        binding = self._bindings.get(role) or Binding(self._bindings["generator"].model)
        info = binding.model.info
        complete = sampling.over(binding.sampling)
        for name in complete.given():
            if name != "max_tokens" and name not in info.sampling:
                raise Impossible(
                    f"{info.name} does not take the sampling parameter {name} (it takes: "
                    f"{', '.join(sorted(info.sampling)) or 'none'})"
                )
        complete = complete.over(Sampling(max_tokens=info.max_tokens))
        self._complete[role, sampling] = binding, complete
        return binding, complete


def _differ_in_key(one: Generate, two: Generate) -> bool:
    """Whether two asks of one round differ at most in their keys, as samples of one prompt do (the same objects)."""
    same = one.prompt is two.prompt and one.sampling is two.sampling
    return same and one.prefix == two.prefix and one.role == two.role and one.label == two.label


def _capability(ask: Generate | Score | Embed) -> Capability:
    match ask:
        case Score():
            return "score" if ask.what == "logprob" else "reward"
        case Embed():
            return "embed"
        case Generate():
            if ask.prefix:
                return "prefix"
            return "text" if ask.sampling.logprobs is None else "logprobs"


_UNSET = Sampling()
