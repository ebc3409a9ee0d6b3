"""One short tree of errors. Its classes tell wrong requests from failures of models, files and networks."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "Impossible",
    "ModelError",
    "NotRecorded",
    "OutOfBudget",
    "PasselError",
    "RecordError",
    "Retryable",
    "UsageError",
    "unknown",
]


class PasselError(Exception):
    """Any error that Passel raises on purpose; its text is one line for a reader."""


class UsageError(PasselError):
    """The request is wrong: an unknown name, a value out of range, a file without the named column.

    Args:
        message: what is wrong. With a field, the message continues its name: "must be at least 0, got -1".
        field: the option, setting or column that is wrong.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(f"{field} {message}" if field else message)
        self.message, self.field = message, field
        self._continues = field is not None  # the message is a sentence that begins with the field

    def about(self, name: str) -> UsageError:
        """Returns the same error with its field renamed to what the user wrote, such as a flag.

        >>> str(UsageError("must be at least 0, got -1", field="temperature").about("--temperature"))
        '--temperature must be at least 0, got -1'
        >>> str(UsageError("no such file").about("--data"))
        '--data: no such file'
        """
        joint = " " if self._continues else ": "
        renamed = type(self)(f"{name}{joint}{self.message}")
        renamed.message, renamed.field, renamed._continues = self.message, name, self._continues
        return renamed

    def within(self, name: str) -> UsageError:
        """Returns the same error, its field kept, inside what the user wrote, such as a flag with many options.

        >>> str(UsageError("must be at least 1, got 0", field="n of method vote").within("--methods"))
        '--methods: n of method vote must be at least 1, got 0'
        """
        return type(self)(str(self)).about(name)


class Impossible(UsageError):
    """A method needs a capability that the model lacks; raised before anything is spent."""


class OutOfBudget(PasselError):
    """Thrown into a flow whose round does not fit the budget. `fits`: how many of its first asks would."""

    def __init__(self, message: str = "the budget is spent", fits: int = 0) -> None:
        super().__init__(message)
        self.fits = fits


class RecordError(PasselError):
    """The record cannot be read or written as it should; names the file and the place in it."""


class NotRecorded(OutOfBudget):
    """A replay asks for a reply that the record does not hold, because the run had no budget or time left for it."""


class ModelError(PasselError):
    """The model or its endpoint cannot be used at all (no such model, not authorised, not reachable)."""


class Retryable(ModelError):
    """A request failed for a reason that may pass: the driver waits and tries again.

    Args:
        message: what happened.
        retry_after: seconds that the endpoint asked to wait; None: it did not ask.
        completion_tokens: tokens received before the failure; they are paid for.
    """

    def __init__(self, message: str, retry_after: float | None = None, completion_tokens: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.completion_tokens = completion_tokens


def unknown(what: str, name: str, known: Iterable[str]) -> UsageError:
    """Returns an error that gives an unknown name and the nearest known names."""
    names = sorted(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(names) or 'none'}"
    return UsageError(f"unknown {what} {name!r}; {hint}")
