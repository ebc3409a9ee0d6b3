"""Made-up facts, and questions whose answer follows from these facts only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from passel.core.key import Key

__all__ = ["FORMS", "MAX_FACTS", "Needles"]

MAX_FACTS = 96  # there are names and codes for so many

_TOWNS = (
    *("Alderby", "Brackwell", "Carnforth", "Dunmarsh", "Eskerton", "Fenwold", "Gorsley", "Harrowick", "Inverlane"),
    *("Kestrow", "Lindmoor", "Marlstead", "Northcombe", "Oxmere", "Pellworth", "Quendale", "Ravensby", "Silverton"),
    *("Thornley", "Upwick", "Varnham", "Wexcombe", "Yarrowdale", "Zennorby"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOUSES = ("archive", "chapel", "library", "lighthouse", "mill", "museum", "observatory", "station")


@dataclass(frozen=True, slots=True)
class Needles:
    """Facts, the fact that holds the answer first; a question; its answer; a worked solution."""

    facts: tuple[str, ...]
    question: str
    gold: str
    solution: str


def _places(key: Key, count: int) -> list[str]:
    """Distinct places, such as "the Alderby archive"."""
    chosen = (key / "places").permutation(len(_TOWNS) * len(_HOUSES))[:count]
    return [f"the {_TOWNS[index % len(_TOWNS)]} {_HOUSES[index // len(_TOWNS)]}" for index in chosen]


def _code(key: Key, index: int) -> str:
    """Five digits; the codes of different indices differ in the last two."""
    return str(100 + (key / "code" / index).below(900)) + f"{(index * 37 + (key / 'code').below(100)) % 100:02d}"


def _needle(key: Key, facts: int, hops: int) -> Needles:
    places = _places(key, facts)
    sentences = [f"The access code of {place} is {_code(key, index)}." for index, place in enumerate(places)]
    gold = _code(key, 0)
    solution = f"{sentences[0]}\nThe answer is {gold}."
    return Needles(tuple(sentences), f"What is the access code of {places[0]}?", gold, solution)


def _chain(key: Key, facts: int, hops: int) -> Needles:
    """`hops` facts lead from the first place of a chain to a code; the other facts form chains of the same kind."""
    chains = 1 + max(0, -(-(facts - hops) // hops))
    places = _places(key, chains * hops)
    sentences: list[str] = []
    for chain in range(chains):
        stops = places[chain * hops : (chain + 1) * hops]
        links = [f"The key of {a} is kept in {b}." for a, b in pairwise(stops)]
        sentences += [f"The access code of {stops[-1]} is {_code(key, chain)}.", *links]
    needed, gold = sentences[:hops], _code(key, 0)
    if hops == 1:
        question = f"What is the access code of {places[0]}?"
    elif hops == 2:
        question = f"What is the access code of the place where the key of {places[0]} is kept?"
    else:
        question = (
            f"Begin at {places[0]} and go to the place where its key is kept, then to the place where the key of that "
            f"place is kept, {hops - 1} steps in all. What is the access code of the place where you arrive?"
        )
    solution = "\n".join([*needed[1:], needed[0], f"The answer is {gold}."])
    return Needles(tuple(sentences[: max(facts, hops)]), question, gold, solution)


def _visits(key: Key, count: int) -> list[tuple[str, str]]:
    """Distinct pairs of a day and a town."""
    chosen = (key / "visits").permutation(len(_TOWNS) * len(_DAYS))[:count]
    return [(_DAYS[index % len(_DAYS)], _TOWNS[index // len(_DAYS)]) for index in chosen]


def _count(key: Key, facts: int, hops: int) -> Needles:
    place, other, *_ = _places(key, 2)
    right = 1 + (key / "right").below(max(1, facts - 1))
    signed = [f"On {day} a visitor from {town} signed the guest book of" for day, town in _visits(key, facts)]
    sentences = [f"{visit} {place if i < right else other}." for i, visit in enumerate(signed)]
    question = f"How many visitors signed the guest book of {place}?"
    solution = "\n".join([*sentences[:right], f"The answer is {right}."])
    return Needles(tuple(sentences), question, str(right), solution)


def _sum(key: Key, facts: int, hops: int) -> Needles:
    place, other, *_ = _places(key, 2)
    right = min(facts, 2 + (key / "right").below(max(1, facts - 2)))
    parcels = [2 + (key / "many" / index).below(48) for index in range(facts)]
    sentences = [
        f"On {day} {town} sent {parcels[i]} parcels to {place if i < right else other}."
        for i, (day, town) in enumerate(_visits(key, facts))
    ]
    total, steps = parcels[0], list[str]()
    for count in parcels[1:right]:
        steps.append(f"{total}+{count}={total + count}")
        total += count
    question = f"How many parcels were sent to {place} in all?"
    return Needles(tuple(sentences), question, str(total), "\n".join([*steps, f"The answer is {total}."]))


FORMS: Mapping[str, Callable[[Key, int, int], Needles]] = {
    "needle": _needle,
    "hops": _chain,
    "count": _count,
    "sum": _sum,
}
"""By name: functions from a key, a number of facts and a number of hops (for `hops` only) to facts and a question."""
