"""Docstrings as data."""

from __future__ import annotations

import pytest

from passel.core.docs import bounds, describe


def documented(problem: object, *, key: object, n: int = 3) -> None:
    """One line.

    Source: Someone 2020
    (2001.00001), section 1.

    Args:
        n: how many: at most 9.

    Cost: generate = n, verifier <= n (one
    each)

    Deviations: none.

    >>> 1 + 1
    2
    """


def test_sections_are_read_in_order_and_joined():
    about = describe(documented)
    assert about.summary == "One line."
    assert list(about.sections) == ["Source", "Args", "Cost", "Deviations"]
    assert about.source == "Someone 2020 (2001.00001), section 1."
    assert about.cost == "generate = n, verifier <= n (one each)"
    assert about.sections["Deviations"] == "none."
    assert list(about.options) == ["n"]


@pytest.mark.parametrize(
    ("cost", "found"),
    [
        ("generate = 1", {"generate": (1, 1)}),
        ("generate = n.", {"generate": (4, 4)}),
        ("generate <= n * (m + 1), call <= 2 * n", {"generate": (0, 12), "call": (0, 8)}),
        ("generate = min(n, m) + max(n, m) - 1", {"generate": (5, 5)}),
        ("score = n (one a sample, if any)", {"score": (4, 4)}),
    ],
)
def test_a_cost_line_is_evaluated(cost, found):
    assert bounds(cost, {"n": 4, "m": 2}) == found


@pytest.mark.parametrize("cost", ["", "some passes", "generate = n ** 2", "generate = f(n)"])
def test_a_cost_line_of_another_form_is_refused(cost):
    with pytest.raises((ValueError, KeyError)):
        bounds(cost, {"n": 4})
