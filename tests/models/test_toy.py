"""The toy model: finite, exact, and one draw a key."""

from __future__ import annotations

import asyncio
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.ask import Call, Embed, Generate, Message, Sampling, Score
from passel.core.key import Key
from passel.core.model import Progress
from passel.core.reply import Usage
from passel.models import load
from passel.models.toy import Toy, toy

COIN = Toy(lambda text: [("heads", 0.7), ("tails up", 0.3)])


@given(st.text(max_size=40))
def test_outcomes_are_a_distribution_for_any_question(text):
    chances = [p for _, p in toy().outcomes(Generate(text, Key()))]
    assert all(p >= 0.0 for p in chances)
    assert math.isclose(sum(chances), 1.0)


@given(st.text(max_size=40), st.integers(0, 1000))
def test_a_draw_is_one_of_the_outcomes_and_always_the_same(text, number):
    model, ask = toy(), Generate((Message("user", text),), Key(number) / "draw" / 0)
    assert model.reply(ask) in [reply for reply, _ in model.outcomes(ask)]
    assert model.reply(ask) == toy().reply(ask)


def test_draws_follow_the_distribution():
    count = sum(COIN.reply(Generate("?", Key(1) / "draw" / i)).text == "heads" for i in range(4000))
    assert abs(count / 4000 - 0.7) < 4 * math.sqrt(0.7 * 0.3 / 4000)


@pytest.mark.parametrize("skill", [0.3, 0.8])
def test_skill_is_how_often_it_is_right(skill):
    model = load(f"toy:skill={skill}")
    chances = [model.outcomes(Generate(f"{i} + 1", Key()))[0][1] for i in range(300)]
    assert abs(sum(chances) / 300 - skill) < 0.05
    assert model.info.name == f"toy:skill={skill}"


@pytest.mark.parametrize(
    ("question", "answer"),
    [("What is 17 + 25?", 42), ("2 + 3 * 4", 14), ("007 - 10", -3), ("He has 3 and gets 4.", 7), ("No numbers.", 0)],
)
def test_it_can_add(question, answer):
    best, _ = toy().outcomes(Generate(question, Key()))[0]
    assert best.text.endswith(f"The answer is {answer}.")


def test_max_tokens_cuts():
    reply = COIN.outcomes(Generate("?", Key(), sampling=Sampling(max_tokens=1)))
    assert [(r.text, r.stop, r.usage.completion_tokens) for r, _ in reply] == [
        ("heads", "end", 1),
        ("tails", "length", 1),
    ]


def test_logprobs_of_the_tokens_add_up_to_that_of_the_text():
    for reply, chance in COIN.outcomes(Generate("?", Key(), sampling=Sampling(logprobs=0))):
        assert "".join(token.text for token in reply.tokens) == reply.text
        assert sum(token.logprob for token in reply.tokens) == pytest.approx(math.log(chance))


def test_scores_are_log_probabilities_of_how_the_answer_begins():
    reply = COIN.reply(Score("?", ("heads", "tails", "h", "edge")))
    assert reply.scores == pytest.approx((math.log(0.7), math.log(0.3), math.log(0.7), -math.inf))


def test_embeddings_are_unit_vectors_of_the_text_alone():
    one, two, same = COIN.reply(Embed(("a", "b", "a"))).vectors
    assert one == same != two
    assert sum(x * x for x in one) == pytest.approx(1.0)


def test_a_begun_answer_is_part_of_what_it_reads():
    model = Toy(lambda text: [(text, 1.0)])
    assert model.reply(Generate("q", Key(), prefix=" so")).text == "q so"


def test_of_asks_alike_the_first_pays_for_the_prompt():
    asks = [Generate("three words here", Key() / i) for i in range(3)]
    replies = asyncio.run(COIN.answer(asks, Progress.of(3)))
    assert [reply.usage.prompt_tokens for reply in replies] == [3, 0, 0]
    assert [reply.text for reply in replies] == [COIN.reply(ask).text for ask in asks]


def test_it_has_no_tools():
    assert COIN.reply(Call("check")).stop == "failed"


def test_any_text_can_be_a_question():
    assert toy().reply(Generate("\ud800 2 + 2 \x00", Key())).usage != Usage()
