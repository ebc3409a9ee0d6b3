"""Convert a PEFT LoRA adapter of a Llama-family model into a llama.cpp LoRA adapter GGUF.

    python lora_to_gguf.py passel-reasoner-135m/ SmolLM2-135M-Instruct.Q4_1.gguf out.gguf --type F16

Needs numpy and gguf. The base GGUF is read for its architecture, head counts and tensor shapes only.
"""

from __future__ import annotations

import argparse
import json
import re
import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np

LAYER_NAMES = {  # PEFT module in a layer -> GGUF tensor in a block
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
PEFT_NAME = re.compile(r"base_model\.model\.model\.layers\.(\d+)\.(\w+\.\w+)\.lora_([AB])(?:\.default)?\.weight")
TYPES = ("F32", "F16", "BF16", "Q8_0")
MUST_BE_UNSET = ("use_dora", "use_rslora", "fan_in_fan_out", "alpha_pattern", "modules_to_save", "lora_bias")


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Every tensor as float32; numpy has no bfloat16, which is the upper half of a float32."""
    data = path.read_bytes()
    (header_size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + header_size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + header_size + offset for offset in entry["data_offsets"])
        raw = data[start:end]
        match entry["dtype"]:
            case "BF16":
                values = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
            case "F16":
                values = np.frombuffer(raw, "<f2").astype(np.float32)
            case "F32":
                values = np.frombuffer(raw, "<f4")
            case other:
                raise ValueError(f"{name}: type {other} is not supported")
        tensors[name] = values.reshape(entry["shape"])
    return tensors


def to_neighbours(weight: np.ndarray, num_heads: int) -> np.ndarray:
    """Reorder output rows: transformers rotates the two halves of a head, llama.cpp neighbouring rows."""
    rows, cols = weight.shape
    return weight.reshape(num_heads, 2, rows // num_heads // 2, cols).swapaxes(1, 2).reshape(rows, cols)


def adapter_alpha(config: dict[str, Any]) -> float:
    """The alpha for llama.cpp, which scales by alpha / rank."""
    if config["peft_type"] != "LORA" or config.get("bias", "none") != "none":
        raise ValueError("only LoRA adapters without bias are supported")
    if unsupported := [key for key in MUST_BE_UNSET if config.get(key)]:
        raise ValueError(f"not supported in adapter_config.json: {unsupported}")
    return float(config["lora_alpha"])


def convert(adapter: Path, base: Path, out: Path, type_name: str) -> None:
    reader = gguf.GGUFReader(base)
    fields = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("tokenizer.")}
    arch = fields["general.architecture"]
    if arch != "llama":
        raise ValueError(f"architecture {arch!r} of the base is not supported, only 'llama'")
    heads = {"attn_q": fields["llama.attention.head_count"], "attn_k": fields["llama.attention.head_count_kv"]}
    shapes = {t.name: tuple(int(n) for n in t.shape) for t in reader.tensors}  # (inputs, outputs)

    writer = gguf.GGUFWriter(out, arch)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_name(adapter.resolve().name)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    config = json.loads((adapter / "adapter_config.json").read_text())
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, adapter_alpha(config))
    stored = gguf.GGMLQuantizationType[type_name]
    writer.add_file_type(gguf.LlamaFileType["ALL_F32" if type_name == "F32" else f"MOSTLY_{type_name}"])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    for name, weight in sorted(read_safetensors(adapter / "adapter_model.safetensors").items()):
        match = PEFT_NAME.fullmatch(name)
        if match is None or match[2] not in LAYER_NAMES:
            raise ValueError(f"{name}: not a LoRA tensor of a known Llama layer")
        layer, side = LAYER_NAMES[match[2]], match[3].lower()
        target = f"blk.{match[1]}.{layer}.weight"
        inputs, outputs = shapes[target]
        if (weight.shape[1] != inputs) if side == "a" else (weight.shape[0] != outputs):
            raise ValueError(f"{name}: shape {weight.shape} does not fit {target} of the base, {(inputs, outputs)}")
        ordered = to_neighbours(weight, heads[layer]) if side == "b" and layer in heads else weight
        writer.add_tensor(f"{target}.lora_{side}", gguf.quants.quantize(ordered, stored), raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("adapter", type=Path, help="folder with adapter_config.json and adapter_model.safetensors")
    parser.add_argument("base", type=Path, help="GGUF file of the base model, any quantisation")
    parser.add_argument("out", type=Path, help="GGUF file to write")
    parser.add_argument("--type", choices=TYPES, default="F16", help="how to store the weights (default: %(default)s)")
    args = parser.parse_args()
    convert(args.adapter, args.base, args.out, args.type)
    print(args.out, f"{args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
