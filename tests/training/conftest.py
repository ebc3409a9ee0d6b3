"""A tiny model folder and a file of texts, for whole trainings; the engine's tiny models on the path; one thread."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

from tiny_folder import tiny_folder

ENGINE = str(Path(__file__).resolve().parent.parent / "engine")
if ENGINE not in sys.path:
    sys.path.insert(0, ENGINE)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tiny models gain nothing from more threads, and waiting threads take most of the processor's time."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of random weights and its tokenizer."""
    return Path(tiny_folder(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="session")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of prompts and completions."""
    path = tmp_path_factory.mktemp("data") / "sums.jsonl"
    rows = [
        {"prompt": f"{a} + {b}", "completion": f"It is {a + b}.", "valve": float(a % 2)}
        for a in range(8)
        for b in range(5)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
