"""The model beside: one of the catalog comes with its own adapter, as it does alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from torch_folders import tiny_folder

from passel.core.ask import Generate, Sampling
from passel.core.key import Key
from passel.core.model import Progress
from passel.models import load
from passel.models.parts.torch import runtime


def test_a_draft_of_the_catalog_has_its_adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_folder(tmp_path)
    asked: list[tuple[str, Any]] = []
    inner = runtime.load

    def noted(path: str, *, own: Any = None, **how: Any) -> Any:
        asked.append((path, own))
        return inner(path, **how)

    def known(path: str, on_progress: Any) -> tuple[str, str | None]:
        return (str(folder), "adapter.gguf") if path == "small" else (path, None)

    monkeypatch.setattr(runtime, "load", noted)
    monkeypatch.setattr("passel.models.torch._weights", known)
    model = load(f"torch:{folder}:draft=small:dtype=float32:context=128:memory=0.02")

    async def go() -> Any:
        try:
            ask = Generate("a", Key(1), sampling=Sampling(max_tokens=2, decoder="speculative:drafter=model"))
            return await model.answer([ask], Progress.of(1))
        finally:
            await model.aclose()

    (reply,) = asyncio.run(go())
    assert reply.stop != "failed", reply.error
    assert asked == [(str(folder), None), (str(folder), "adapter.gguf")]
