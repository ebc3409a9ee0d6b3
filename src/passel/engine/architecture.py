"""What a transformer is made of, read off a model of transformers: its weights, and the few ways in which families of
decoders differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from passel.core.errors import UsageError
from passel.engine.linear import Linear, Product, packed, quantised
from passel.engine.masked import MaskedDiffusion, declared

__all__ = ["Architecture", "Layer", "Norm", "Positions", "read"]

Ready = Callable[[Linear], Product]
"""How a weight is laid out for its products."""

_ACTIVATIONS = {"silu": 0, "swish": 0, "gelu_pytorch_tanh": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """A root-mean-square norm: weight [size] + offset."""

    weight: Tensor
    eps: float
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Angles of rotary positions, float32 [positions, head size / 2], and how far back a token sees (None: all)."""

    cosine: Tensor
    sine: Tensor
    window: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One block. Queries, keys and values are one product, and so are gate and up.

    Args:
        positions: index of its kind of positions.
        after_attention, after_mlp: norms of what a half adds, where a family has them (Gemma).
        q_norm, k_norm: norms of each head, where a family has them (Qwen 3, Gemma 3).
    """

    positions: int
    before_attention: Norm
    qkv: Product
    out: Product
    before_mlp: Norm
    gate_up: Product
    down: Product
    q_norm: Norm | None = None
    k_norm: Norm | None = None
    after_attention: Norm | None = None
    after_mlp: Norm | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Architecture:
    """A decoder.

    Args:
        embedding: [vocabulary, hidden size]; scaled by `embedding_scale`.
        positions: the kinds of positions that its layers have.
        scale: of attention scores; cap: their soft cap, or 0; final_cap: of the logits.
        activation: 0 silu, 1 gelu in its tanh form. inner_size: numbers between the halves of a block's second part.
        masked: of a masked-diffusion model; None: it is causal.
    """

    embedding: Tensor
    embedding_scale: float
    positions: tuple[Positions, ...]
    layers: tuple[Layer, ...]
    norm: Norm
    head: Product
    heads: int
    kv_heads: int
    head_size: int
    scale: float
    cap: float
    final_cap: float
    activation: int
    inner_size: int
    masked: MaskedDiffusion | None = None

    @property
    def hidden_size(self) -> int:
        """Numbers of a hidden state."""
        return self.embedding.shape[1]

    @property
    def vocabulary(self) -> int:
        """Tokens that have logits; some may have no text."""
        return self.head.outputs

    @property
    def bytes_per_token(self) -> int:
        """What the keys and values of one token take in the cache."""
        return 2 * len(self.layers) * self.kv_heads * self.head_size * self.embedding.element_size()


def read(model: Any, context: int, *, int8: bool = False) -> Architecture:
    """The parts of a causal language model of transformers. Weights of the layers are copied, joined and laid out anew:
    let go of the model afterwards, or they are in memory twice.

    Args:
        model: of a family with rotary positions, root-mean-square norms and gated blocks: Llama, Mistral, Qwen 2 and 3,
            Gemma 1 to 3 and those built like them. Any other raises UsageError.
        context: positions to prepare.
        int8: weights of eight bits, one scale an output; half the memory, at a cost in quality.
    """
    config, body = model.config.get_text_config(), model.get_decoder()
    ready: Ready = quantised if int8 else packed
    try:
        attention = body.layers[0].self_attn
        heads, kv = config.num_attention_heads, config.num_key_value_heads
        size = attention.head_dim
        kinds = _kinds(config, len(body.layers))
        names = sorted(set(kinds), key=kinds.index)
        layers = tuple(_layer(layer, names.index(kind), ready) for layer, kind in zip(body.layers, kinds, strict=True))
        activation = _ACTIVATIONS[getattr(config, "hidden_activation", None) or config.hidden_act]
    except (AttributeError, KeyError, TypeError) as reason:
        raise UsageError(f"the engine cannot run a model of the kind {config.model_type} ({reason})") from reason
    if attention.q_proj.weight.shape[0] != heads * size:
        raise UsageError(f"the engine cannot run a model of the kind {config.model_type}: its heads have odd sizes")
    masked, positions = declared(config), tuple(_positions(body, config, kind, context) for kind in names)
    if masked and any(kind.window for kind in positions):
        raise UsageError("the engine cannot run a masked-diffusion model whose layers see a window only")
    table, head = body.embed_tokens, model.get_output_embeddings()
    return Architecture(
        table.weight.data,
        float(torch.as_tensor(getattr(table, "embed_scale", 1.0)).to(table.weight.dtype)),
        positions,
        layers,
        _norm(body.norm),
        ready(Linear(head.weight.data, head.bias)),
        heads,
        kv,
        size,
        float(attention.scaling),
        float(getattr(config, "attn_logit_softcapping", None) or 0.0),
        float(getattr(config, "final_logit_softcapping", None) or 0.0),
        activation,
        config.intermediate_size,
        masked,
    )


def _kinds(config: Any, layers: int) -> list[str]:
    given = getattr(config, "layer_types", None)
    if given:
        return list(given)
    return ["sliding_attention" if getattr(config, "sliding_window", None) else "full_attention"] * layers


def _layer(layer: Any, positions: int, ready: Ready) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    sandwich = hasattr(layer, "pre_feedforward_layernorm")
    return Layer(
        positions,
        _norm(layer.input_layernorm),
        ready(_fused([attention.q_proj, attention.k_proj, attention.v_proj])),
        ready(Linear(attention.o_proj.weight.data, attention.o_proj.bias)),
        _norm(layer.pre_feedforward_layernorm if sandwich else layer.post_attention_layernorm),
        ready(_fused([mlp.gate_proj, mlp.up_proj])),
        ready(Linear(mlp.down_proj.weight.data, mlp.down_proj.bias)),
        _norm(attention.q_norm) if hasattr(attention, "q_norm") else None,
        _norm(attention.k_norm) if hasattr(attention, "k_norm") else None,
        _norm(layer.post_attention_layernorm) if sandwich else None,
        _norm(layer.post_feedforward_layernorm) if sandwich else None,
    )


def _fused(modules: Sequence[Any]) -> Linear:
    weight = torch.cat([module.weight.data for module in modules])
    bias = torch.cat([module.bias.data for module in modules]) if modules[0].bias is not None else None
    return Linear(weight, bias)


def _norm(module: Any) -> Norm:
    """Families write one norm in two ways, with a weight around 1 or around 0: which, a trial tells."""
    weight = module.weight.data
    eps = float(getattr(module, "variance_epsilon", getattr(module, "eps", 0.0)))
    trial = torch.linspace(-1.0, 1.0, len(weight), dtype=weight.dtype, device=weight.device)
    normed = trial.float() * (trial.float().square().mean() + eps).rsqrt()
    with torch.no_grad():
        found = module(trial).float()
    apart = [(found - normed * (weight.float() + offset)).abs().max().item() for offset in (0.0, 1.0)]
    if min(apart) > 0.1:
        raise AttributeError("its norms are of another kind")
    return Norm(weight, eps, float(apart[1] < apart[0]))


def _positions(body: Any, config: Any, kind: str, context: int) -> Positions:
    places = torch.arange(context).unsqueeze(0).to(body.embed_tokens.weight.device)
    probe = torch.zeros(1, dtype=torch.float32, device=places.device)
    try:
        cosine, sine = body.rotary_emb(probe, places, kind)
    except TypeError:
        cosine, sine = body.rotary_emb(probe, places)
    half = cosine.shape[-1] // 2
    window = config.sliding_window if kind == "sliding_attention" else None
    return Positions(cosine[0, :, :half].float().contiguous(), sine[0, :, :half].float().contiguous(), window)
