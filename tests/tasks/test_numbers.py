"""Numbers: what is read, what is equal."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.problem import Answer
from passel.reading.kinds.number import close, read_number
from passel.reading.kinds.numerals import number
from passel.tasks.parts.kinds import NUMBER
from passel.tasks.parts.task import Item


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("26-9=17\n17-5=12\nThe answer is 12.", "12"),
        ("The answer is 72.0", "72"),
        ("The answer is $72.", "72"),
        ("The answer is 1,234.", "1234"),
        ("The answer is $1,234,567.50", "2469135/2"),
        ("so #### 1,234", "1234"),
        ("#### 5\nThat is all, in 3 steps.", "5"),
        ("\\boxed{-\\frac{3}{4}}", "-3/4"),
        ("\\boxed{\\frac12}", "1/2"),
        ("The answer is \\(\\boxed{10{,}080}\\)", "10080"),
        ("The answer is **5**", "5"),
        ("**Answer:** 5", "5"),
        ("The final answer is: $5$. I hope it is correct.", "5"),
        ("The answer is: x = 5 apples.", "5"),
        ("The answer is 3 + 4 = 7.", "7"),
        ("The answer is about -3.5 m", "-7/2"),
        ("The answer is 2 1/2 cups", "5/2"),
        ("The answer is .5", "1/2"),
        ("The answer is 4e-05", "1/25000"),
        ("The answer is 3.0 × 10^8 m/s", "300000000"),
        ("The answer is 10%", "10"),
        ("The answer is\n\n42", "42"),
        ("<answer>7</answer>", "7"),
        ("The answer is 4. Wait. The answer is 5.", "5"),
        ("we get −5", "-5"),
        ("owes -$5", "-5"),
        ("first 3, then 4", "4"),
        ("The answer is", None),
        ("The answer is 1/0", None),
        ("1e999999999", None),
        ("9" * 5000, None),
        ("none at all", None),
        ("", None),
        ("The answer is Tuesday, after 9 days", None),
    ],
)
def test_reads(text: str, key: str | None) -> None:
    answer = read_number(text)
    assert (answer.key if answer else None) == key


def test_a_long_text_is_read_in_time() -> None:
    assert read_number("1 " * 100_000 + "The answer is 8.") == Answer("8", "8")
    assert read_number("\\boxed{" * 20_000) is None


@given(st.fractions(max_denominator=10_000))
def test_a_value_is_one_answer_however_it_is_written(value: Fraction) -> None:
    spellings = [str(value), f"${value}$", f"\\boxed{{{value}}}"]
    if value.denominator == 1:
        spellings += [f"{value}.0", f"{int(value):,}", f"{value}."]
    if value >= 0:
        spellings.append(f"\\frac{{{value.numerator}}}{{{value.denominator}}}")
    for spelling in spellings:
        answer = read_number(f"The answer is {spelling}.")
        assert answer is not None
        assert answer.key == str(value)
        assert number(spelling.replace("\\boxed{", "").replace("}", "") if "boxed" in spelling else spelling) == value


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4))
def test_decimals_keep_their_value(value: object) -> None:
    answer = read_number(f"The answer is {value}")
    assert answer is not None
    assert Fraction(answer.key) == Fraction(str(value))


@given(st.text(max_size=200))
def test_any_text_is_read_without_error(text: str) -> None:
    answer = read_number(text)
    assert answer is None or number(answer.key) is not None


def test_closeness() -> None:
    assert close(Fraction(72), Fraction(72))
    assert not close(Fraction(10**9), Fraction(10**9 + 1))
    assert close(Fraction("3.33333"), Fraction(10, 3))
    assert not close(Fraction("3.33333"), Fraction("3.3"))
    assert not close(Fraction("0.0004"), Fraction("0.0005"))
    assert close(Fraction(100), Fraction(103), relative=0.04)


def test_without_a_gold_number_it_is_not_scored() -> None:
    assert NUMBER.score(Item("1", "?", "", NUMBER), Answer("1", "1")) is None
    assert NUMBER.score(Item("1", "?", "many", NUMBER), None) is None
    assert NUMBER.score(Item("1", "?", "3", NUMBER), Answer("many", "many")) == 0.0
