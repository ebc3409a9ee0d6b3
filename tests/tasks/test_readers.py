"""Letters, labels, texts, expressions: what is read, by example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.problem import Reader
from passel.reading.kinds.letter import LetterReader
from passel.reading.kinds.prose import normal
from passel.reading.kinds.text import read_exact, read_symbols, read_text
from passel.tasks.parts.expressions import makes, read_expression, solve
from passel.tasks.parts.gym import read_block
from passel.tasks.parts.kinds import TRUE_FALSE_UNKNOWN, YES_NO

FRUIT = LetterReader(("an apple", "pears", "None of these"))


def key(reader: Reader, text: str) -> str | None:
    answer = reader(text)
    return answer.key if answer else None


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("The answer is (C).", "C"),
        ("The answer is C.", "C"),
        ("The answer is **(b)**", "B"),
        ("Answer: B) pears", "B"),
        ("The correct answer is option A", "A"),
        ("\\boxed{B}", "B"),
        ("\\boxed{\\text{(B)}}", "B"),
        ("C", "C"),
        ("c)", "C"),
        ("(C)", "C"),
        ("B. pears", "B"),
        ("The answer is pears.", "B"),
        ("The answer is apple.", "A"),
        ("so it must be\nPears", "B"),
        ("It could be (A), but (B) fits.", "B"),
        ("The answer is (Z). Or (Q).", None),
        ("A man walks by", None),
        ("The answer is an orange", None),
        ("", None),
    ],
)
def test_letters(text: str, letter: str | None) -> None:
    assert key(FRUIT, text) == letter


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("The answer is yes.", "yes"),
        ("So the answer is **No**.", "no"),
        ("No, because it said yes before.", "no"),
        ("They did, so it is true.", "yes"),
        ("I know nothing", None),
    ],
)
def test_yes_and_no(text: str, label: str | None) -> None:
    assert key(YES_NO.reader(()), text) == label


def test_unknown_and_uncertain_are_one_answer() -> None:
    read = TRUE_FALSE_UNKNOWN.reader(())
    assert key(read, "The answer is Uncertain.") == key(read, "Unknown") == "unknown"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('The answer is "The Eiffel Tower".', "eiffel tower"),
        ("thinking\nAnswer: a Greenwich Village, New York City\nbye", "greenwich village new york city"),
        ("Zaire", "zaire"),
        ("The answer is 3,677 seated.", "3677 seated"),
        (" \n ", None),
    ],
)
def test_normalised_text(text: str, found: str | None) -> None:
    assert key(read_text, text) == found


def test_a_text_of_punctuation_is_still_an_answer() -> None:
    assert normal("] )") == "])"
    assert key(read_symbols, "The answer is ] ].") == key(read_symbols, "]]")
    assert key(read_exact, "The answer is yaJo.") == "yaJo"


def test_blocks_of_lines() -> None:
    assert read_block("The answer is\n1 2\n3 4\n\nDone.").text == "1 2\n3 4"  # type: ignore[union-attr]
    assert key(read_block, "<answer>\n1 2\n3 4\n</answer>") == "1 2 3 4"
    assert key(read_block, "\\boxed{0.50}") == "1/2"
    assert key(read_block, "so\nB -> A") == "B -> A"
    assert key(read_block, "") is None


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("6+9=15\n93-15=78\nThe answer is 93-(6+9).", "93-(6+9)"),
        ("The answer is (93-6)-9 = 78.", "(93-6)-9"),
        ("78 = 93-(6+9)", "93-(6+9)"),
        ("<answer>4*(10-4)</answer>", "4*(10-4)"),
        ("\\boxed{4 \\times (10 - 4)}", "4 * (10 - 4)"),
        ("The answer is 4 × (10 − 4).", "4 * (10 - 4)"),
        ("The answer is 2**3", None),
        ("The answer is 2//3", None),
        ("The answer is __import__('os')", None),
        ("The answer is 3(4+5)", None),
        ("(" * 150 + "1" + ")" * 150, None),
        ("-" * 500 + "1", None),
        ("hello", None),
    ],
)
def test_expressions(text: str, expression: str | None) -> None:
    answer = read_expression(text)
    assert (answer.text if answer else None) == expression


def test_expressions_that_differ_only_in_order_are_one_answer() -> None:
    same = ["93-(6+9)", "93-6-9", "(93-9)-6", "-6+93-9", "((93))-(9+6)"]
    assert len({key(read_expression, text) for text in same[:3] + same[4:]}) == 1
    assert key(read_expression, "2*(3+4)") == key(read_expression, "(4+3)*2")
    assert key(read_expression, "8/(4/2)") == key(read_expression, "8/4*2")
    assert key(read_expression, "8/4/2") != key(read_expression, "8/(4/2)")


def test_a_solution_uses_each_number_once_and_hits_the_target() -> None:
    assert makes("93-(6+9)", [6, 93, 9], 78)
    assert not makes("93-(6+9)", [6, 93, 9, 9], 78)
    assert not makes("93-15", [6, 93, 9], 78)
    assert not makes("93-(6+9)", [6, 93, 9], 77)
    assert not makes("6/(5-5)", [6, 5, 5], 1)
    assert makes("8/(3-8/3)", [3, 3, 8, 8], 24)


@given(st.lists(st.integers(1, 13), min_size=2, max_size=4), st.integers(0, 30))
def test_what_is_solved_is_right(numbers: list[int], target: int) -> None:
    found = solve(numbers, target)
    assert found is None or makes(found, numbers, target)


@given(st.text(max_size=300), st.sampled_from(["", "The answer is ", "\\boxed{", "<answer>", "#### "]))
def test_any_text_is_read_without_error(text: str, mark: str) -> None:
    for reader in (FRUIT, read_text, read_exact, read_symbols, read_block, read_expression, YES_NO.reader(())):
        answer = reader(mark + text)
        assert answer is None or answer.key
