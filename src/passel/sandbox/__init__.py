"""A sandbox for Python code that a model wrote: no network, no files, limits on everything, a new container each time.

`passel.sandbox.programs` tests whole programs in it.
"""

from passel.sandbox.choose import available
from passel.sandbox.execution import Backend, Execution, Limits, NoSandbox
from passel.sandbox.sandbox import Sandbox, default_sandbox

__all__ = ["Backend", "Execution", "Limits", "NoSandbox", "Sandbox", "available", "default_sandbox"]
