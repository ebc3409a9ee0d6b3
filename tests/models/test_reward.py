"""Trained reward models: every value is checked against a plain forward pass over the same tokens."""

from __future__ import annotations

import asyncio
import math

import pytest
from reward_models import CHAT, STEPS, asked, logits_of, near, rewarded, saved, tokenizer_of, torch

from passel.core.cost import Budget
from passel.core.driver import Driver, Scope
from passel.core.key import Key
from passel.core.model import Binding, Progress, prompt_bound
from passel.core.problem import Problem
from passel.core.result import Result
from passel.models.reward import reward
from passel.models.toy import toy
from passel.verifiers.multifurcation import one_by_one, values
from passel.verifiers.orm import orm
from passel.verifiers.prm import prm


@pytest.mark.parametrize("labels", [1, 2])
@pytest.mark.parametrize("chat", [False, True])
def test_an_outcome_model_reads_the_last_token(tmp_path, labels, chat):
    model, tokenizer = saved(tmp_path, "ForSequenceClassification", labels=labels, chat=chat)
    (reply,) = asked(reward(str(tmp_path)), rewarded(CHAT, ["It is 4."], chain=False))
    if chat:
        ids = tokenizer("<s>user:2+2?</s><s>assistant:It is 4.</s>", add_special_tokens=False)["input_ids"]
    else:
        ids = tokenizer("2+2?\nIt is 4.")["input_ids"]
    hidden = model.model(input_ids=torch.tensor([ids])).last_hidden_state[0, -1]
    logits = model.score(hidden)
    wanted = logits[0] if labels == 1 else logits.softmax(-1)[1]
    assert reply.scores == near(wanted.item())
    assert reply.usage.prompt_tokens == len(ids)
    assert reply.usage.completion_tokens == 0


@pytest.mark.parametrize("extra", [False, True])
def test_a_process_model_reads_the_separator_after_each_step(tmp_path, extra):
    model, tokenizer = saved(tmp_path, "ForTokenClassification", extra=extra, chat=extra)
    (reply,) = asked(reward(str(tmp_path)), rewarded(CHAT, STEPS, chain=True))
    mark = "<extra_0>" if extra else "\n"
    begin = "<s>user:2+2?</s><s>assistant:" if extra else "2+2?"
    ids = tokenizer(begin + "".join(step.strip() + mark for step in STEPS), add_special_tokens=not extra)["input_ids"]
    places = [i for i, token in enumerate(ids) if token == tokenizer(mark, add_special_tokens=False)["input_ids"][0]]
    wanted = logits_of(model, ids).softmax(-1)[places, 1].tolist()
    assert len(wanted) == 3
    assert reply.scores == near(*wanted)
    assert reply.usage.prompt_tokens == len(ids)


def test_without_a_marker_a_value_is_read_at_a_steps_own_last_token(tmp_path):
    model, tokenizer = saved(tmp_path, "ForTokenClassification", labels=1)
    (reply,) = asked(reward(str(tmp_path), marker=""), rewarded("2+2?", ["a\n", "b"], chain=True))
    logits = logits_of(model, tokenizer("2+2?ab")["input_ids"]).sigmoid()
    assert reply.scores == near(logits[-2, 0].item(), logits[-1, 0].item())


def test_a_language_model_says_plus_or_minus_at_the_mark(tmp_path):
    model, tokenizer = saved(tmp_path, "ForCausalLM")
    (reply,) = asked(reward(str(tmp_path)), rewarded(CHAT, STEPS, chain=True))
    text, wanted = "2+2? ", []
    plus, minus = (tokenizer(sign, add_special_tokens=False)["input_ids"][0] for sign in "+-")
    for step in STEPS:
        text += step.strip() + " ки"
        wanted.append(logits_of(model, tokenizer(text)["input_ids"])[-1, [plus, minus]].softmax(-1)[0].item())
        text += "\n"
    assert reply.scores == near(*wanted)
    other = reward(str(tmp_path), good="y", bad="n", marker="?")
    assert asked(other, rewarded(CHAT, STEPS, chain=True))[0].scores != near(*wanted)


@pytest.mark.parametrize(("kind", "head"), [("ForTokenClassification", "token"), ("ForCausalLM", "lm")])
def test_a_chain_is_its_prefixes(tmp_path, kind, head):
    saved(tmp_path, kind)
    model = reward(str(tmp_path), head=head)
    prefixes = [rewarded(CHAT, STEPS[:i], chain=True) for i in range(1, len(STEPS) + 1)]
    *shorter, whole = asked(model, *prefixes)
    assert [reply.scores[-1] for reply in [*shorter, whole]] == pytest.approx(whole.scores, abs=1e-5)
    assert shorter[1].scores == near(*whole.scores[:2])


@pytest.mark.parametrize(
    ("kind", "head"), [("ForTokenClassification", "token"), ("ForCausalLM", "lm"), ("ForCausalLM", "vocabulary")]
)
def test_alternatives_in_one_row_are_worth_what_they_are_alone(tmp_path, kind, head):
    saved(tmp_path, kind)
    children = [" am", " was it", " will", " was"]
    model = reward(str(tmp_path), head=head)
    both, *alone = asked(
        model,
        rewarded(CHAT, children, prefix="I", chain=False),
        *(rewarded(CHAT, [child], prefix="I", chain=False) for child in children),
    )
    assert both.scores == near(*(reply.scores[0] for reply in alone))
    assert len(set(both.scores)) == 4
    assert both.usage.prompt_tokens < sum(reply.usage.prompt_tokens for reply in alone)


def test_one_pass_over_the_prefix_values_every_next_token(tmp_path):
    model, tokenizer = saved(tmp_path, "ForCausalLM")
    children = [" am", " was", "!", "\n"]
    (reply,) = asked(reward(str(tmp_path), head="vocabulary"), rewarded("Who?", children, prefix=" I", chain=False))
    prefix = tokenizer("Who? I")["input_ids"]
    tokens = [tokenizer(child, add_special_tokens=False)["input_ids"] for child in children]
    assert all(len(token) == 1 for token in tokens)
    wanted = [logits_of(model, prefix)[-1, token[0]].item() for token in tokens]
    assert reply.scores == near(*wanted)
    assert reply.usage.prompt_tokens == len(prefix)


def test_a_longer_child_is_valued_at_its_last_token(tmp_path):
    model, tokenizer = saved(tmp_path, "ForCausalLM")
    (reply,) = asked(reward(str(tmp_path), head="vocabulary"), rewarded("Who?", [" I!"], chain=False))
    ids = tokenizer("Who? I!")["input_ids"]
    assert reply.scores == near(logits_of(model, ids)[-2, ids[-1]].item())


def test_tokens_never_seen_in_training_are_not_to_be_chosen(tmp_path):
    _, tokenizer = saved(tmp_path, "ForCausalLM")
    mask, bias = torch.zeros(len(tokenizer), dtype=torch.bool), torch.arange(len(tokenizer)) * 1.0
    (am,), (was,) = (tokenizer(word, add_special_tokens=False)["input_ids"] for word in (" am", " was"))
    ask = rewarded("Who?", [" am", " was"], prefix=" I", chain=False)
    (plain,) = asked(reward(str(tmp_path), head="vocabulary"), ask)
    mask[was] = True
    torch.save(mask, tmp_path / "unseen_mask.pt")
    torch.save(bias, tmp_path / "lm_head_bias.pt")
    (masked,) = asked(reward(str(tmp_path)), ask)
    assert masked.scores == (pytest.approx(plain.scores[0] + am, abs=1e-3), -math.inf)
    (seen,) = asked(reward(str(tmp_path), unseen=False, head="vocabulary"), ask)
    assert seen.scores[1] == pytest.approx(plain.scores[1] + was, abs=1e-3)


@pytest.mark.parametrize("kind", ["ForSequenceClassification", "ForTokenClassification", "ForCausalLM"])
def test_neighbours_and_padding_change_no_value(tmp_path, kind):
    saved(tmp_path, kind)
    texts = ["4", "It is four, I am sure of that.", "</s>", "four</s>", "was it 4?", "No."]
    asks = [rewarded(CHAT, [text], chain=False) for text in texts]
    many = asked(reward(str(tmp_path), batch=4), *asks)
    alone = [asked(reward(str(tmp_path), batch=1), ask)[0] for ask in asks]
    assert [reply.scores[0] for reply in many] == near(*(reply.scores[0] for reply in alone))
    assert [reply.usage for reply in many] == [reply.usage for reply in alone]


def test_usage_stays_within_what_the_budget_holds(tmp_path):
    saved(tmp_path, "ForTokenClassification", context=4096)
    asks = [
        rewarded(CHAT, ["ки" * i for i in range(1, 9)], prefix="I said", chain=False),
        rewarded(CHAT, ["x"] * 40, chain=True),
        rewarded("", ["x"], chain=True),
    ]
    for ask, reply in zip(asks, asked(reward(str(tmp_path)), *asks), strict=True):
        assert reply.ok
        assert 0 < reply.usage.prompt_tokens <= prompt_bound(ask)


def test_a_given_up_ask_is_not_run_and_the_model_works_on(tmp_path):
    saved(tmp_path, "ForTokenClassification")
    model = reward(str(tmp_path))
    ask = rewarded(CHAT, STEPS, chain=True)

    async def main():
        progress = Progress.of(1)
        task = asyncio.create_task(model.answer([ask], progress))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (first,) = await model.answer([ask], Progress.of(1))
        await model.aclose()
        (again,) = await model.answer([ask], Progress.of(1))
        await model.aclose()
        return first, again

    first, again = asyncio.run(main())
    assert first.ok
    assert first.scores == again.scores


def driven(model, make, *, budget=None):
    """What a flow returns when the model plays the role reward, and the driver's cost."""

    async def main():
        driver = Driver({"generator": Binding(toy()), "reward": Binding(model)}, budget=budget)
        outcome = await driver.run(make(), Scope("p"))
        await model.aclose()
        return outcome

    return asyncio.run(main())


def result_of(flow):
    value = yield from flow
    return Result(info={"value": value})


PROBLEM = Problem("p", "2+2?")


def test_verifiers_reach_the_model_through_the_driver(tmp_path):
    saved(tmp_path / "prm", "ForTokenClassification")
    saved(tmp_path / "orm", "ForSequenceClassification")
    text = "".join(STEPS)
    for how in ("min", "product", "last", "mean"):
        flow = prm(PROBLEM, text, key=Key(), aggregate=how)
        outcome = driven(reward(str(tmp_path / "prm")), lambda flow=flow: result_of(flow))
        assert outcome.error is None
        assert 0.0 < outcome.result.info["value"].value < 1.0
        assert outcome.cost.passes == 1
        assert outcome.cost.flops > 0
    outcome = driven(reward(str(tmp_path / "orm")), lambda: result_of(orm(PROBLEM, text, key=Key())))
    assert 0.0 < outcome.result.info["value"].value < 1.0
    assert outcome.cost.prompt_tokens == len(tokenizer_of()("2+2?\n" + text)["input_ids"])


def test_multifurcation_takes_one_evaluation_a_node(tmp_path):
    """The identity of the method: one evaluation a node, where a model of single texts takes one a child."""
    saved(tmp_path, "ForCausalLM")
    children = [" am", " was", "!", "?", "\n"]
    spec = {"head": "vocabulary"}
    one = driven(reward(str(tmp_path), **spec), lambda: result_of(values(PROBLEM, "I", children)))
    many = driven(reward(str(tmp_path), **spec), lambda: result_of(one_by_one(PROBLEM, "I", children)))
    assert (one.cost.passes, many.cost.passes) == (1, len(children))
    assert one.cost.prompt_tokens * len(children) == many.cost.prompt_tokens
    assert one.result.info["value"] == near(*many.result.info["value"])


def test_a_budget_that_is_spent_ends_it_before_the_pass(tmp_path):
    saved(tmp_path, "ForTokenClassification")
    make = lambda: result_of(prm(PROBLEM, "a\nb", key=Key()))  # noqa: E731
    outcome = driven(reward(str(tmp_path)), make, budget=Budget(passes=0))
    assert outcome.cost.passes == 0
    assert outcome.result.stop == "budget"
