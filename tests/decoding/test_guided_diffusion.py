"""Guided diffusion: what each rule accepts, whose text comes of it, and how many passes it takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch
from decoders_here import LLAMA, inputs, run
from masked_here import MASK, Seen, logits_of, masked_inputs, run_masked
from tiny_models import CONTEXT, engine_of, logits_from_scratch, model_of

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.decoding.greedy import greedy
from passel.decoding.guided_diffusion import guided_diffusion
from passel.decoding.parts.acceptance import Agreement, Rule, agreement
from passel.engine import Engine, read
from passel.engine.masked import MaskedDiffusion

LENGTH = 22
RULES = ("exact", "top_k", "threshold", "relative", "stochastic")


def greedy_of(guide: int, length: int = LENGTH, end: tuple[int, ...] = ()) -> tuple[int, ...]:
    """The guide's own text, from scratch; the mask token is not for it."""
    tokens = list(LLAMA)
    while len(tokens) < len(LLAMA) + length:
        logits = logits_from_scratch(tokens, seed=guide)[-1].clone()
        logits[MASK] = float("-inf")
        tokens.append(int(logits.argmax()))
        if tokens[-1] in end:
            break
    return tuple(tokens[len(LLAMA) :])


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("block", [1, 5, 32])
@pytest.mark.parametrize("proposer", [0, 1, 2])
def test_exact_gives_the_guide_s_greedy_text_whatever_is_proposed(proposer: int, block: int, shifted: bool):
    given = masked_inputs(inputs(max_tokens=LENGTH), shifted=shifted)
    seen = Seen()
    found = run_masked(guided_diffusion(given, block=block), seen, seed=proposer, guide=1, shifted=shifted)
    assert found.tokens == greedy_of(1)
    assert len(seen.own) == len(seen.guide) - 1 <= LENGTH


def test_exact_is_the_engine_s_own_greedy_text_and_ends_where_it_ends():
    engine = engine_of(seed=2)
    (whole,) = engine.run(greedy(inputs(max_tokens=LENGTH)))
    end = whole.tokens[13]
    (wanted,) = engine.run(greedy(inputs(max_tokens=LENGTH, end=(end,))))
    engine.close()
    found = run_masked(guided_diffusion(masked_inputs(inputs(max_tokens=LENGTH, end=(end,)))), guide=2)
    assert (found.tokens, found.ended) == (wanted.tokens, "end")


def proposed(tokens: list[int], count: int) -> list[int]:
    rows = logits_of(tokens).clone()
    rows[:, MASK] = float("-inf")
    first = tokens.index(MASK)
    return rows[first : first + count].argmax(-1).tolist()


@pytest.mark.parametrize("failure", ["guide", "proposal"])
@pytest.mark.parametrize("name", ["exact", "top_k", "relative"])
def test_each_rule_next_to_the_plainest_reading_of_it(name: str, failure: str):
    """Everything from scratch at every pass, with refresh=1 so that the proposals are too."""
    k, threshold = (24, 0.02) if name != "exact" else (1, 0.0)
    tokens, runs = [*LLAMA, *[MASK] * LENGTH], list[int]()
    while MASK in tokens:
        first = tokens.index(MASK)
        guesses = proposed(tokens, 6)
        rows = logits_from_scratch([*tokens[:first], *guesses], seed=1)[first - 1 :].clone()
        rows[:, MASK] = float("-inf")
        chances = rows.softmax(-1)
        best = chances.sort(descending=True).indices[:, :k].tolist()
        stands = [
            guess in best[at] and (name != "relative" or chances[at, guess] >= threshold * chances[at].max())
            for at, guess in enumerate(guesses)
        ]
        count = stands.index(False) if False in stands else len(stands)
        own = int(rows[count].argmax())
        new = [*guesses[:count], own] if failure == "guide" else guesses[: max(1, count)]
        runs.append(count)
        new = new[: len(tokens) - first]
        tokens[first : first + len(new)] = new
    seen = Seen()
    how = {"k": k, "threshold": threshold} if name != "exact" else {}
    given = masked_inputs(inputs(max_tokens=LENGTH))
    found = run_masked(guided_diffusion(given, rule=name, failure=failure, block=6, refresh=1, **how), seen, guide=1)
    assert list(found.tokens) == tokens[len(LLAMA) :]
    assert len(seen.own) == len(runs)
    assert any(runs) == (name != "exact"), "the looser rules accept something of a model of chance"


def test_passes_are_the_formula_s():
    """Where nothing stands, a pass a token; where all does, a block and one more a pass."""
    seen = Seen()
    found = run_masked(guided_diffusion(masked_inputs(inputs(max_tokens=LENGTH)), block=6), seen, guide=1)
    accepted = LENGTH - len(seen.own)  # each pass gives one token of the guide's own
    assert len(seen.own) == pytest.approx(LENGTH / (accepted / len(seen.own) + 1))
    everything = Seen()
    given = masked_inputs(inputs(max_tokens=LENGTH))
    whole = run_masked(guided_diffusion(given, rule="top_k", k=64, block=6), everything, guide=1)
    assert len(everything.own) == -(-LENGTH // 7)  # all stand: a block and one more, each time
    assert whole.spent == 0
    assert found.spent > 0


@pytest.mark.parametrize("a", [0.0, 0.4, 0.9])
def test_passes_a_token_follow_the_share_that_stands(a: float):
    """Proposals that stand by chance: (1 - a) / (1 - a^(B+1)) passes a token."""
    block, passes, tokens = 5, 1500, 0
    logits = torch.tensor([[0.0, 0.0, 30.0]] * (block + 1))
    for at in range(passes):
        key = Key(at)
        guesses = [2 if (key / "stands" / place).uniform() < a else 1 for place in range(block)]
        tokens += agreement(Rule.of("exact", None, None), logits, guesses, key).accepted + 1
    assert passes / tokens == pytest.approx((1 - a) / (1 - a ** (block + 1)), rel=0.06)


CHANCES = torch.tensor([0.05, 0.4, 0.15, 0.25, 0.15]).log().repeat(3, 1)


@pytest.mark.parametrize(
    ("rule", "stand"),
    [
        (Rule("exact"), [1]),
        (Rule("top_k", 2), [1, 3]),
        (Rule("top_k", 3), [1, 2, 3]),  # of equals the lowest id
        (Rule("top_k", 4), [1, 2, 3, 4]),
        (Rule("threshold", 1, 0.1), [1, 2, 3, 4]),
        (Rule("threshold", 1, 0.2), [1, 3]),
        (Rule("relative", 2, 0.5), [1, 3]),
        (Rule("relative", 2, 0.7), [1]),
        (Rule("relative", 5, 0.3), [1, 2, 3, 4]),
    ],
)
def test_what_a_rule_accepts(rule: Rule, stand: list[int]):
    found = [token for token in range(5) if agreement(rule, CHANCES, [token, token], Key(1)).accepted == 2]
    assert found == stand
    for token in set(range(5)) - set(stand):
        one = agreement(rule, CHANCES, [1, token], Key(1))
        assert one.accepted == 1
        assert one.own == 1 or (rule.draws and one.own != token)


def test_the_defaults_are_the_public_code_s():
    assert Rule.of("top_k", None, None).k == 5
    assert Rule.of("threshold", None, None).threshold == 0.1
    assert Rule.of("relative", None, None) == Rule("relative", 2, 0.5)
    for wrong in ((0, None), (None, 1.5), (None, -0.1)):
        with pytest.raises(UsageError, match="at least 1"):
            Rule.of("top_k", *wrong)


@pytest.mark.parametrize("proposal", [0, 1, 3])
def test_stochastic_is_distributed_as_the_guide(proposal: int):
    """Accepted with its own chance, else drawn from the others: the first token has the guide's distribution."""
    rule, draws = Rule.of("stochastic", None, None), 2500
    first = Counter(
        proposal if found.accepted else found.own
        for found in (agreement(rule, CHANCES[:2], [proposal], Key(at)) for at in range(draws))
    )
    bonus = Counter(found.own for found in (agreement(rule, CHANCES[:1], [], Key(at) / "bonus") for at in range(draws)))
    for token, chance in enumerate(CHANCES[0].exp().tolist()):
        for counts in (first, bonus):
            assert counts[token] / draws == pytest.approx(chance, abs=4 * (chance * (1 - chance) / draws) ** 0.5)


def test_a_refused_token_is_not_drawn_even_where_nothing_else_is_left():
    certain = torch.tensor([[0.0, 200.0, 0.0]] * 2)
    assert agreement(Rule("threshold", 1, 1.0), certain, [1], Key()) == Agreement(0, 0)


@pytest.mark.parametrize("rule", RULES)
def test_what_is_proposed_and_told_is_never_the_mask(rule: str):
    """A guide that would choose the mask token everywhere."""
    guide = model_of("llama", 1)
    parts = read(guide, CONTEXT)
    head = parts.head
    loud = replace(parts, head=_Loud(head))
    own = replace(read(model_of("llama"), CONTEXT), masked=MaskedDiffusion(MASK))
    engine = Engine(own, other_models=[loud], context=CONTEXT, memory=8 << 20)
    (found,) = engine.run(guided_diffusion(masked_inputs(inputs(max_tokens=LENGTH)), rule=rule))
    engine.close()
    assert len(found.tokens) == LENGTH
    assert MASK not in found.tokens


class _Loud:
    def __init__(self, head):
        self._head, self.outputs = head, head.outputs

    def __call__(self, x):
        logits = self._head(x)
        logits[:, MASK] += 100.0
        return logits


def test_models_whose_vocabularies_differ_by_padding():
    """The guide has fewer rows: what it cannot read is not proposed, and both go on."""
    parts = read(model_of("llama", 1), CONTEXT)
    fewer = replace(parts, embedding=parts.embedding[:50], head=_First(parts.head, 50))
    own = replace(read(model_of("llama"), CONTEXT), masked=MaskedDiffusion(MASK))
    engine = Engine(own, other_models=[fewer], context=CONTEXT, memory=8 << 20)
    (found,) = engine.run(guided_diffusion(masked_inputs(inputs(max_tokens=LENGTH)), rule="top_k", k=64))
    engine.close()
    assert len(found.tokens) == LENGTH
    assert max(found.tokens) < 50


class _First:
    def __init__(self, head, count):
        self._head, self.outputs = head, count

    def __call__(self, x):
        return self._head(x)[:, : self.outputs]


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(UsageError, match="there are 0 models beside"):
        run(guided_diffusion(inputs()))
    with pytest.raises(UsageError, match="takes a masked-diffusion model"):
        run(guided_diffusion(replace(inputs(), extra_models=1)))
    with pytest.raises(UsageError, match="there are 1 models beside"):
        run_masked(guided_diffusion(masked_inputs(inputs()), guide=2))
    with pytest.raises(UsageError, match="block"):
        run_masked(guided_diffusion(masked_inputs(inputs()), block=0))
    monkeypatch.setattr("passel.decoding.guided_diffusion._MAX_DIFFERENCE", 3)
    parts = read(model_of("llama", 1), CONTEXT)
    fewer = replace(parts, head=_First(parts.head, 50))
    engine = Engine(replace(parts, masked=MaskedDiffusion(MASK)), other_models=[fewer], context=CONTEXT, memory=8 << 20)
    with pytest.raises(UsageError, match="share a tokenizer"):
        engine.run(guided_diffusion(masked_inputs(inputs())))
    engine.close()


def test_a_guide_reads_one_pass_a_pass():
    seen = Seen()
    run_masked(guided_diffusion(masked_inputs(inputs(max_tokens=LENGTH)), block=6), seen)
    assert seen.guide[0] == len(LLAMA)
    assert all(count <= 1 + 6 + 1 for count in seen.guide[1:])
    assert seen.own[0] == len(LLAMA) + LENGTH
    assert all(count <= LENGTH for count in seen.own[1:])
