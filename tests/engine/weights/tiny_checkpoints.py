"""Tiny models of each family with fixed weights, and GGUF files of them as llama.cpp's converter writes them."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs torch")
transformers = pytest.importorskip("transformers", reason="needs transformers")
gguf = pytest.importorskip("gguf", reason="needs gguf")
tokenizers = pytest.importorskip("tokenizers", reason="needs tokenizers")

__all__ = [
    "ARCHITECTURES",
    "FAMILIES",
    "SPECIALS",
    "ask",
    "peft_adapter",
    "server",
    "tiny",
    "tiny_config",
    "tiny_tokenizer",
    "write_gguf",
]

FAMILIES = {
    "llama": ("Llama", {}),
    "llama3": (
        "Llama",
        {
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 10000.0,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192,
            },
            "tie_word_embeddings": False,
            "max_position_embeddings": 16384,
        },
    ),
    "mistral": ("Mistral", {"sliding_window": None, "head_dim": 16, "tie_word_embeddings": False}),
    "qwen2": ("Qwen2", {"tie_word_embeddings": True}),
    "qwen3": ("Qwen3", {"head_dim": 32}),
    "gemma2": ("Gemma2", {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 8}),
    "gemma3": ("Gemma3", {"head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 8, "num_hidden_layers": 7}),
}
"""Family -> name of its classes, and how its configuration differs."""

ARCHITECTURES = {"llama3": "llama", "mistral": "llama"}
"""Family -> architecture of its GGUF files, where the names differ."""

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_SHARED = {
    "vocab_size": 288,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


def tiny_config(family: str, **how: Any) -> Any:
    """The configuration of a tiny model of this family."""
    kind, settings = FAMILIES[family]
    name = f"{kind}TextConfig" if kind == "Gemma3" else f"{kind}Config"
    return getattr(transformers, name)(**{**_SHARED, **settings, **how})


def tiny(family: str) -> Any:
    """A model of this family in float32, in eval mode; weights from a fixed generator, norms not all one."""
    kind, _ = FAMILIES[family]
    model = getattr(transformers, f"{kind}ForCausalLM")(tiny_config(family)).eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            drawn = torch.randn(weight.shape, generator=generator)
            weight.copy_(drawn * 0.2 + (0.0 if weight.dim() > 1 or "bias" in name or kind.startswith("Gemma") else 1.0))
    return model


def vocabulary() -> tuple[list[str], list[tuple[str, str]]]:
    """Special tokens, one token a byte, and merges that show how a text was cut: 288 tokens in all."""
    merges = [("Ġ", "a"), ("1", "2"), ("12", "3"), ("123", "4"), ("Ġ", "1"), ("Ġ", "Ġ"), ("ĠĠ", "Ġ"), ("Ċ", "Ċ")]
    merges += [
        ("'", "s"),
        ("'", "S"),
        ("t", "h"),
        ("th", "e"),
        ("Ġ", "the"),
        (".", "."),
        ("Ġ", "."),
        (".", "Ċ"),
        ("!", "a"),
    ]
    merges += [("č", "Ċ"), ("(", "x"), ("A", "b"), ("b", "A"), ("/", "/"), ("5", "6"), ("Ġ", "5"), ("ĉ", "x")]
    tokens = [*SPECIALS, *sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())]
    tokens += dict.fromkeys(left + right for left, right in merges)
    return [*tokens, *(f"<|spare{i}|>" for i in range(288 - len(tokens)))], merges


def tiny_tokenizer() -> Any:
    """A byte-level tokenizer with a chat template, cut as SmolLM cuts."""
    tokens, merges = vocabulary()
    core = tokenizers.Tokenizer(tokenizers.models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    core.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    core.decoder = tokenizers.decoders.ByteLevel()
    core.add_special_tokens([tokenizers.AddedToken(token, normalized=False, special=True) for token in SPECIALS])
    bos, eos, pad = SPECIALS[1], SPECIALS[2], SPECIALS[0]
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=core, bos_token=bos, eos_token=eos, pad_token=pad)
    made.chat_template = TEMPLATE
    return made


def write_gguf(model: Any, family: str, path: Any, /, *, kind: str = "F32", pre: str = "smollm", **fields: Any) -> Any:
    """The model as a GGUF file. Names come from the package gguf, the order of rows from llama.cpp's converter."""
    architecture, config = ARCHITECTURES.get(family, family), model.config
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    if family in ("qwen3", "gemma2", "gemma3"):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    if family.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if family == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    _write_tokenizer(writer, pre, fields)
    _write_tensors(writer, model, architecture, gguf.GGMLQuantizationType[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _write_tokenizer(writer: Any, pre: str, fields: dict[str, Any]) -> None:
    tokens, merges = fields.get("vocabulary") or vocabulary()
    special = set(SPECIALS) | {token for token in tokens if token.startswith("<|spare")}
    writer.add_tokenizer_model(fields.get("model", "gpt2"))
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(fields.get("types") or [3 if token in special else 1 for token in tokens])
    if "scores" in fields:
        writer.add_token_scores(fields["scores"])
    else:
        writer.add_token_merges([" ".join(merge) for merge in merges])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if "add_bos" in fields:
        writer.add_add_bos_token(fields["add_bos"])
    writer.add_chat_template(TEMPLATE)


def _write_tensors(writer: Any, model: Any, architecture: str, kind: Any) -> None:
    config = model.config
    arch = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    if config.rope_parameters.get("rope_type") == "llama3":
        base = config.rope_parameters["rope_theta"] ** (torch.arange(0, 16, 2).float() / 16)
        writer.add_tensor("rope_freqs.weight", (1 / base / model.model.rotary_emb.inv_freq).numpy())
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = weight.detach().clone()
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
        if architecture == "llama" and heads:
            values = values.reshape(heads, 2, -1, config.hidden_size).swapaxes(1, 2).reshape(values.shape)
        if architecture.startswith("gemma") and name.endswith("norm.weight"):
            values += 1
        stored = kind if values.dim() > 1 else gguf.GGMLQuantizationType.F32
        array = gguf.quants.quantize(values.contiguous().numpy(), stored)
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), array, raw_dtype=stored)


def peft_adapter(folder: Any, family: str, **how: Any) -> Any:
    """Writes a PEFT adapter with drawn weights, and returns the model that PEFT merges it into."""
    peft = pytest.importorskip("peft", reason="needs peft")
    config = peft.LoraConfig(**{"r": 4, "lora_alpha": 12, "target_modules": _LAYERS, "task_type": "CAUSAL_LM", **how})
    wrapped = peft.get_peft_model(tiny(family), config)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weight in wrapped.named_parameters():
            if "lora_" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.1)
    wrapped.save_pretrained(folder)
    return wrapped.merge_and_unload()


def server(path: Any, adapter: Any = None) -> Any:
    """llama.cpp with this file, and a LoRA adapter."""
    xllamacpp = pytest.importorskip("xllamacpp", reason="needs llama.cpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    if adapter is not None:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
    params.n_parallel, params.n_ctx = 1, 256
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity, params.ui, params.warmup = -1, False, False
    return xllamacpp.Server(params)


def ask(running: Any, route: str, **body: Any) -> Any:
    """The answer of one of the server's routes."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(running.listening_address + route, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
