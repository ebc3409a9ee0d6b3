"""HAMburger's parts: what makes one input of several tokens, and what writes several tokens from one pass."""

from __future__ import annotations

from passel.networks.hamburger.embedder import Embedder
from passel.networks.hamburger.micro import MicroDecoder, StopHead
from passel.networks.hamburger.parts import Parts, Shape, build, depths_of

__all__ = ["Embedder", "MicroDecoder", "Parts", "Shape", "StopHead", "build", "depths_of"]
