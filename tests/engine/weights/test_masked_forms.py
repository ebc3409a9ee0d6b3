"""Checkpoints of LLaDA's and Dream's form: tiny ones with random weights, next to their blocks in plain torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tiny_checkpoints import tiny, tiny_tokenizer, vocabulary

torch = pytest.importorskip("torch", reason="needs torch")
from safetensors.torch import load_file, save_file  # noqa: E402
from torch.nn import functional  # noqa: E402

from passel.core.errors import ModelError, UsageError  # noqa: E402
from passel.engine import Engine, read  # noqa: E402
from passel.engine.masked import MaskedDiffusion, declare, declared  # noqa: E402
from passel.engine.requests import ALL, Forward, forward, open_branch  # noqa: E402
from passel.engine.weights import load, save  # noqa: E402

TOKENS = [(at * 37 + 5) % 280 for at in range(30)]
MASK = 287

LLADA: dict[str, Any] = {
    "model_type": "llada",
    "architectures": ["LLaDAModelLM"],
    "auto_map": {"AutoConfig": "configuration_llada.LLaDAConfig", "AutoModel": "modeling_llada.LLaDAModelLM"},
    "d_model": 64,
    "n_heads": 4,
    "n_kv_heads": 2,
    "n_layers": 2,
    "mlp_hidden_size": 96,
    "mlp_ratio": 4,
    "vocab_size": 288,
    "embedding_size": 288,
    "max_sequence_length": 256,
    "rms_norm_eps": 1e-5,
    "rope": True,
    "rope_theta": 500000.0,
    "block_type": "llama",
    "activation_type": "silu",
    "layer_norm_type": "rms",
    "weight_tying": False,
    "include_bias": False,
    "include_qkv_bias": False,
    "bias_for_layer_norm": False,
    "alibi": False,
    "attention_layer_norm": False,
    "input_emb_norm": False,
    "scale_logits": False,
    "multi_query_attention": None,
    "mask_token_id": MASK,
    "eos_token_id": 2,
    "pad_token_id": 2,
}
"""The keys of LLaDA-8B's configuration, with small sizes and grouped heads."""

DREAM: dict[str, Any] = {
    "model_type": "Dream",
    "architectures": ["DreamModel"],
    "auto_map": {"AutoConfig": "configuration_dream.DreamConfig", "AutoModel": "modeling_dream.DreamModel"},
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "vocab_size": 288,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "rope_scaling": None,
    "use_sliding_window": False,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "mask_token_id": MASK,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
}


def llada_state() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(3)

    def drawn(*shape: int) -> Any:
        return torch.randn(*shape, generator=generator) * 0.2 + (1.0 if len(shape) == 1 else 0.0)

    at = "model.transformer"
    state = {f"{at}.wte.weight": drawn(288, 64), f"{at}.ln_f.weight": drawn(64), f"{at}.ff_out.weight": drawn(288, 64)}
    shapes = {"attn_norm": (64,), "ff_norm": (64,), "q_proj": (64, 64), "k_proj": (32, 64), "v_proj": (32, 64),
              "attn_out": (64, 64), "ff_proj": (96, 64), "up_proj": (96, 64), "ff_out": (64, 96)}  # fmt: skip
    for layer in range(2):
        state |= {f"{at}.blocks.{layer}.{name}.weight": drawn(*shape) for name, shape in shapes.items()}
    return state


def normed(x: Any, weight: Any, eps: float) -> Any:
    return weight * x * (x.square().mean(-1, keepdim=True) + eps).rsqrt()


def rotated(x: Any, theta: float) -> Any:
    """[heads, tokens, 16], each half by the other."""
    angles = torch.arange(x.shape[1])[:, None] / theta ** (torch.arange(0, 16, 2) / 16)
    cosine, sine = angles.cos().repeat(1, 2), angles.sin().repeat(1, 2)
    a, b = x.chunk(2, -1)
    return x * cosine + torch.cat((-b, a), -1) * sine


def attention(x: Any, weight: Any, theta: float) -> Any:
    """All tokens see each other. `weight`: by one letter, with an optional bias."""
    q, k, v = (functional.linear(x, *weight[name]).view(len(x), -1, 16).transpose(0, 1) for name in "qkv")
    q, k = rotated(q, theta), rotated(k, theta)
    k, v = k.repeat_interleave(2, 0), v.repeat_interleave(2, 0)
    seen = (q @ k.transpose(1, 2) / 4.0).softmax(-1) @ v
    return functional.linear(seen.transpose(0, 1).reshape(len(x), 64), *weight["o"])


def llada_from_scratch(state: dict[str, Any], tokens: list[int]) -> Any:
    own = {name.removeprefix("model.transformer.").removesuffix(".weight"): one for name, one in state.items()}
    x = own["wte"][tokens]
    for layer in range(2):
        within = f"blocks.{layer}."
        part = {name.removeprefix(within): one for name, one in own.items() if name.startswith(within)}
        weight = {letter: (part[f"{letter}_proj"],) for letter in "qkv"} | {"o": (part["attn_out"],)}
        x = x + attention(normed(x, part["attn_norm"], 1e-5), weight, 500000.0)
        y = normed(x, part["ff_norm"], 1e-5)
        x = x + (functional.silu(y @ part["ff_proj"].T) * (y @ part["up_proj"].T)) @ part["ff_out"].T
    return normed(x, own["ln_f"], 1e-5) @ own["ff_out"].T


def dream_from_scratch(state: dict[str, Any], tokens: list[int]) -> Any:
    x = state["model.embed_tokens.weight"][tokens]
    for layer in range(2):
        part = {name.removeprefix(f"model.layers.{layer}."): one for name, one in state.items()}
        weight = {one: (part[f"self_attn.{one}_proj.weight"], part[f"self_attn.{one}_proj.bias"]) for one in "qkv"}
        weight["o"] = (part["self_attn.o_proj.weight"],)
        x = x + attention(normed(x, part["input_layernorm.weight"], 1e-6), weight, 1000000.0)
        y = normed(x, part["post_attention_layernorm.weight"], 1e-6)
        gate, up = y @ part["mlp.gate_proj.weight"].T, y @ part["mlp.up_proj.weight"].T
        x = x + (functional.silu(gate) * up) @ part["mlp.down_proj.weight"].T
    return normed(x, state["model.norm.weight"], 1e-6) @ state["lm_head.weight"].T


def dream_state() -> dict[str, Any]:
    """Qwen 2's names, which are Dream's."""
    state = {name: one.clone() for name, one in tiny("qwen2").state_dict().items()}
    state["lm_head.weight"] = state["lm_head.weight"].flip(0).clone()
    return state


def write(folder: Path, config: dict[str, Any], state: dict[str, Any], shards: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    tiny_tokenizer().save_pretrained(folder)
    names = sorted(state)
    for shard in range(shards):
        part = {name: state[name].contiguous() for name in names[shard::shards]}
        save_file(part, folder / f"model-{shard + 1:05}-of-{shards:05}.safetensors", metadata={"format": "pt"})
    return folder


def logits_of(model: Any) -> Any:
    def flow() -> Any:
        branch = yield from open_branch()
        return (yield from forward(Forward(branch, tuple(TOKENS), full=True, logits=ALL))).logits

    engine = Engine(read(model, 64), context=64, memory=4 << 20)
    found = engine.run(flow())
    engine.close()
    return found


@pytest.mark.parametrize("shards", [1, 3])
def test_llada(tmp_path: Path, shards: int) -> None:
    state = llada_state()
    found = load(write(tmp_path / "llada", LLADA, state, shards), dtype="float32", device="cpu")
    wanted = llada_from_scratch(state, TOKENS)
    assert (logits_of(found.model) - wanted).abs().max() < 3e-5 * wanted.abs().max()
    assert declared(found.model.config) == MaskedDiffusion(MASK, shifted=False)
    assert found.parameters == sum(one.numel() for one in state.values())
    assert found.end_ids >= {2}


def test_dream(tmp_path: Path) -> None:
    state = dream_state()
    found = load(write(tmp_path / "dream", DREAM, state), dtype="float32", device="cpu")
    wanted = dream_from_scratch(state, TOKENS)
    assert (logits_of(found.model) - wanted).abs().max() < 3e-5 * wanted.abs().max()
    assert declared(found.model.config) == MaskedDiffusion(MASK, shifted=True)


def test_what_is_loaded_is_saved_as_a_model_of_transformers_and_stays_what_it_is(tmp_path: Path) -> None:
    for name, config, state in (("a", LLADA, llada_state()), ("b", DREAM, dream_state())):
        first = load(write(tmp_path / name, config, state), dtype="float32", device="cpu")
        second = load(save(first, tmp_path / f"{name}-saved"), dtype="float32", device="cpu")
        assert torch.equal(logits_of(first.model), logits_of(second.model))
        assert declared(second.model.config) == declared(first.model.config) != None  # noqa: E711
        assert second.model.config.model_type in ("llama", "qwen2")


def test_tied_embeddings_and_one_head_of_keys(tmp_path: Path) -> None:
    state = llada_state()
    del state["model.transformer.ff_out.weight"]
    tied = load(write(tmp_path / "tied", {**LLADA, "weight_tying": True}, state), dtype="float32", device="cpu")
    whole = {**state, "model.transformer.ff_out.weight": state["model.transformer.wte.weight"]}
    wanted = llada_from_scratch(whole, TOKENS)
    assert (logits_of(tied.model) - wanted).abs().max() < 3e-5 * wanted.abs().max()
    one = {name: weight[:16] if "k_proj" in name or "v_proj" in name else weight for name, weight in state.items()}
    config = {**LLADA, "weight_tying": True, "n_kv_heads": None, "multi_query_attention": True}
    assert load(write(tmp_path / "one", config, one), device="cpu").model.config.num_key_value_heads == 1


def test_a_dream_without_a_tokenizer_file_has_qwen_s(tmp_path: Path) -> None:
    folder = write(tmp_path / "dream", DREAM, dream_state())
    for file in folder.glob("*token*"):
        file.unlink()
    tokens, merges = vocabulary()
    (folder / "vocab.json").write_text(json.dumps({token: at for at, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    settings = {"tokenizer_class": "DreamTokenizer", "eos_token": "<|endoftext|>", "mask_token": "<|spare1|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    tokenizer = load(folder, dtype="float32", device="cpu").tokenizer
    ids = tokenizer.encode("the 123 a")
    assert tokenizer.decode(ids) == "the 123 a"
    assert ids[0] == tokens.index("the")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"block_type": "sequential"}, "block_type='sequential'"),
        ({"activation_type": "swiglu"}, "activation_type='swiglu'"),
        ({"layer_norm_type": "default"}, "layer_norm_type='default'"),
        ({"rope": False}, "rope=False"),
        ({"include_qkv_bias": True}, "include_qkv_bias=True"),
        ({"attention_layer_norm": True}, "attention_layer_norm=True"),
        ({"mask_token_id": None}, "no mask_token_id"),
        ({"mask_token_id": 999}, "mask token 999 is not among"),
    ],
)
def test_a_variant_that_cannot_be_run_is_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    folder = write(tmp_path / "llada", {**LLADA, **change}, llada_state())
    with pytest.raises(UsageError, match=says):
        read(load(folder, dtype="float32", device="cpu").model, 64)


def test_what_is_missing_or_damaged_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "llada", LLADA, llada_state())
    file = next(folder.glob("*.safetensors"))
    state = load_file(file)
    del state["model.transformer.blocks.1.up_proj.weight"]
    save_file(state, file)
    with pytest.raises(UsageError, match=r"lacks weights: model\.layers\.1\.mlp\.up_proj\.weight"):
        load(folder, device="cpu")
    save_file({**state, "model.transformer.wpe.weight": torch.zeros(2, 2)}, file)
    with pytest.raises(UsageError, match=r"holds model\.transformer\.wpe\.weight"):
        load(folder, device="cpu")
    file.write_bytes(b"\0" * 50)
    with pytest.raises(ModelError, match="cannot load"):
        load(folder, device="cpu")
    file.unlink()
    with pytest.raises(UsageError, match="has no safetensors"):
        load(folder, device="cpu")
    dream = write(tmp_path / "dream", {**DREAM, "use_sliding_window": True}, dream_state())
    with pytest.raises(UsageError, match="sliding window"):
        load(dream, device="cpu")


def test_a_declaration_that_makes_no_sense_is_refused() -> None:
    config = tiny("llama").config
    assert declared(config) is None
    config.masked_diffusion = {"mask": 1, "moved": True}
    with pytest.raises(UsageError, match="has mask and shifted"):
        declared(config)
    window = tiny("gemma3")
    declare(window.config, MaskedDiffusion(5))
    with pytest.raises(UsageError, match="see a window only"):
        read(window, 64)
    declare(config, MaskedDiffusion(288))
    with pytest.raises(UsageError, match="not among the model's 288"):
        declared(config)
