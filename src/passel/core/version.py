"""The version of Passel, as it is built and as a run's record and report name it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
