"""Writing a checkpoint as a plain folder that transformers and vLLM load."""

from __future__ import annotations

from pathlib import Path

from passel.core.errors import UsageError
from passel.engine.weights.build import quiet
from passel.engine.weights.checkpoint import Checkpoint

__all__ = ["save"]


def save(checkpoint: Checkpoint, folder: str | Path) -> Path:
    """Writes configuration, weights (safetensors), tokenizer, chat template and generation configuration, and returns
    the folder. It is made if need be; files of these names in it are replaced.

    The generation configuration lists all tokens that end a text, so that other programs stop where Passel does.
    """
    target = Path(folder).expanduser()
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file; a model is written to a folder")
    target.mkdir(parents=True, exist_ok=True)
    checkpoint.model.generation_config.eos_token_id = sorted(checkpoint.end_ids)
    with quiet():
        checkpoint.model.save_pretrained(target)
        checkpoint.tokenizer.save_pretrained(target)
    for weights in target.glob("*.safetensors"):
        # safetensors makes them for their owner alone; other files of the folder are for all whom the umask admits
        weights.chmod((target / "config.json").stat().st_mode)
    return target
