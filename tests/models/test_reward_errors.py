"""What is said of reward models and asks that cannot work, and the names that keep models apart."""

from __future__ import annotations

import json

import pytest
from reward_models import CHAT, STEPS, asked, rewarded, saved, tokenizer_of, transformers

from passel.core.errors import ModelError, UsageError
from passel.models import load
from passel.models.reward import reward


def test_what_cannot_have_a_value_is_a_failed_reply(tmp_path):
    saved(tmp_path, "ForTokenClassification", context=32)
    long, none, fine = asked(
        reward(str(tmp_path)),
        rewarded(CHAT, ["x" * 40], chain=True),
        rewarded(CHAT, [], chain=True),
        rewarded(CHAT, ["x"], chain=True),
    )
    assert (long.stop, long.error) == ("failed", "46 tokens do not fit the context of 32")
    assert (none.stop, none.error) == ("failed", "no continuations")
    assert fine.ok


def test_an_outcome_model_takes_no_steps(tmp_path):
    saved(tmp_path, "ForSequenceClassification")
    with pytest.raises(UsageError, match="head token, lm or vocabulary"):
        asked(reward(str(tmp_path)), rewarded(CHAT, STEPS, chain=True))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"no folder at .*hf:ORG/NAME"):
        load(f"reward:{tmp_path / 'nothing'}")
    with pytest.raises(UsageError, match=r"config\.json"):
        load(f"reward:{tmp_path}")
    with pytest.raises(UsageError, match="reward:FOLDER"):
        load("reward:")


def test_a_head_that_the_model_has_not(tmp_path):
    saved(tmp_path, "ForSequenceClassification")
    with pytest.raises(UsageError, match=r"head=lm needs a causal language model, but .* LlamaForSequenceClass"):
        load(f"reward:{tmp_path}:head=lm")


def test_no_architecture(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="no stated architecture"):
        load(f"reward:{tmp_path}")


def test_a_missing_package(tmp_path, monkeypatch):
    monkeypatch.setattr("passel.models.parts.reward.settings.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "passel\[engine\]"'):
        load(f"reward:{tmp_path}")


def test_a_head_without_weights_is_not_made_up(tmp_path):
    saved(tmp_path, "ForCausalLM")
    config = json.loads((tmp_path / "config.json").read_text())
    config["architectures"] = ["LlamaForSequenceClassification"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=r"lacks weights that its head needs: score\.weight"):
        asked(reward(str(tmp_path)), rewarded(CHAT, ["x"], chain=False))


def test_weights_that_are_not_there(tmp_path):
    saved(tmp_path, "ForCausalLM")
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot load the reward model"):
        asked(reward(str(tmp_path)), rewarded(CHAT, ["x"], chain=False))


def test_words_that_are_one_token(tmp_path):
    saved(tmp_path, "ForCausalLM")
    with pytest.raises(UsageError, match="cannot tell good=a from bad=a"):
        asked(reward(str(tmp_path), good="a", bad="a"), rewarded(CHAT, ["x"], chain=True))


def test_a_name_tells_models_and_ways_to_read_them_apart(tmp_path):
    for folder, kind in (("a", "ForSequenceClassification"), ("b", "ForCausalLM")):
        saved(tmp_path / folder / "m", kind)
    a, b = (str(tmp_path / folder / "m") for folder in "ab")
    specs = [
        f"reward:{a}",
        f"reward:{a}:output=raw",
        f"reward:{b}",
        f"reward:{b}:head=vocabulary",
        f"reward:{b}:good=y",
    ]
    names = [load(spec).info.name for spec in specs]
    assert len(set(names)) == 5
    assert load(specs[0]).info == load(specs[0]).info
    assert all(str(tmp_path) not in name for name in names)
    weights = transformers.AutoModelForCausalLM.from_pretrained(b).num_parameters()
    assert load(specs[2]).info.parameters == weights
    assert load(specs[2]).info.context == 256


def test_alternatives_in_one_row_need_a_causal_model(tmp_path):
    """A model that looks ahead would let one alternative see another; of one text at a time it can say a value."""
    tokenizer = tokenizer_of()
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    transformers.BertForTokenClassification(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    (alone,) = asked(reward(str(tmp_path)), rewarded(CHAT, ["a"], chain=False))
    assert 0.0 < alone.scores[0] < 1.0
    with pytest.raises(UsageError, match="is not causal"):
        asked(reward(str(tmp_path)), rewarded(CHAT, ["a", "b"], chain=False))
