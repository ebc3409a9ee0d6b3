"""A reader of the controlled English of ProofWriter and PrOntoQA: each sentence form has exactly one formula.

ProofWriter (Tafjord et al. 2020, 2012.13048): "Anne is not kind." "The cat chases the dog." "All red, kind things are
rough." "If someone is red and they do not like the cat then the cat is big." PrOntoQA (Saparov and He 2022,
2210.01240): "Every wumpus is a vumpus." "Wumpuses are not sour." Negation is explicit: what is not said is not known.
"""

from __future__ import annotations

import re

from passel.logic.parser import Fault
from passel.logic.syntax import Atom, Connective, Formula, Function, Not, Quantified, Term, Variable

__all__ = ["read_english"]

_X = Variable("x")
_ANYONE = {"something", "someone", "it", "they"}
_ABOUT = r"(?:The |the )?(?P<subject>[A-Za-z]+(?: [a-z]+)??)"
_COPULA = re.compile(rf"{_ABOUT} (?:is|are) (?P<no>not )?(?:(?P<kind>an?) )?(?P<what>[a-z]+)")
_DENIED = re.compile(rf"{_ABOUT} (?:does|do) not (?P<verb>[a-z]+) (?:the )?(?P<object>[A-Za-z]+(?: [a-z]+)?)")
_VERB = re.compile(rf"{_ABOUT} (?P<verb>(?!is\b|are\b|does\b|do\b)[a-z]+) (?:the )?(?P<object>[A-Za-z]+(?: [a-z]+)?)")
_RULE = re.compile(r"If (?P<body>.+) then (?P<head>.+)")
_THINGS = re.compile(r"(?:All )?(?P<kinds>[A-Za-z]+(?:,? [a-z]+)*) (?:things|people) are (?P<no>not )?(?P<what>[a-z]+)")
_EVERY = re.compile(r"(?:Each|Every) (?P<kind>[a-z]+) is (?P<no>not )?(?:an? )?(?P<what>[a-z]+)")
_PLURAL = re.compile(r"(?P<kind>[A-Z][a-z]+) are (?P<no>not )?(?P<what>[a-z]+)")


def read_english(sentence: str) -> Formula | Fault:
    """The formula of a sentence; a Fault for one that is not in the controlled English.

    >>> from passel.logic.syntax import show
    >>> show(read_english("If someone is kind and they do not like the cat then the cat is big."))
    '∀x ((kind(x) ∧ ¬like(x, cat)) → big(cat))'
    >>> show(read_english("Wumpuses are vumpuses."))
    '∀x (wumpus(x) → vumpus(x))'
    """
    text = sentence.strip().removesuffix(".")
    if match := _RULE.fullmatch(text):
        return _rule(sentence, match["body"], match["head"])
    if match := _THINGS.fullmatch(text):
        kinds = [Atom(word.lower(), (_X,)) for word in re.split(r",? ", match["kinds"])]
        return _all(_joined(kinds), _signed(match["no"], Atom(match["what"], (_X,))))
    if match := _EVERY.fullmatch(text) or _PLURAL.fullmatch(text):
        kind = Atom(_single(match["kind"].lower()), (_X,))
        return _all(kind, _signed(match["no"], Atom(_single(match["what"]), (_X,))))
    return _clause(sentence, text)


def _rule(sentence: str, body: str, head: str) -> Formula | Fault:
    clauses: list[Formula] = []
    subject = ""
    for text in [*re.split(r" and ", body), head]:
        if re.match(r"(?:not )?[a-z]+$", text):  # "someone is red and not big"
            text = f"{subject} is {text}"
        clause = _clause(sentence, text)
        if isinstance(clause, Fault):
            return clause
        clauses.append(clause)
        subject = re.split(r" (?:is|are|does|do|[a-z]+s) ", text)[0]
    *conditions, then = clauses
    free = re.search(r"\b(?:something|someone)\b", body)
    if free:
        return _all(_joined(conditions), then)
    return Connective("→", (_joined(conditions), then))


def _clause(sentence: str, text: str) -> Formula | Fault:
    if match := _COPULA.fullmatch(text):
        return _signed(match["no"], Atom(match["what"], (_thing(match["subject"]),)))
    if match := _DENIED.fullmatch(text):
        return Not(_relation(match["verb"], match))
    if match := _VERB.fullmatch(text):
        verb = match["verb"]
        plural = match["subject"] in ("they",)
        return _relation(verb if plural else verb.removesuffix("s"), match)
    return Fault(sentence, max(sentence.find(text), 0), "no sentence of the controlled English")


def _relation(verb: str, match: re.Match[str]) -> Formula:
    return Atom(verb, (_thing(match["subject"]), _thing(match["object"])))


def _thing(words: str) -> Term:
    return _X if words in _ANYONE else Function(words.replace(" ", "_").lower())


def _signed(no: str | None, formula: Formula) -> Formula:
    return Not(formula) if no else formula


def _joined(parts: list[Formula] | list[Atom]) -> Formula:
    return parts[0] if len(parts) == 1 else Connective("∧", tuple(parts))


def _all(body: Formula, head: Formula) -> Formula:
    return Quantified("∀", "x", Connective("→", (body, head)))


def _single(word: str) -> str:
    return word[:-2] if word.endswith("uses") else word
