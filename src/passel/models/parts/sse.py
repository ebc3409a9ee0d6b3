"""Server-sent events (WHATWG HTML, section 9.2), as far as model endpoints use them."""

from __future__ import annotations

__all__ = ["Events"]


class Events:
    """Turns bytes, however they are cut, into the data of events.

    Lines end in LF or CRLF. Comments and fields other than `data` are passed over; several data lines are joined by
    line feeds. A last event without its empty line counts too.

    >>> events = Events()
    >>> events.feed(b": hello\\r\\ndata: {}\\r\\n\\r\\nda"), events.feed(b"ta: [DONE]"), events.end()
    (['{}'], [], ['[DONE]'])
    """

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> list[str]:
        """The events that this chunk completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        found: list[str] = []
        for line in lines:
            self._line(line.removesuffix(b"\r"), found)
        return found

    def end(self) -> list[str]:
        """What was still open when the stream ended."""
        found: list[str] = []
        self._line(self._rest.removesuffix(b"\r"), found)
        self._line(b"", found)
        self._rest = b""
        return found

    def _line(self, line: bytes, found: list[str]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" ").decode("utf-8", "replace"))
        elif not line and self._data:
            found.append("\n".join(self._data))
            self._data.clear()
