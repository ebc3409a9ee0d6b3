"""A white-box engine: decoding methods ask for forwards, the engine batches, caches and runs them.

It knows token ids alone: no method, no task, no HTTP. What it offers is in the submodules named below.
"""

from __future__ import annotations

from passel.engine.architecture import Architecture, read
from passel.engine.draws import Completion, Draw
from passel.engine.engine import Engine
from passel.engine.forward import Decoding, Forward, Output

__all__ = ["Architecture", "Completion", "Decoding", "Draw", "Engine", "Forward", "Output", "read"]
