"""What both sides of the pipes agree on."""

__all__ = ["HEADER", "LONGEST", "READY"]

HEADER = 8
"""A message is preceded by its length in bytes, in so many hexadecimal digits."""
READY = b"ready\n"
"""What a worker says when it waits for its code."""
LONGEST = 2**20
"""Bytes of JSON that a value may have."""
