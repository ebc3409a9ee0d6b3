"""Loading a model: from a GGUF file, a folder of safetensors, or the hub."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from passel.core.errors import ModelError, UsageError
from passel.engine.weights.build import Report, Wish, build
from passel.engine.weights.checkpoint import Checkpoint, Dtype, choose_device, choose_dtype, end_ids
from passel.engine.weights.gguf_model import from_gguf
from passel.engine.weights.lora import read_adapter

__all__ = ["load"]


def load(
    path: str | Path,
    *,
    adapter: str | Path | None = None,
    scale: float = 1.0,
    dtype: Dtype = "auto",
    device: str = "auto",
    report: Report = lambda what, done, total: None,
) -> Checkpoint:
    """A causal language model with its tokenizer.

    Args:
        path: a .gguf file (Llama, Mistral, Qwen 2 and 3, Gemma 2 and 3; dequantised), a folder in transformers' format
            with safetensors, hf:ORG/NAME or hf:ORG/NAME/FILE.gguf.
        adapter: a LoRA adapter that is merged into the weights: a PEFT folder or a .gguf file. scale: its strength.
        dtype: of the weights; auto: bfloat16 where the device multiplies it in hardware, else float32.
        device: cpu, cuda, cuda:1, …; auto: the first GPU there is.
        report: told about progress.

    An adapter is merged in float32, before weights are rounded to `dtype`. Raises UsageError for what the user must
    change, ModelError for weights that cannot be read.
    """
    where = choose_device(device)
    wish = Wish(None if adapter is None else Path(adapter).expanduser(), scale, choose_dtype(dtype, where), report)
    source = str(path)
    if source.endswith(".gguf"):
        file = _hub_file(source) if source.startswith("hf:") else Path(path).expanduser()
        if not file.is_file():
            raise UsageError(f"no model file at {file}")
        name, (model, tokenizer) = file.stem, from_gguf(file, wish)
    elif source.startswith("hf:"):
        name, (model, tokenizer) = source.removeprefix("hf:"), _from_folder(source.removeprefix("hf:"), wish)
    else:
        folder = Path(path).expanduser()
        _check_folder(folder)
        name, (model, tokenizer) = folder.resolve().name, _from_folder(str(folder), wish)
    model = model.to(where).eval().requires_grad_(False)
    return Checkpoint(
        model=model,
        tokenizer=tokenizer,
        name=name if wish.adapter is None else f"{name}+{_stem(wish.adapter)}",
        dtype=wish.dtype,
        device=where,
        parameters=sum(weight.numel() for weight in model.parameters()),
        chat=bool(tokenizer.chat_template),
        end_ids=end_ids(model, tokenizer),
    )


def _from_folder(where: str, wish: Wish) -> tuple[Any, Any]:
    """The model and tokenizer in a folder, or of this name on the hub."""
    import transformers

    wish.report("reading weights", 0, 0)
    # an adapter is merged in float32; without one the weights are read in the type they are to have
    dtype = wish.dtype if wish.adapter is None else torch.float32
    config = _read(where, transformers.AutoConfig).get_text_config()
    tokenizer = _read(where, transformers.AutoTokenizer)
    if not tokenizer.is_fast:
        raise UsageError(f"{where} has no fast tokenizer (tokenizer.json), which decoding needs")
    model = build(transformers.AutoModelForCausalLM, where, config=config, dtype=dtype, use_safetensors=True)
    if wish.adapter is not None:
        adapter = read_adapter(wish.adapter, config)
        weights = dict(model.named_parameters())
        adapter.check(config, frozenset(weights))
        with torch.no_grad():
            for name in adapter.updates:
                weights[name].copy_(adapter.merged(name, weights[name], wish.scale))
    return model.to(wish.dtype), tokenizer


def _read(where: str, kind: Any) -> Any:
    try:
        return kind.from_pretrained(where)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"cannot load {where}: {_first_line(error)}") from error


def _hub_file(path: str) -> Path:
    """hf:ORG/NAME/FILE.gguf in the hub's own cache, downloaded if it is not there."""
    import huggingface_hub

    repository, _, name = path.removeprefix("hf:").rpartition("/")
    if repository.count("/") != 1:
        raise UsageError(f"a file of the hub is given as hf:ORG/NAME/FILE.gguf, got {path}")
    try:
        return Path(huggingface_hub.hf_hub_download(repository, name))
    except Exception as error:  # the hub's own errors share no base
        raise UsageError(f"cannot get {path} from the hub: {_first_line(error)}") from error


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise UsageError(f"no model at {folder} (a model of the hub is given as hf:ORG/NAME)")
    if (folder / "config.json").is_file():
        return
    if (folder / "adapter_config.json").is_file():
        raise UsageError(f"{folder} is an adapter: load its base model, with adapter={folder}")
    files = sorted(file.name for file in folder.glob("*.gguf"))
    hint = f"; name its file, such as {files[0]}" if files else ": it has no config.json"
    raise UsageError(f"{folder} holds no transformers model{hint}")


def _stem(adapter: Path) -> str:
    """adapter.gguf says nothing: its folder's name does."""
    return adapter.resolve().parent.name if adapter.stem == "adapter" else adapter.resolve().stem


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
