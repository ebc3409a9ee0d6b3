"""Guidance and contrast: identities with plain sampling, and what a planted noise shows."""

from __future__ import annotations

import pytest
import torch
from decoders_here import LLAMA, inputs, run
from tiny_models import logits_from_scratch

from passel.core.ask import Sampling
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.decoding.cfg import cfg
from passel.decoding.contrastive import concentration, contrasted, contrastive, without_examples
from passel.decoding.entropy_adaptive import dynamic_temperature, entropy_adaptive
from passel.decoding.nucleus import nucleus

WARM = inputs(sampling=Sampling(temperature=0.9), max_tokens=15)
KEY = Key(5)


def plain() -> tuple[int, ...]:
    return run(nucleus(WARM, key=KEY, top_p=1.0))[0].tokens


def test_guidance_of_strength_one_is_plain_sampling():
    assert run(cfg(WARM, key=KEY, gamma=1.0))[0].tokens == plain()


def test_guidance_of_strength_zero_is_blind_to_the_prompt():
    other = inputs(prompt=(9, 8, *LLAMA[-1:]), sampling=WARM.sampling, max_tokens=15)
    assert run(cfg(WARM, key=KEY, gamma=0.0))[0].tokens == run(cfg(other, key=KEY, gamma=0.0))[0].tokens


def test_guidance_is_the_formula():
    cold = inputs(sampling=Sampling(temperature=0.0), max_tokens=6)
    found = run(cfg(cold, key=KEY, gamma=2.0))[0].tokens
    for step, token in enumerate(found):
        after = logits_from_scratch((*cold.prompt, *found[:step]))[-1].log_softmax(-1)
        blind = logits_from_scratch((cold.prompt[-1], *found[:step]))[-1].log_softmax(-1)
        assert token == int((2 * after - blind).argmax())


@pytest.mark.parametrize(
    "options",
    [{"eta": 0.0}, {"threshold": 0.0}, {"lame": "prompt", "lame_prompt": "the prompt itself", "beta": 0.0}],
    ids=["no contrast", "never unsure", "the prompt itself"],
)
def test_contrast_that_cannot_matter_is_plain_sampling(options: dict):
    same = inputs(sampling=WARM.sampling, max_tokens=15, encode=lambda text: WARM.prompt)
    assert run(contrastive(same, key=KEY, **options))[0].tokens == plain()


def test_the_lame_prompt_is_asked_where_the_model_is_unsure_alone():
    few, many = (run(contrastive(WARM, key=KEY, lame="last", threshold=t))[0].spent for t in (0.2, 1.0))
    assert 0 < few < many <= 15


def test_contrast_recovers_a_signal_that_noise_covers():
    """p = mix of signal and noise, and the lame prompt has the noise alone (the note's planted check)."""
    random = torch.Generator().manual_seed(3)
    right = dict.fromkeys((0.0, 1.0), 0)
    for _ in range(300):
        signal = torch.zeros(50)
        signal[int(torch.randint(50, (1,), generator=random))] = 1.0
        noise = torch.rand(50, generator=random).square()
        noise /= noise.sum()
        mixed = 0.02 * signal + 0.98 * noise
        for eta in right:
            right[eta] += int(contrasted(mixed.log(), noise.log(), eta, 0.1).argmax() == signal.argmax())
    assert right[1.0] > 2 * right[0.0]


def test_concentration_runs_from_uniform_to_certain():
    assert concentration(torch.zeros(1000)) == pytest.approx(0.0, abs=1e-3)
    assert concentration(torch.tensor([50.0] + [0.0] * 999)) == pytest.approx(1.0, abs=1e-3)


def test_examples_are_taken_out_of_a_prompt():
    prompt = 'def add(a, b):\n    """Add.\n    >>> add(1, 2)\n    3\n    """\nExample: add(1, 1) gives 2\n'
    assert without_examples(prompt) == 'def add(a, b):\n    """Add.\n    """\n'


def test_a_prompt_of_ones_own_must_be_given():
    with pytest.raises(UsageError, match="lame_prompt"):
        run(contrastive(WARM, key=KEY, lame="prompt"))


def test_temperature_follows_the_entropy():
    sure, unsure = torch.tensor([8.0, 0.0, 0.0]), torch.zeros(3)
    assert dynamic_temperature(sure, 1.0, 0.1, 0.8) < dynamic_temperature(unsure, 1.0, 0.1, 0.8) < 1.0
    assert dynamic_temperature(unsure, 1.0, 0.1, 0.8) == pytest.approx(0.8 ** (0.1 / torch.tensor(3.0).log().item()))


def test_a_base_of_one_is_plain_sampling():
    assert run(entropy_adaptive(WARM, key=KEY, base=1.0))[0].tokens == plain()
