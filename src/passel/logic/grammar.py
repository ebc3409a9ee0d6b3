"""The grammar of formulas: a parser by recursive descent over tokens.

Binding, tightest first: ¬ and quantifiers, ∧, ⊕, ∨, a comma read as ∧, →, ↔. A quantifier with a dot reaches as far as
it can. Arrows group to the right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from passel.logic.syntax import (
    Atom,
    Connective,
    Equal,
    Formula,
    Function,
    Not,
    Operator,
    Quantified,
    Quantifier,
    Term,
    Variable,
)
from passel.logic.tokens import Token, tokens

__all__ = ["Grammar", "Reading", "Stop"]

MOST_DEPTH, MOST_CHOICES, MOST_WORDS = 50, 32, 4
_VARIABLE = re.compile(r"[A-Za-z][\d_']*")
_COMPARED = {
    **dict.fromkeys((">=", "≥", "≥=", r"\geq", r"\ge"), "AtLeast"),
    **dict.fromkeys(("<=", "≤", "≤=", r"\leq", r"\le"), "AtMost"),
    ">": "Greater",
    "<": "Less",
}


@dataclass(slots=True)
class Reading:
    """A formula, the names that quantifiers bind anywhere in it, and the repairs."""

    formula: Formula
    bound: set[str]
    repairs: list[str]


class Stop(Exception):
    """Leaves the parser at the first sign that fits no rule; `parse` makes a Fault of it."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at, self.message = at, message


def _balanced(signs: list[Token], repairs: list[str]) -> list[Token]:
    """Drops closing brackets without an opening one, and adds the missing brackets at the end."""
    kept: list[Token] = []
    deep = 0
    for sign in signs:
        deep += {"(": 1, ")": -1}.get(sign.kind, 0)
        if deep < 0:
            deep = 0
            repairs.append("')' without '(' left out")
        elif sign.kind == "end":
            kept += [Token(")", "", sign.at)] * deep
            kept.append(sign)
        else:
            kept.append(sign)
    if deep:
        repairs.append(f"{deep} missing ')' added at the end")
    return kept


@dataclass
class Grammar:
    """Reads one text. With `wide`, quantifiers without a dot reach as far as they can too."""

    text: str
    wide: bool = False
    bound: set[str] = field(default_factory=set[str])
    scope: list[str] = field(default_factory=list[str])
    repairs: list[str] = field(default_factory=list[str])
    depth: int = 0

    def __post_init__(self) -> None:
        signs = _balanced(list(tokens(self.text)), self.repairs)
        while len(signs) > 1 and signs[-2].kind == ".":  # the full stop of Prover9
            del signs[-2]
        self.signs, self.place = signs, 0

    def parsed(self) -> Reading:
        """The formula that the whole text is; raises Stop."""
        formula = self.arrows()
        if self.sign.kind != "end":
            raise self.stop("an operator or the end expected")
        return Reading(formula, self.bound, self.repairs)

    @property
    def sign(self) -> Token:
        return self.signs[self.place]

    def after(self, count: int) -> str:
        return self.signs[min(self.place + count, len(self.signs) - 1)].kind

    def take(self, *kinds: str) -> Token | None:
        if self.sign.kind not in kinds:
            return None
        self.place += 1
        return self.signs[self.place - 1]

    def need(self, kind: str) -> Token:
        if found := self.take(kind):
            return found
        raise self.stop(f"{'a name' if kind == 'name' else repr(kind)} expected")

    def stop(self, message: str) -> Stop:
        return Stop(self.sign.at, f"{message}, not {self.sign.text!r}" if self.sign.text else f"{message}, not the end")

    def deeper(self, read: Callable[[], Formula]) -> Formula:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise Stop(self.sign.at, f"nested more than {MOST_DEPTH} deep")
        found = read()
        self.depth -= 1
        return found

    def arrows(self) -> Formula:
        left = self.implication()
        return Connective("↔", (left, self.deeper(self.arrows))) if self.take("↔") else left

    def implication(self) -> Formula:
        left = self.joined(",")
        if self.take("→"):
            return Connective("→", (left, self.deeper(self.implication)))
        if self.take("←"):
            return Connective("→", (self.deeper(self.implication), left))
        return left

    def joined(self, sign: str) -> Formula:
        """A run of formulas with this sign between them; formulas with tighter signs are its parts."""
        tighter = {",": "∨", "∨": "⊕", "⊕": "∧"}.get(sign)
        parts: list[Formula] = []
        while not parts or self.take(sign):
            parts.append(self.joined(tighter) if tighter else self.unary())
        if len(parts) == 1:
            return parts[0]
        operators: dict[str, Operator] = {",": "∧", "∧": "∧", "∨": "∨", "⊕": "⊕"}
        if sign == ",":
            self.repairs.append("a comma between formulas read as ∧")
        if sign == "⊕" and len(parts) > 2:
            self.repairs.append(f"{len(parts)} formulas joined by ⊕ read as exactly one of them")
            if len(parts) > MOST_CHOICES:
                raise Stop(self.sign.at, f"more than {MOST_CHOICES} formulas joined by ⊕")
        return Connective(operators[sign], tuple(parts))

    def unary(self) -> Formula:
        if self.take("¬"):
            return Not(self.deeper(self.unary))
        if sign := self.take("∀", "∃"):
            return self.deeper(lambda: self.quantified("∀" if sign.kind == "∀" else "∃"))
        if self.take("("):
            found = self.deeper(self.arrows)
            self.need(")")
            return found
        return self.atom()

    def quantified(self, quantifier: Quantifier) -> Formula:
        names, reach = self.binder()
        self.bound.update(names)
        self.scope += names
        far = bool(self.take(".")) or self.wide or reach != "next"
        body = self.arrows() if far else self.unary()
        del self.scope[-len(names) :]
        if reach == "call":
            self.need(")")
        for name in reversed(names):
            body = Quantified(quantifier, name, body)
        return body

    def binder(self) -> tuple[list[str], Literal["next", "far", "call"]]:
        """The variables, and whether the body is what follows next, all that follows (after a comma), or stands in the
        same brackets, as in ForAll(x, P(x))."""
        bracketed = bool(self.take("("))
        names = [self.name(self.need("name").text)]
        while _VARIABLE.fullmatch(self.sign.text) and self.after(1) in ("name", ",", ".", ")", "(", "∀", "∃", "¬"):
            if not bracketed and self.after(1) == "(" and self.signs[self.place + 1].at == self.ends(self.sign):
                break  # in "all x P(x)" the body begins
            names.append(self.name(self.need("name").text))
        while self.after(0) == "," and self.after(1) == "name" and self.after(2) in ",).(" and self.listed(bracketed):
            self.place += 1
            names.append(self.name(self.need("name").text))
        if self.take(","):
            return names, "call" if bracketed else "far"
        if bracketed:
            self.need(")")
        return names, "next"

    def listed(self, bracketed: bool) -> bool:
        """Whether the name after a comma is one more variable rather than the predicate that the body begins with."""
        follows = self.signs[self.place + 2]
        return follows.kind != "(" or (not bracketed and follows.at > self.ends(self.signs[self.place + 1]))

    @staticmethod
    def ends(sign: Token) -> int:
        return sign.at + len(sign.text)

    def atom(self) -> Formula:
        if self.sign.kind != "name":
            raise self.stop("a formula expected")
        start, words = self.sign, self.place
        name, arguments = self.applied()
        if sign := self.take("=", "≠"):
            equation = Equal(self.term_of(name, arguments), self.term())
            return equation if sign.kind == "=" else Not(equation)
        if sign := self.take("compare"):
            self.repairs.append(f"comparison {sign.text} read as a predicate, without arithmetic")
            return Atom(_COMPARED[sign.text], (self.term_of(name, arguments), self.term()))
        if not arguments and self.place - words > 1 and self.signs[self.place - 1].kind == "name":
            raise Stop(start.at, "words where a formula was expected")
        if not arguments and name in self.scope:
            raise Stop(start.at, f"variable {name} where a formula was expected")
        return Atom(name, arguments)

    def term(self) -> Term:
        return self.term_of(*self.applied())

    def term_of(self, name: str, arguments: tuple[Term, ...]) -> Term:
        return Variable(name) if name in self.scope and not arguments else Function(name, arguments)

    def applied(self) -> tuple[str, tuple[Term, ...]]:
        start = self.sign.at
        words = [self.need("name").text]
        while sign := self.take("name"):
            words.append(sign.text)
        if len(words) > MOST_WORDS:
            raise Stop(start, "words where a formula was expected")
        name = self.name(" ".join(words))
        if not self.take("("):
            return name, ()
        arguments: list[Term] = []
        if not self.take(")"):
            self.depth += 1
            if self.depth > MOST_DEPTH:
                raise Stop(self.sign.at, f"nested more than {MOST_DEPTH} deep")
            arguments.append(self.term())
            while self.take(","):
                arguments.append(self.term())
            self.depth -= 1
            self.need(")")
        return name, tuple(arguments)

    def name(self, text: str) -> str:
        """As letters, digits and `_`; what differs from the text is reported."""
        plain = text.replace("\\_", "_").replace("+", "_plus").rstrip("'’") + "_prime" * (
            len(text) - len(text.rstrip("'’"))
        )
        plain = re.sub(r"\W+", "_", plain)
        if plain != text.replace("\\_", "_"):
            self.repairs.append(f"name {text!r} written {plain}")
        return plain
