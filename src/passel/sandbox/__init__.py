"""A sandbox for Python code that a model wrote: no network, no files, limits on everything, one container a run."""

from passel.sandbox.choose import available
from passel.sandbox.sandbox import Sandbox, default
from passel.sandbox.values import Backend, Limits, Ran, Unsafe

__all__ = ["Backend", "Limits", "Ran", "Sandbox", "Unsafe", "available", "default"]
