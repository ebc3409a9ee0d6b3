"""Fenced blocks of the pages, and how their programs are run.

A block whose first line is `# NAME.py` or `# NAME.toml` is a file; a block of kind `console` holds command lines.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

__all__ = ["ADDING", "FENCE", "ROOT", "blocks", "in_a_process", "module", "write_skeletons"]

ROOT = Path(__file__).resolve().parent.parent
ADDING = ROOT / "docs" / "adding.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, kind: str) -> list[str]:
    return [body for found, body in FENCE.findall(page.read_text(encoding="utf-8")) if found == kind]


def write_skeletons(folder: Path) -> None:
    """Writes the files of docs/adding.md."""
    for body in blocks(ADDING, "python") + blocks(ADDING, "toml"):
        if named := re.match(r"# (\S+\.(?:py|toml))\n", body):
            (folder / named[1]).write_text(body, encoding="utf-8")


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    try:
        spec.loader.exec_module(found)
    finally:
        del sys.modules[spec.name]
    return found


def in_a_process(*arguments: object, folder: Path = ROOT, path: str = "") -> str:
    environment = {**os.environ, "COLUMNS": "140", "PYTHONPATH": os.pathsep.join(filter(None, [*sys.path, path]))}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
