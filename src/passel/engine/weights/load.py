"""Loading a model: from a GGUF file, a folder of safetensors, or the hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from passel.core.errors import UsageError
from passel.core.progress import OnProgress, silent
from passel.engine.weights.build import LoadOptions, build
from passel.engine.weights.checkpoint import Checkpoint, Dtype, choose_device, choose_dtype, end_ids
from passel.engine.weights.gguf_model import from_gguf
from passel.engine.weights.lora import read_adapter
from passel.engine.weights.masked_forms import form_of

__all__ = ["load", "tokenizer_in"]


def load(
    path: str | Path,
    *,
    adapter: str | Path | None = None,
    scale: float = 1.0,
    own: str | Path | None = None,
    dtype: Dtype = "auto",
    device: str = "auto",
    on_progress: OnProgress = silent,
) -> Checkpoint:
    """A causal language model with its tokenizer.

    Args:
        path: a .gguf file (Llama, Mistral, Qwen 2 and 3, Gemma 2 and 3; dequantised), a folder in transformers' format
            with safetensors (masked-diffusion models of the forms of LLaDA and Dream too), hf:ORG/NAME or
            hf:ORG/NAME/FILE.gguf.
        adapter: a LoRA adapter that is merged into the weights: a PEFT folder or a .gguf file. scale: its strength.
        own: an adapter that makes the model what it is; merged first, at full strength, and not named.
        dtype: of the weights; auto: bfloat16 where the device multiplies it in hardware, else float32.
        device: cpu, cuda, cuda:1, …; auto: the first GPU there is.
        on_progress: told about progress.

    An adapter is merged in float32, before weights are rounded to `dtype`. Raises UsageError for what the user must
    change, ModelError for weights that cannot be read.
    """
    where = choose_device(device)
    given = [(own, 1.0), (adapter, scale)]
    adapters = tuple((Path(one).expanduser(), strength) for one, strength in given if one is not None)
    wish = LoadOptions(adapters, choose_dtype(dtype, where), on_progress)
    source = str(path)
    if source.endswith(".gguf"):
        file = _hub_file(source) if source.startswith("hf:") else Path(path).expanduser()
        if not file.is_file():
            raise UsageError(f"no model file at {file}")
        name, (model, tokenizer) = file.stem, from_gguf(file, wish)
    else:
        hub = source.startswith("hf:")
        folder = _hub_folder(source.removeprefix("hf:")) if hub else Path(path).expanduser()
        _check_folder(folder)
        name = source.removeprefix("hf:") if hub else folder.resolve().name
        model, tokenizer = _from_folder(folder, wish)
    model = model.to(where).eval().requires_grad_(False)
    return Checkpoint(
        model=model,
        tokenizer=tokenizer,
        name=f"{name}{_mark(adapter, scale)}",
        dtype=wish.dtype,
        device=where,
        parameters=sum(weight.numel() for weight in model.parameters()),
        chat=bool(tokenizer.chat_template),
        end_ids=end_ids(model, tokenizer),
    )


def _from_folder(folder: Path, wish: LoadOptions) -> tuple[Any, Any]:
    """The model and tokenizer in a folder."""
    wish.on_progress("reading weights", 0, 0)
    # an adapter is merged in float32; without one the weights are read in the type they are to have
    dtype = torch.float32 if wish.adapters else wish.dtype
    tokenizer = tokenizer_in(folder)
    model = _text_model(folder, dtype)
    adapters = [(read_adapter(path, model.config), strength) for path, strength in wish.adapters]
    weights = dict(model.named_parameters())
    for adapter, _ in adapters:
        adapter.check(model.config, frozenset(weights))
    for name, weight in weights.items() if adapters else ():
        merged = weight.data
        for adapter, strength in adapters:
            merged = adapter.merged(name, merged, strength)
        # not model.to(dtype), which would round the rotary frequencies too
        weight.data = merged.to(wish.dtype)
    return model, tokenizer


def _text_model(folder: Path, dtype: torch.dtype) -> Any:
    """The language model; of a model that also reads images, its part for texts."""
    if form := form_of(folder):
        return form.model(dtype)
    config = _read(folder, transformers.AutoConfig)
    text = config.get_text_config()
    model = build(transformers.AutoModelForCausalLM, str(folder), dtype=dtype, use_safetensors=True)
    if text is config:
        return model
    state = {
        name.replace("model.language_model.", "model.", 1): weight
        for name, weight in model.state_dict().items()
        if name.startswith(("model.language_model.", "lm_head."))
    }
    kind: Any = transformers.MODEL_FOR_CAUSAL_LM_MAPPING[type(text)]
    return build(kind, None, config=text, state_dict=state, dtype=dtype)


def tokenizer_in(folder: Path) -> Any:
    """A folder's fast tokenizer, by its tokenizer.json if it has one: AutoTokenizer puts rules of its own for some
    families in the place of what the file says. Raises UsageError if there is none."""
    if not any(folder.glob("tokenizer*")) and not any(folder.glob("vocab.*")):
        raise UsageError(f"there is no tokenizer in {folder}")
    own, form = (folder / "tokenizer.json").is_file(), form_of(folder)
    other = form.tokenizer if form else transformers.AutoTokenizer
    tokenizer = _read(folder, transformers.PreTrainedTokenizerFast if own else other)
    if not tokenizer.is_fast:
        raise UsageError(f"{folder} has no fast tokenizer (tokenizer.json), which decoding needs")
    return tokenizer


def _read(folder: Path, kind: Any) -> Any:
    try:
        return kind.from_pretrained(folder)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise UsageError(f"cannot load {folder}: {_first_line(error)}") from error


def _hub_folder(name: str) -> Path:
    """hf:ORG/NAME in the hub's own cache, downloaded if it is not there: what a model needs, in one format of it."""
    if name.count("/") != 1:
        raise UsageError(f"a model of the hub is given as hf:ORG/NAME, got hf:{name}")
    wanted = ["*.json", "*.jinja", "*.safetensors", "*.txt", "tokenizer.model"]
    twice = ["consolidated*", "original/*"]
    return _from_hub(name, lambda hub: hub.snapshot_download(name, allow_patterns=wanted, ignore_patterns=twice))


def _hub_file(path: str) -> Path:
    """hf:ORG/NAME/FILE.gguf in the hub's own cache, downloaded if it is not there."""
    repository, _, name = path.removeprefix("hf:").rpartition("/")
    if repository.count("/") != 1:
        raise UsageError(f"a file of the hub is given as hf:ORG/NAME/FILE.gguf, got {path}")
    return _from_hub(repository, lambda hub: hub.hf_hub_download(repository, name))


def _from_hub(name: str, get: Callable[[Any], str]) -> Path:
    import huggingface_hub

    try:
        return Path(get(huggingface_hub))
    except Exception as error:  # the hub's own errors share no base
        raise UsageError(f"cannot get {name} from the hub: {_first_line(error)}") from error


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


def _mark(adapter: str | Path | None, scale: float) -> str:
    """What tells the model apart from its base. adapter.gguf says nothing: its folder's name does."""
    if adapter is None:
        return ""
    where = Path(adapter).expanduser().resolve()
    name = where.name if where.is_dir() else where.parent.name if where.stem == "adapter" else where.stem
    return f"+{name}" if scale == 1 else f"+{scale:g}*{name}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
