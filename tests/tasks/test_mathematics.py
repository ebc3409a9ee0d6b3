"""Mathematics: keys and equality by math-verify in its own process."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from passel.core.errors import UsageError
from passel.reading.kinds.mathematics import math_key, read_math, same_math
from passel.tasks.parts.kinds import MATH

pytest.importorskip("math_verify")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The answer is \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("The final answer is $\\frac12$. I hope it is correct.", "\\frac12"),
        ("**Answer:** $(3, \\frac{\\pi}{2})$", "(3, \\frac{\\pi}{2})"),
        ("so $x = 4$ and then $y = \\sqrt{2}$.", "y = \\sqrt{2}"),
        ("it is 5", "5"),
        ("I do not know", None),
        ("", None),
    ],
)
def test_reads(text: str, found: str | None) -> None:
    answer = read_math(text)
    assert (answer.text if answer else None) == found


@pytest.mark.parametrize(
    "same",
    [
        ["\\frac{1}{2}", "1/2", "0.5", "\\dfrac12", "x = \\tfrac{1}{2}"],
        ["72", "72.0", "\\$72", "72^\\circ", "72 \\text{ cents}"],
        ["\\frac{\\sqrt3}{3}", "\\frac{1}{\\sqrt{3}}"],
        ["(a+5)(b+2)", "(b+2)(a+5)"],
        ["\\text{Evelyn}", "Evelyn"],
        ["\\text{(C)}", "C"],
        ["10,\\!080", "10080"],
        ["1\\frac{4}{5}", "9/5"],
    ],
)
def test_equal_answers_have_equal_keys(same: list[str]) -> None:
    assert len({math_key(text) for text in same}) == 1
    assert all(same_math(same[0], text) == 1.0 for text in same)


def test_unequal_answers() -> None:
    assert same_math("\\frac{1}{2}", "\\frac{1}{3}") == 0.0
    assert same_math("(3,4]", "[3,4]") == 0.0
    assert same_math("\\sqrt{2}", "pears") == 0.0


def test_an_answer_that_cannot_be_checked_is_wrong_and_stops_nothing() -> None:
    assert same_math("3", "99999999!") == 0.0
    assert same_math("1", "10^{10^{10}}") == 0.0
    assert same_math("\\sqrt{18}", "3\\sqrt{2}") == 1.0


def test_from_many_threads_at_once() -> None:
    texts = [f"\\sqrt{{{n}}}" for n in range(2, 40)]
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(math_key.__wrapped__, texts))
    assert keys == [math_key(text) for text in texts]


def test_the_missing_extra_is_named_before_anything_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "math_verify", None)
    with pytest.raises(UsageError, match=r'pip install "passel\[tasks\]"'):
        MATH.reader(())
