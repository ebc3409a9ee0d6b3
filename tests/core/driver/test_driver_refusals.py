"""What a model cannot do is refused by name, before anything is spent."""

from __future__ import annotations

import pytest
from fake_models import Fake, drawn, driver
from stepped import run

from passel.core.ask import Sampling
from passel.core.driver import Driver
from passel.core.errors import Impossible, UsageError
from passel.core.flow import Flow, call, embed, score
from passel.core.model import Binding
from passel.core.needs import check_needs
from passel.core.result import Result


def test_a_sampling_parameter_that_the_model_does_not_take_is_refused_when_the_driver_is_built():
    with pytest.raises(Impossible, match=r"fake does not take the sampling parameter top_k \(it takes: temperature\)"):
        driver(Fake(), Sampling(top_k=3))


def test_and_when_a_method_sets_it():
    model = Fake()
    with pytest.raises(Impossible, match="min_p"):
        run(driver(model).run(drawn(1, sampling=Sampling(min_p=0.1))))
    assert model.requests == []


def test_max_tokens_reaches_every_model():
    model = Fake()
    run(driver(model, Sampling(max_tokens=3)).run(drawn(1)))
    assert model.requests[0][0].sampling == Sampling(max_tokens=3)


def test_the_models_own_limit_holds_where_none_is_set():
    model = Fake()
    run(driver(model).run(drawn(1)))
    assert model.requests[0][0].sampling == Sampling(max_tokens=8)


def test_what_a_method_sets_wins_over_the_role_and_the_rest_stays():
    model = Fake()
    run(driver(model, Sampling(temperature=0.3, max_tokens=4)).run(drawn(1, sampling=Sampling(temperature=0.9))))
    assert model.requests[0][0].sampling == Sampling(temperature=0.9, max_tokens=4)


def test_a_role_without_a_model_is_played_by_the_generator_but_not_with_its_sampling():
    model = Fake()
    run(driver(model, Sampling(temperature=0.3)).run(drawn(1, role="critic")))
    assert model.requests[0][0].sampling == Sampling(max_tokens=8)


def test_a_role_with_a_model_of_its_own_is_played_by_it():
    generator, critic = Fake(), Fake(name="critic")
    d = Driver({"generator": Binding(generator), "critic": Binding(critic)})
    outcome = run(d.run(drawn(1, role="critic", label="why")))
    assert (generator.asked, critic.asked) == ([], [0])
    assert list(outcome.lines) == [("critic", "critic", "why")]


def _scores() -> Flow[Result]:
    yield from score("q", ["Yes"])
    return Result()


def _embeds() -> Flow[Result]:
    yield from embed(["q"])
    return Result()


@pytest.mark.parametrize(
    ("flow", "wanted"), [(_scores, "verifier asks of it: score"), (_embeds, "embedder asks of it: embed")]
)
def test_a_missing_capability_is_refused_by_name(flow, wanted):
    model = Fake(can=frozenset({"text"}))
    with pytest.raises(Impossible, match=wanted):
        run(driver(model).run(flow()))
    assert model.requests == []


def test_a_begun_answer_needs_a_model_that_continues_one():
    with pytest.raises(Impossible, match="prefix"):
        run(driver(Fake()).run(drawn(1, prefix="It is")))


def test_an_unknown_tool_is_named_with_the_nearest():
    def flow() -> Flow[Result]:
        yield from call("chek")
        return Result()

    async def main():
        from passel.core.driver import Scope

        await driver(Fake()).run(flow(), Scope(tools={"check": lambda: True}))

    with pytest.raises(UsageError, match=r"unknown tool 'chek'; did you mean check\?"):
        run(main())


def test_a_driver_needs_a_generator():
    with pytest.raises(UsageError, match="generator"):
        Driver({"critic": Binding(Fake())})


def test_needs_are_matched_against_each_roles_model():
    infos = {"generator": Fake(can=frozenset({"text"})).info}
    check_needs("method m", {"generator": frozenset({"text"}), "tool": frozenset({"check"})}, infos)
    with pytest.raises(Impossible, match=r"method m needs score of its verifier, which fake does not offer"):
        check_needs("method m", {"verifier": frozenset({"score"})}, infos)
