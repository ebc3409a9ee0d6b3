"""A white-box engine: decoding methods request forwards; the engine batches, caches and runs them.

It knows only token ids: no method, no task, no HTTP. The modules named below have its parts.
"""

from __future__ import annotations

from passel.engine.architecture import Architecture, read
from passel.engine.engine import Engine
from passel.engine.requests import Decoding, Forward, Output
from passel.engine.sample_requests import Completion, SampleRequest

__all__ = ["Architecture", "Completion", "Decoding", "Engine", "Forward", "Output", "SampleRequest", "read"]
