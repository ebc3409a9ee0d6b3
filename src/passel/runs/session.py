"""A session: opened models, and one driver over them. Runs, `solve` and servers use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from passel.core.ask import Sampling
from passel.core.cost import Budget, Cost
from passel.core.driver import Driver, Ledger, Outcome, ReplyStore, Retries, Scope, Tool
from passel.core.key import Key
from passel.core.model import Binding, Model, ModelInfo
from passel.core.needs import check_needs
from passel.core.problem import Problem
from passel.methods import ConfiguredMethod
from passel.models import load
from passel.runs.pilot import check_pilot
from passel.runs.plan import check_roles
from passel.tools import Tools, check_ready

__all__ = ["Models", "Session", "admit"]


class Models:
    """Models by spec. Each is opened once, however often it is asked for.

    >>> models = Models()
    >>> models.open("toy") is models.open("toy")
    True
    """

    def __init__(self) -> None:
        self._opened: dict[str, Model] = {}

    def open(self, model: str | Model) -> Model:
        """Returns the model of a spec. A Model is returned as it is, and its owner closes it.

        Raises UsageError for an unknown kind, name or option.
        """
        if not isinstance(model, str):
            return model
        if model not in self._opened:
            self._opened[model] = load(model)
        return self._opened[model]

    def bind(
        self, model: str | Model, roles: Mapping[str, str | Model] | None = None, sampling: Sampling = Sampling()
    ) -> dict[str, Binding]:
        """Returns a binding for each role. The generator has `sampling`, and what its makers advise where that is
        unset."""
        generator = self.open(model)
        bound = {"generator": Binding(generator, sampling.over(generator.info.advised))}
        return bound | {role: Binding(self.open(spec)) for role, spec in (roles or {}).items()}

    async def aclose(self) -> None:
        """Closes the models that were opened by spec, all of them even if one raises an error."""
        opened, self._opened = list(self._opened.values()), {}
        errors: list[Exception] = []
        for model in opened:
            try:
                await model.aclose()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


class Session:
    """One driver over bound models, for any number of methods and problems at once. Bound to one event loop.

    Args:
        bindings: a binding for each role; "generator" is required.
        store, budget, races, retries: see `Driver`.
    """

    def __init__(
        self,
        bindings: Mapping[str, Binding],
        *,
        store: ReplyStore | None = None,
        budget: Budget | None = None,
        races: Literal["clock", "tokens"] = "clock",
        retries: Retries = Retries(),
    ) -> None:
        self.driver = Driver(bindings, store=store, budget=budget, races=races, retries=retries)

    @property
    def infos(self) -> dict[str, ModelInfo]:
        """The properties of each role's model."""
        return self.driver.roles.infos

    @property
    def spent(self) -> Cost:
        """The cost of all passes so far, shared passes once."""
        return self.driver.ledger.spent

    async def solve(
        self,
        method: ConfiguredMethod,
        problem: Problem,
        *,
        key: Key,
        tools: Mapping[str, Tool] | None = None,
        budget: Budget | None = None,
    ) -> Outcome:
        """Runs a method on a problem.

        Args:
            key: of all its randomness.
            tools: of this problem; they come before the tools of Passel.
            budget: limits of this method on this problem.
        """
        own = tools if isinstance(tools, Tools) else Tools(tools or {})
        return await self.driver.run(method.make(problem, key=key), Scope(problem.id, own, Ledger(budget)))

    def close(self) -> None:
        """Records replies that have arrived but were not handed over (after a cancellation)."""
        self.driver.close()


def admit(
    methods: Sequence[ConfiguredMethod],
    bindings: Mapping[str, Binding],
    *,
    roles: Mapping[str, object],
    pilot: object,
) -> None:
    """Checks, before anything is spent, that the methods can work.

    Args:
        methods: to be run.
        bindings: the model of each role.
        roles: the roles that the user set.
        pilot: an earlier comparison, or None.

    Raises:
        UsageError: a role that no method uses; a tool that cannot work here; a method that needs a pilot, without one.
        Impossible: a method needs of a role what its model cannot do.
    """
    check_roles(roles, [method.needs for method in methods])
    infos = {role: binding.model.info for role, binding in bindings.items()}
    for method in methods:
        check_needs(f"method {method.name}", method.needs, infos)
        check_ready(method.needs.get("tool", ()))
        check_pilot(method.name, method.needs.get("tool", ()), pilot)
