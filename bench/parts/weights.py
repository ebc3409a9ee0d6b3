"""The model of the engine's bench in the forms that its peers read.

The catalog's GGUF file is 4-bit. `bf16_folder` is the same model dequantised, as transformers and vLLM read it;
`bf16_gguf` is it for llama.cpp. Both hold the same numbers, rounded to bfloat16 once. They are made once, in Passel's
cache, with the file's digest in their names.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from passel.models.catalog import find_card
from passel.models.catalog.pull import cache_folder, pull

__all__ = ["MODEL", "bf16_folder", "bf16_gguf", "dequantised", "q4_gguf"]

MODEL = "smollm2-135m"


def q4_gguf() -> Path:
    """The catalog's own file."""
    return pull(find_card(MODEL))


def bf16_folder() -> Path:
    """A folder of config, safetensors and tokenizer."""
    source = q4_gguf()
    target = cache_folder() / "bench" / f"{source.stem}-bf16"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as made:
            _save(source, Path(made) / "model")
            (Path(made) / "model").rename(target)
    return target


def bf16_gguf() -> Path:
    """A GGUF file with all matrices in BF16; the norms stay F32, as llama.cpp wants them."""
    source = q4_gguf()
    target = cache_folder() / "bench" / f"{source.stem}-bf16.gguf"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as made:
            _rewrite(source, Path(made) / "model.gguf")
            (Path(made) / "model.gguf").rename(target)
    return target


def dequantised(source: Path) -> tuple[Any, Any]:
    """The model, a dense bfloat16 one, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where: dict[str, Any] = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
    dense = GgufConfig(dequantize=True)  # else the weights stay in their 4-bit blocks
    model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.bfloat16, quantization_config=dense)
    return model, AutoTokenizer.from_pretrained(**where)


def _save(source: Path, folder: Path) -> None:
    model, tokenizer = dequantised(source)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _rewrite(source: Path, target: Path) -> None:
    import gguf

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, str(reader.fields["general.architecture"].contents()))
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue  # the writer's own
        kind, *of = field.types
        writer.add_key_value(name, field.contents(), kind, of[-1] if of else None)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_BF16)
    bf16 = gguf.GGMLQuantizationType.BF16
    for tensor in reader.tensors:
        full = gguf.dequantize(tensor.data, tensor.tensor_type)
        if full.ndim == 1:
            writer.add_tensor(tensor.name, full)
        else:
            writer.add_tensor(tensor.name, gguf.quantize(full, bf16), raw_dtype=bf16)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
