"""Calls a second through Passel's driver, next to a bare client loop and to its peers, for the same fan-out.

    python bench/driver.py [--its-hub PYTHON] [--optillm PYTHON] [--setup FOLDER] [--json FILE]

`vote` with 8 draws, 64 problems in flight, against the local mock endpoint without delay in a process of its own. Each
side is a process of its own too, one after the other, round after round. The peers need environments of their own:
`--setup FOLDER` makes them there; PASSEL_ITS_HUB and PASSEL_OPTILLM are read where the options are missing. Without
them only the bare loop and Passel run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from parts.figures import arguments, interleave, ratio, show

HERE = Path(__file__).parent
PEERS, PARTS = HERE / "peers", HERE / "parts"
BARE, ONE, RECORD = "bare aiohttp loop", "passel, one request a draw", "passel, one a draw, SQLite record"
MERGED, MERGED_RECORD = "passel, 8 draws a request", "passel, 8 a request, SQLite record"
HUB, HUB_32 = "its_hub, no limit", "its_hub, its default limit of 32"
THREADS, PROXY = "optillm, 64 threads", "optillm, its proxy"
RAW, RAW_MERGED = "mock's own limit, one a draw", "mock's own limit, 8 a request"


@contextmanager
def mock() -> Iterator[str]:
    """The endpoint in a process of its own; its base URL."""
    command = [sys.executable, str(HERE / "mock_endpoint.py"), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def calls_per_second(python: str, script: Path, *options: str) -> float:
    """One run of a script that prints its figures as JSON in its last line."""
    path = os.pathsep.join(filter(None, (str(PEERS), os.environ.get("PYTHONPATH"))))
    command = [python, str(script), *options]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{script.name} failed")
    return json.loads(done.stdout.splitlines()[-1])["calls_per_second"]


def environment(folder: Path, name: str, *options: str) -> str:
    """The Python of a peer's environment, made if it is not there."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        venv.create(folder / name, with_pip=True)
        wanted = str(PEERS / f"requirements-{name}.txt")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *options, "-r", wanted], check=True)
    return str(python)


def sides(url: str, its_hub: str | None, optillm: str | None) -> dict[str, tuple[str, Path, tuple[str, ...]]]:
    """Each side's Python, script and options. The number of problems makes a run last about a second."""
    own, passel = sys.executable, PARTS / "passel_fanout.py"
    few, some, many = (url, "--problems", "96"), (url, "--problems", "500"), (url, "--problems", "1500")
    found = {
        BARE: (own, PEERS / "aiohttp_fanout.py", some),
        ONE: (own, passel, some),
        RECORD: (own, passel, (*some, "--record")),
        MERGED: (own, passel, (*many, "--max-n", "8")),
        MERGED_RECORD: (own, passel, (*many, "--max-n", "8", "--record")),
        RAW: (own, PARTS / "raw_fanout.py", (url, "--requests", "8000")),
        RAW_MERGED: (own, PARTS / "raw_fanout.py", (url, "--requests", "6000", "--n", "8")),
    }
    if its_hub:
        script = PEERS / "its_hub_fanout.py"
        found |= {HUB: (its_hub, script, some), HUB_32: (its_hub, script, (*some, "--concurrency", "32"))}
    if optillm:
        found[THREADS] = (optillm, PEERS / "optillm_fanout.py", (url, "--problems", "128"))
        found[PROXY] = (own, PARTS / "optillm_proxy.py", (*few, "--optillm", optillm))
    return found


TARGETS = (
    (ONE, BARE, 0.8),
    (ONE, HUB, 1.6),
    (ONE, HUB_32, 1.6),
    (MERGED, HUB, 8.0),
    (MERGED, HUB_32, 8.0),
    (ONE, THREADS, None),
    (ONE, PROXY, 15.0),
    (RECORD, BARE, None),
    (RECORD, ONE, None),
    (MERGED_RECORD, MERGED, None),
    (RAW, ONE, None),
    (RAW_MERGED, MERGED, None),
)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--its-hub", metavar="PYTHON", default=os.environ.get("PASSEL_ITS_HUB"))
    parser.add_argument("--optillm", metavar="PYTHON", default=os.environ.get("PASSEL_OPTILLM"))
    parser.add_argument("--setup", type=Path, metavar="FOLDER", help="make the peers' environments in this folder")
    args = parser.parse_args()
    if args.setup:
        args.its_hub = environment(args.setup, "its-hub")
        args.optillm = environment(args.setup, "optillm", "--no-deps")
    with mock() as url:
        found = sides(url, args.its_hub, args.optillm)
        runs = {
            name: partial(calls_per_second, python, script, *options)
            for name, (python, script, options) in found.items()
        }
        figures = interleave(runs, args.repeats)
    ratios = {f"{a} / {b}": (ratio(figures, a, b), target) for a, b, target in TARGETS if a in figures and b in figures}
    show("driver: vote(n=8), 64 problems in flight", "calls per second", figures, ratios, args.json, n=8, in_flight=64)


if __name__ == "__main__":
    main()
