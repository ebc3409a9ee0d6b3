"""The arithmetic of acceptance, exactly: whatever is guessed, the text is distributed as the target's own.

Every uniform number is integrated out: it is compared with thresholds alone, so a run is a tree of decisions whose
chances are fractions. Drafts are enumerated too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_engine import logits_of

from passel.core.ask import Sampling
from passel.decoding.parts.rejection import one_round, walk
from passel.engine.sampling import Rows, shaped

VOCABULARY = 3
Text = tuple[int, ...]


class Decisions:
    """Runs a function of choices once for each way they can fall, with its exact chance."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.at = 0
        self.chance = Fraction(1)
        self.others: list[list[int]] = []

    def choose(self, weights: list[Fraction]) -> int:
        possible = [at for at, weight in enumerate(weights) if weight > 0]
        if self.at == len(self.script):
            self.others += [[*self.script, other] for other in possible[1:]]
            self.script.append(possible[0])
        chosen = self.script[self.at]
        self.at += 1
        self.chance *= weights[chosen] / sum(weights)
        return chosen

    def uniform(self) -> Uniform:
        return Uniform(self)

    @classmethod
    def all(cls, run: Callable[[Decisions], Any]) -> Iterator[tuple[Fraction, Any]]:
        waiting: list[list[int]] = [[]]
        while waiting:
            one = cls()
            one.script = waiting.pop()
            result = run(one)
            waiting += one.others
            yield one.chance, result


class Uniform:
    """A number of which nothing is known until it is compared: u * q < p has the chance p / q, at most 1."""

    def __init__(self, decisions: Decisions, scale: Fraction = Fraction(1)) -> None:
        self.decisions, self.scale = decisions, scale

    def __mul__(self, scale: Fraction) -> Uniform:
        return Uniform(self.decisions, self.scale * scale)

    def __lt__(self, limit: Fraction) -> bool:
        chance = min(Fraction(1), limit / self.scale)
        return self.decisions.choose([1 - chance, chance]) == 1


def exact(weights: Any) -> Any:
    """Weights as a distribution of short fractions."""
    fractions = [Fraction(weight).limit_denominator(1000) for weight in weights]
    return np.array([one / sum(fractions) for one in fractions], dtype=object)


def language(name: str, sampling: Sampling) -> Callable[[Text], Any]:
    """A toy model's distribution after a text, shaped as the engine's sampler shapes it."""
    logits = logits_of(name, VOCABULARY)
    rows = Rows.of([sampling])

    @cache
    def chances(text: Text) -> Any:
        return exact(shaped(logits(text).unsqueeze(0), rows).softmax(-1)[0].tolist())

    return chances


def drafted(
    decisions: Decisions, draft: Callable[[Text], Any], widths: tuple[int, ...], siblings: str
) -> tuple[list[int], list[int], list[Any]]:
    """A tree of so many siblings on each level: drawn with or without replacement, chosen, or some of each."""
    tokens, parents, drafts = list[int](), list[int](), list[Any]()
    level: list[tuple[int, Text]] = [(-1, ())]
    for width in widths:
        following: list[tuple[int, Text]] = []
        for parent, text in level:
            left = draft(text)
            ranked = sorted(range(VOCABULARY), key=lambda token, left=left: -left[token])
            for place in range(width):
                if not left.sum():
                    break
                drawn = siblings in ("with", "without") or (siblings == "mixed" and place == 0)
                token = decisions.choose(list(left)) if drawn else ranked[place]
                following.append((len(tokens), (*text, token)))
                tokens.append(token)
                parents.append(parent)
                drafts.append(left if drawn else None)
                if siblings == "without":
                    left = left.copy()
                    left[token] = Fraction(0)
                    left = left / left.sum() if left.sum() else left
        level = following
    return tokens, parents, drafts


def distribution(
    target: Callable[[Text], Any],
    draft: Callable[[Text], Any],
    widths: tuple[int, ...],
    siblings: str,
    told: Callable[[Any], Any] = lambda chances: chances,
) -> dict[Text, Fraction]:
    """Of the first tokens of a text, as many as one pass can give; those that it does not give are the target's."""

    def run(decisions: Decisions) -> Text:
        tokens, parents, drafts = drafted(decisions, draft, widths, siblings)
        texts: dict[int, Text] = {-1: ()}
        for node, (token, parent) in enumerate(zip(tokens, parents, strict=True)):
            texts[node] = (*texts[parent], token)
        path, added = walk(
            tokens,
            parents,
            [None if one is None else told(one) for one in drafts],
            target=lambda node: target(texts[node]),
            u=lambda depth, child: decisions.uniform(),
            draw=lambda chances, depth: decisions.choose(list(chances)),
        )
        assert added[:-1] == [tokens[node] for node in path]
        assert all(parents[node] == before for node, before in zip(path, [-1, *path], strict=False))
        while len(added) <= len(widths):
            added.append(decisions.choose(list(target(tuple(added)))))
        return tuple(added)

    found: dict[Text, Fraction] = defaultdict(Fraction)
    for chance, text in Decisions.all(run):
        found[text] += chance
    return found


def wanted(target: Callable[[Text], Any], length: int) -> dict[Text, Fraction]:
    found: dict[Text, Fraction] = {}
    for text in product(range(VOCABULARY), repeat=length):
        chance = Fraction(1)
        for at, token in enumerate(text):
            chance *= target(text[:at])[token]
        if chance:
            found[text] = chance
    return found


SAMPLINGS = {
    "plain": (Sampling(), Sampling()),
    "shaped": (Sampling(temperature=0.7, top_p=0.8), Sampling(temperature=0.7, top_p=0.8)),
    # a drafter may also be shaped otherwise than the target
    "wider draft": (Sampling(temperature=0.5, top_k=2), Sampling(temperature=2.0)),
}


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(
    ("widths", "siblings"),
    [
        ((1,), "with"),
        ((1, 1, 1), "with"),
        ((2,), "with"),
        ((3,), "without"),
        ((2, 1), "with"),
        ((2, 2), "without"),
        ((3, 1), "without"),
        ((1, 1, 1), "chosen"),
        ((2, 2), "chosen"),
        ((3, 1), "mixed"),
        ((), "chosen"),
    ],
)
def test_the_text_is_distributed_as_the_targets(widths: tuple[int, ...], siblings: str, sampling: str) -> None:
    of_target, of_draft = SAMPLINGS[sampling]
    target, draft = language("target", of_target), language("draft", of_draft)
    assert distribution(target, draft, widths, siblings) == wanted(target, len(widths) + 1)


def test_a_drafter_that_lies_about_its_chances_is_found_out() -> None:
    """So the comparison above can fail."""
    target, draft = language("target", Sampling()), language("draft", Sampling())
    lying = distribution(target, draft, (1,), "with", told=lambda chances: exact([1] * VOCABULARY))
    assert lying != wanted(target, 2)


def test_guesses_that_were_chosen_stand_as_often_as_the_target_draws_them() -> None:
    target, draft = language("target", Sampling()), language("draft", Sampling())

    def run(decisions: Decisions) -> tuple[Text, int]:
        tokens, parents, drafts = drafted(decisions, draft, (2,), "chosen")
        path, _ = walk(
            tokens,
            parents,
            drafts,
            target=lambda node: target(() if node < 0 else (tokens[node],)),
            u=lambda depth, child: decisions.uniform(),
            draw=lambda chances, depth: decisions.choose(list(chances)),
        )
        return tuple(tokens), len(path)

    found = list(Decisions.all(run))
    ((tokens, _),) = {result for _, result in found if result[1] == 1}
    assert sum(chance for chance, (_, length) in found if length == 1) == sum(target(())[token] for token in tokens)


def test_a_perfect_draft_is_never_refused() -> None:
    target = language("target", Sampling())

    def run(decisions: Decisions) -> int:
        tokens, parents, drafts = drafted(decisions, target, (1, 1), "with")
        path, _ = walk(
            tokens,
            parents,
            drafts,
            target=lambda node: target(tuple(tokens[: node + 1])),
            u=lambda depth, child: decisions.uniform(),
            draw=lambda chances, depth: decisions.choose(list(chances)),
        )
        return len(path)

    assert {length for _, length in Decisions.all(run)} == {2}


weights = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any).map(exact)


@settings(deadline=None, max_examples=60)
@given(target=weights, drafts=st.lists(weights, min_size=1, max_size=3))
def test_one_node_whatever_its_children_are_drawn_from(target: Any, drafts: list[Any]) -> None:
    def run(decisions: Decisions) -> int:
        tokens = [decisions.choose(list(draft)) for draft in drafts]
        _, added = walk(
            tokens,
            [-1] * len(tokens),
            drafts,
            target=lambda node: target,
            u=lambda depth, child: decisions.uniform(),
            draw=lambda chances, depth: decisions.choose(list(chances)),
        )
        return added[0]

    found = [Fraction(0)] * 3
    for chance, token in Decisions.all(run):
        found[token] += chance
    assert found == list(target)


@settings(deadline=None, max_examples=60)
@given(target=weights, draft=weights)
def test_a_guess_stands_as_often_as_the_two_agree(target: Any, draft: Any) -> None:
    """The chance is the mass that target and draft share, which no rule can pass."""

    def run(decisions: Decisions) -> bool:
        return one_round(target, draft, decisions.choose(list(draft)), decisions.uniform())[0]

    chance = sum(chance for chance, stands in Decisions.all(run) if stands)
    assert chance == sum(np.minimum(target, draft))


def test_rounding_alone_cannot_leave_nothing_to_draw() -> None:
    same = np.array([0.25, 0.75])
    stands, rest = one_round(same, same, 0, 1.0)
    assert not stands
    assert (rest == same).all()
