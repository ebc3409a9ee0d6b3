"""The protocol on the pipes between a worker and the process outside."""

__all__ = ["HEADER", "MAX_VALUE_BYTES", "READY"]

HEADER = 8
"""Hexadecimal digits before each message, which give its length in bytes."""
READY = b"ready\n"
"""A worker writes this when it waits for its code."""
MAX_VALUE_BYTES = 2**20
"""Bytes of JSON in a value."""
