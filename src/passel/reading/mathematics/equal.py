"""Whether two answers are the same: form by form, and expressions by algebra."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from passel.reading.mathematics.forms import (
    Expression,
    Form,
    Interval,
    Items,
    Matrix,
    Number,
    Ratio,
    Raw,
    Relation,
    Union,
    Words,
    form_of,
)

__all__ = ["Algebra", "same"]

Algebra = Callable[[str, str], bool]
"""Whether two LaTeX expressions are equal, and, for the texts "equation: …", whether two equations are."""


def same(gold: str, given: str, algebra: Algebra) -> bool:
    """Whether an answer is the gold one.

    Args:
        algebra: is asked only where both sides are expressions that it can read whole.
    """
    return _same(form_of(gold), form_of(given), algebra)


def _same(gold: Form, given: Form, algebra: Algebra) -> bool:
    match _without_name(gold, given):
        case Number() as a, Number() as b:
            return a.value == b.value or _close(a, b)
        case Words(a), Words(b):
            return a == b
        case Raw(a), Raw(b):
            return a == b
        case Items() as a, Items() as b:
            compare = _all if a.ordered and b.ordered else _any_order
            return compare(a.items, b.items, algebra)
        case Union(a), Union(b):
            return _any_order(a, b, algebra)
        case Interval() as a, Interval() as b:
            return a.brackets == b.brackets and _all((a.low, a.high), (b.low, b.high), algebra)
        case (Interval() as interval, Items() as pair) | (Items() as pair, Interval() as interval):
            ends = (interval.low, interval.high)
            return pair.ordered and interval.brackets == "()" and _all(ends, pair.items, algebra)
        case Ratio(a), Ratio(b):
            return _proportional(a, b)
        case Matrix(a), Matrix(b):
            return len(a) == len(b) and all(_all(row, other, algebra) for row, other in zip(a, b, strict=True))
        case (Matrix(rows), Items() as items) | (Items() as items, Matrix(rows)):
            cells = [cell for row in rows for cell in row]
            return items.ordered and 1 in (len(rows), len(rows[0])) and _all(cells, items.items, algebra)
        case Relation() as a, Relation() as b:
            if _same(a.left, b.left, algebra):
                return _same(a.right, b.right, algebra)
            return algebra(f"equation: {_latex(a)}", f"equation: {_latex(b)}")
        case (Number() | Expression() | Words()) as a, (Number() | Expression() | Words()) as b:
            left, right = _latex(a), _latex(b)
            return left.replace(" ", "") == right.replace(" ", "") or (_may_be_letter(a, b) and algebra(left, right))
        case _:
            return False


def _without_name(gold: Form, given: Form) -> tuple[Form, Form]:
    """Without "x =" where only one of the two has it."""
    if isinstance(gold, Relation) and not isinstance(given, Relation):
        return (gold.right, given) if _is_name(gold.left) else (gold, given)
    if isinstance(given, Relation) and not isinstance(gold, Relation):
        return (gold, given.right) if _is_name(given.left) else (gold, given)
    return gold, given


def _may_be_letter(*forms: Form) -> bool:
    """Whether algebra can be asked: a word is a variable only where it is a letter."""
    return all(not isinstance(form, Words) or len(form.text) == 1 for form in forms)


def _is_name(form: Form) -> bool:
    """A letter, or a function of letters: x, f(x), A."""
    match form:
        case Words(text):
            return len(text) <= 2
        case Expression(latex):
            return len(latex) <= 8 and latex[0].isalpha()
        case _:
            return False


def _all(gold: Sequence[Form], given: Sequence[Form], algebra: Algebra) -> bool:
    return len(gold) == len(given) and all(_same(a, b, algebra) for a, b in zip(gold, given, strict=True))


def _any_order(gold: Sequence[Form], given: Sequence[Form], algebra: Algebra) -> bool:
    """Each gold item met by another given one. Equality is taken to be transitive, so the first that fits is taken."""
    if len(gold) != len(given) or len(gold) > 50:
        return False
    left = list(given)
    for item in gold:
        index = next((index for index, other in enumerate(left) if _same(item, other, algebra)), None)
        if index is None:
            return False
        del left[index]
    return True


def _proportional(gold: Sequence[Form], given: Sequence[Form]) -> bool:
    a = [term.value for term in gold if isinstance(term, Number)]
    b = [term.value for term in given if isinstance(term, Number)]
    if len(a) != len(gold) or len(b) != len(given) or len(a) != len(b) or not (a[0] and b[0]):
        return False
    return all(x * b[0] == y * a[0] for x, y in zip(a, b, strict=True))


def _close(gold: Number, given: Number) -> bool:
    """A decimal gold answer is a rounded one: a given answer with as many digits or more may differ in what was rounded
    away, by the gold's last digit at most; a gold fraction or whole number is exact."""
    if not gold.decimal or not given.decimal:
        return False
    return abs(gold.value - given.value) <= abs(gold.value) * Fraction(1, 10**6)


def _latex(form: Form) -> str:
    match form:
        case Number(value):
            top, bottom = value.numerator, value.denominator
            return str(top) if bottom == 1 else rf"\frac{{{top}}}{{{bottom}}}"
        case Relation(left, _, right):
            return f"({_latex(left)}) - ({_latex(right)})"
        case Expression(latex) | Raw(latex):
            return latex
        case Words(text):
            return text
        case _:
            return repr(form)
