"""What Passel adds to a program: the time of `import passel`, and the size of a base install.

    python bench/footprint.py [--repeats 10] [--no-install] [--json FILE]

The import is timed as a whole process less a process that imports nothing. The install is `pip install .` without
extras into a fresh environment (needs an index): its site-packages without pip.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

from parts.figures import arguments, interleave, show

MOST_MS, MOST_MB = 150.0, 150.0
ROOT = Path(__file__).parents[1]


def milliseconds(command: Sequence[str]) -> float:
    """How long a process lives."""
    begun = time.perf_counter()
    subprocess.run(command, check=True)
    return 1e3 * (time.perf_counter() - begun)


def megabytes(folder: Path) -> dict[str, float]:
    """The size on disk of each thing that is installed in a site-packages folder, pip left out, in units of 10**6."""
    sizes: dict[str, float] = {}
    for top in folder.iterdir():
        if not top.name.lower().startswith(("pip", "setuptools", "_distutils", "distutils", "pkg_resources")):
            files = [path for path in (top, *top.rglob("*")) if path.is_file()]
            sizes[top.name] = sum(512 * path.stat().st_blocks for path in files) / 1e6
    return sizes


def installed() -> dict[str, float]:
    """The same for a base install in a fresh environment."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "env"
        venv.create(folder, with_pip=True)
        python = folder / "bin" / "python"
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        (packages,) = folder.glob("lib/python*/site-packages")
        return megabytes(packages)


def main() -> None:
    parser = arguments(__doc__, repeats=10)
    parser.add_argument("--no-install", action="store_true")
    args = parser.parse_args()
    code = {"python": "pass", "import passel": "import passel", "from passel import solve": "from passel import solve"}
    commands = {name: [sys.executable, "-c", text] for name, text in code.items()}
    for command in commands.values():
        milliseconds(command)  # writes bytecode, once
    figures = interleave({name: partial(milliseconds, command) for name, command in commands.items()}, args.repeats)
    start = median(figures["python"])
    for name in ("import passel", "from passel import solve"):
        figures[f"{name} - python"] = [value - start for value in figures[name]]
    added = max(1e-3, median(figures["import passel - python"]))
    ratios = {f"{MOST_MS:g} ms / import": ([MOST_MS / added], 1.0)}
    more: dict[str, object] = {}
    if not args.no_install:
        sizes = installed()
        total = sum(sizes.values())
        ratios[f"{MOST_MB:g} MB / install of {total:.1f} MB"] = ([MOST_MB / total], 1.0)
        more["megabytes"] = {name: round(size, 1) for name, size in sorted(sizes.items(), key=lambda x: -x[1])[:10]}
    show("footprint", "milliseconds", figures, ratios, args.json, **more)
    for name, size in more.get("megabytes", {}).items():  # type: ignore[attr-defined]
        print(f"  {size:6.1f} MB  {name}")


if __name__ == "__main__":
    main()
