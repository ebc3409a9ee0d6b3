"""Keys and values of a transformer: which are kept, where they lie and who shares them."""

from __future__ import annotations

from passel.engine.cache.cache import Cache, Full
from passel.engine.cache.pages import PAGE

__all__ = ["PAGE", "Cache", "Full"]
