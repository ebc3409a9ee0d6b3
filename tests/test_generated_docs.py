"""Every generated page is as its docstrings and its figures say; `python docs/generate.py` writes them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

CHECK = """
import sys
sys.path.insert(0, "docs")
from generate import generated
from method_pages import DOCS
pages = generated()
stale = [path for path, text in pages.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
stale += set((DOCS / "methods").glob("*.md")) - pages.keys()
print("".join(f"{path.relative_to(DOCS.parent)}\\n" for path in stale), end="")
"""


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "", f"run python docs/generate.py; it changes:\n{done.stdout}"
