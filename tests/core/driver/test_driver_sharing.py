"""One draw is one pass, whoever asks for it and however often."""

from __future__ import annotations

import asyncio

from fake_models import Fake, drawn, driver, number, texts, whole
from stepped import run

from passel.core.ask import Sampling
from passel.core.driver import MemoryStore
from passel.core.flow import Flow, Round, sample, together
from passel.core.key import Key
from passel.core.result import Result


async def slowly(asks, progress):
    await asyncio.sleep(1)
    return [whole(ask) for ask in asks]


def test_two_flows_that_ask_for_the_same_draw_at_once_share_one_pass():
    model = Fake(slowly)

    async def main():
        d = driver(model)
        outcomes = await asyncio.gather(d.run(drawn(3)), d.run(drawn(3)))
        return d, outcomes

    d, outcomes = run(main())
    assert sorted(model.asked) == [0, 1, 2]
    assert [o.result.text for o in outcomes] == ["0 1 2", "0 1 2"]
    assert d.ledger.spent.passes == 3
    assert [o.cost.passes for o in outcomes] == [3, 3], "each flow's own account counts shared replies in full"


def test_a_later_flow_takes_what_the_pool_holds_and_asks_for_the_rest_alone():
    model = Fake()

    async def main():
        d = driver(model)
        await d.run(drawn(2))
        return await d.run(drawn(4))

    assert run(main()).result.text == "0 1 2 3"
    assert model.asked == [0, 1, 2, 3]


def test_two_drivers_over_one_pool_ask_once():
    store, model = MemoryStore(), Fake()

    async def main():
        await driver(model, store=store).run(drawn(3))
        return await driver(model, store=store).run(drawn(3))

    assert run(main()).result.text == "0 1 2"
    assert model.asked == [0, 1, 2]


def test_the_same_draw_twice_in_one_round_is_one_pass():
    def twice() -> Flow[Result]:
        (a,) = yield from sample("q", key=Key())
        ask = model.requests[0][0]
        assert a.text == "0"
        return texts((yield Round((ask, ask))))

    model = Fake()
    assert run(driver(model).run(twice())).result.text == "0 0"
    assert model.asked == [0]


def test_the_role_and_the_label_do_not_make_another_draw():
    model = Fake()

    async def main():
        d = driver(model)
        await d.run(drawn(1, label="a"))
        await d.run(drawn(1, role="critic", label="b"))

    run(main())
    assert model.asked == [0]


def test_other_sampling_parameters_make_another_draw():
    model = Fake()

    async def main():
        d = driver(model)
        await d.run(drawn(1, sampling=Sampling(temperature=0.5)))
        await d.run(drawn(1, sampling=Sampling(temperature=0.6)))

    run(main())
    assert model.asked == [0, 0]


def test_asks_alike_go_out_in_requests_of_at_most_max_n():
    model = Fake(max_n=3)
    assert run(driver(model).run(drawn(8))).result.text == "0 1 2 3 4 5 6 7"
    assert [list(map(number, asks)) for asks in model.requests] == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_asks_that_differ_in_prompt_or_sampling_are_not_in_one_request():
    def mixed() -> Flow[Result]:
        def one(prompt: str, temperature: float):
            return sample(prompt, key=Key(), sampling=Sampling(temperature=temperature))

        asks = []
        for prompt, temperature in (("p", 0.1), ("p", 0.1), ("p", 0.2), ("q", 0.2)):
            asks += next(one(prompt, temperature)).asks
        asks[1] = next(sample("p", key=Key(), first=1, sampling=Sampling(temperature=0.1))).asks[0]
        return texts((yield Round(tuple(asks))))

    model = Fake(max_n=8)
    run(driver(model).run(mixed()))
    assert [len(asks) for asks in model.requests] == [2, 1, 1]
    for asks in model.requests:
        assert len({(ask.prompt, ask.sampling) for ask in asks}) == 1


def test_flows_side_by_side_get_their_results_in_order():
    async def later_first(asks, progress):
        await asyncio.sleep(10 - number(asks[0]))
        return [whole(ask) for ask in asks]

    def flow() -> Flow[Result]:
        found = yield from together([drawn(1, first=i) for i in range(4)])
        return Result(text=" ".join(result.text for result in found))

    assert run(driver(Fake(later_first)).run(flow())).result.text == "0 1 2 3"
