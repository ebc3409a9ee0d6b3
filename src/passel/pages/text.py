"""Text that is safe to show: cleaned, cut, escaped; and numbers as a reader wants them."""

from __future__ import annotations

import html
import math
import re

__all__ = [
    "clean",
    "compact",
    "count",
    "cut",
    "dollars",
    "duration",
    "escape",
    "name",
    "percent",
    "plain",
    "points",
    "prose",
    "ratio",
]

_NEWLINE = re.compile("\r\n?")
# Control characters, lone surrogates, noncharacters, and the marks that reorder the text around them.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_MINUS = re.compile(r"(?<![\w.])-(?=\d)")
_UNIT = re.compile(r"(?<=\d) (?=%|points|×)")


def _visible(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"


def clean(text: str) -> str:
    """The text with every character that a page or a terminal could stumble over made visible.

    >>> clean("a\\x1b[31mb\\ud800")
    'a␛[31mb�'
    """
    return _UNSAFE.sub(_visible, _NEWLINE.sub("\n", text))


def cut(text: str, limit: int) -> tuple[str, int]:
    """The first `limit` characters, and how many were left out."""
    return (text, 0) if len(text) <= limit else (text[:limit], len(text) - limit)


def escape(text: str) -> str:
    """Cleaned and escaped, for an HTML element or a quoted attribute."""
    return html.escape(clean(text), quote=True)


def name(text: str) -> str:
    """A method's name as HTML that may break between its parts rather than within them."""
    return re.sub("([:,])", r"\1<wbr>", escape(text))


def prose(sentence: str) -> str:
    """A sentence with names in backticks as HTML: names become code, numbers get a minus sign and keep their unit."""
    parts = sentence.split("`") if sentence.count("`") % 2 == 0 else [sentence]
    for i, part in enumerate(parts):
        safe = escape(part)
        parts[i] = f"<code>{safe}</code>" if i % 2 else _UNIT.sub("\u00a0", _MINUS.sub("\u2212", safe))
    return "".join(parts)


def plain(sentence: str) -> str:
    """The same sentence for a terminal."""
    return clean(sentence.replace("`", "")).replace("×", "x")


def percent(value: float | None, digits: int = 0) -> str:
    """A share of one; "n/a" where it cannot be told.

    >>> percent(0.655), percent(0.655, 1), percent(None)
    ('66 %', '65.5 %', 'n/a')
    """
    return "n/a" if value is None or math.isnan(value) else f"{_half_up(100 * value, digits):.{digits}f} %"


def points(value: float | None, digits: int = 0) -> str:
    """A signed difference of shares, in percentage points, without the unit; small ones keep a digit.

    >>> points(0.2), points(-0.05), points(0.002), points(0.0)
    ('+20', '-5', '+0.2', '0')
    """
    if value is None or math.isnan(value):
        return "n/a"
    digits = digits or int(0 < abs(value) < 0.005)
    rounded = _half_up(100 * value, digits)
    return f"{rounded:+.{digits}f}" if rounded else "0"


def _half_up(value: float, digits: int) -> float:
    """Rounded half away from zero: 2.5 is 3, as a reader expects, though its binary form may lie just below."""
    scale = 10**digits
    return math.copysign(math.floor(abs(value) * scale + 0.5 + 1e-9) / scale, value)


def count(value: float | None) -> str:
    """A quantity in full, with separators: 12,340; 8.5; 0.25.

    >>> count(12340.4), count(8.5), count(8.0), count(0.253), count(None)
    ('12,340', '8.5', '8', '0.25', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def compact(value: float | None) -> str:
    """A quantity in at most five characters: 950, 2.4k, 31k, 1.2M.

    >>> compact(950), compact(2000), compact(2040), compact(31400), compact(999_999), compact(None)
    ('950', '2k', '2.0k', '31k', '1.0M', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    for scale, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * scale:
            scaled = value / scale
            return (f"{scaled:.1f}" if abs(scaled) < 9.95 and scaled != int(scaled) else f"{scaled:.0f}") + unit
    return count(value)


def dollars(value: float | None) -> str:
    """Money; below ten cents, to two figures.

    >>> dollars(12.3), dollars(0.25), dollars(0.000321), dollars(0.0), dollars(None)
    ('$12.30', '$0.25', '$0.00032', '$0', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    if value == 0:
        return "$0"
    if abs(value) >= 0.1:
        return f"${value:,.2f}"
    digits = 1 - math.floor(math.log10(abs(value)))
    return f"${value:.{digits}f}" if digits <= 8 else f"${value:.1e}"


def ratio(value: float) -> str:
    """How many times as much: 8.0 is "8.0", 31.4 is "31", 0.43 is "0.43"."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def duration(seconds: float) -> str:
    """A time span.

    >>> duration(7.3), duration(185), duration(9000)
    ('7.3 s', '3 min 5 s', '2 h 30 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
