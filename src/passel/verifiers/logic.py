"""Logic: a model writes the problem in first-order logic, a prover decides it, and the text's answer is compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from passel.core.ask import Call, Message, Prompt, Sampling
from passel.core.flow import Flow, affordable, sample_within, within
from passel.core.judgement import Judgement
from passel.core.key import Key
from passel.core.needs import needs
from passel.core.problem import Problem
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply
from passel.logic.prover import Label

__all__ = ["Decision", "Translation", "decide", "logic", "means", "read_translation", "shared_key"]

PROMPT = """Write each sentence of the problem as one formula of first-order logic, so that a theorem prover can \
decide whether the conclusion follows from the premises. Use ∀ ∃ ¬ ∧ ∨ ⊕ → ↔ and =. Give everything one name \
and keep to it. Repeat each sentence after "Premise:" or "Conclusion:", and put its formula on the next line after \
"Formula:". Write nothing else.

Here are two examples.

Premise: Every baker who gets up early sells fresh bread.
Formula: ∀x (Baker(x) ∧ GetsUpEarly(x) → SellsFreshBread(x))
Premise: Omar is a baker.
Formula: Baker(omar)
Premise: Omar gets up early, or he sleeps in the shop.
Formula: GetsUpEarly(omar) ∨ SleepsInShop(omar)
Premise: No one who sleeps in the shop sells fresh bread.
Formula: ¬∃x (SleepsInShop(x) ∧ SellsFreshBread(x))
Conclusion: Omar sells fresh bread.
Formula: SellsFreshBread(omar)

Premise: Each lake is fed by some river.
Formula: ∀x (Lake(x) → ∃y (River(y) ∧ Feeds(y, x)))
Premise: Mirrow is either a lake or a swamp.
Formula: Lake(mirrow) ⊕ Swamp(mirrow)
Premise: The Tarn is a river that feeds Mirrow.
Formula: River(tarn) ∧ Feeds(tarn, mirrow)
Conclusion: Mirrow is not a swamp.
Formula: ¬Swamp(mirrow)

Now the problem.

"""

_LINE = re.compile(
    r"^[\s>*#\-]*(?:\d+[.)]\s*)?\**(premise|conclusion|formula)\b[\s\d]*\**\s*:\**\s*(.*)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Translation:
    """One translation, and the label that the prover gave it.

    Args:
        premises, conclusion: formulas as the model wrote them; the conclusion is "" if the text held none.
        label: True, False or Unknown; Error for a text without formulas, for formulas that cannot be read, and where
            the prover came to no end; None if it was not asked, for want of budget.
        reason: the prover's, or why it was not asked.
        contradictory: whether the premises contradict each other, if known.
    """

    premises: tuple[str, ...]
    conclusion: str
    label: Label | None
    reason: str = ""
    contradictory: bool | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The vote of the translations.

    Args:
        label: the label of most usable translations, ties to the first seen; None if no translation was usable.
        votes: by label, in order of first appearance, errors left out.
        errors: translations that were not usable.
        translations: in the order of the samples.
        stop: "budget" when the budget ended it early.
    """

    label: Literal["True", "False", "Unknown"] | None
    votes: Mapping[str, int]
    errors: int
    translations: tuple[Translation, ...]
    stop: Literal["done", "budget"] = "done"


@needs(translator="text", tool="prover")
def logic(
    problem: Problem,
    text: str,
    *,
    key: Key,
    k: Annotated[int, Log(1, 32)] = 10,
    temperature: Annotated[float, Linear(0.0, 1.5)] = 0.8,
) -> Flow[Judgement]:
    """The share of translations into first-order logic by which the text's answer is the right one.

    The problem, not the text, is translated k times; a prover decides each translation; translations that it cannot
    decide are dropped. All texts of a problem share the translations, which are drawn once.

    Source: Olausson et al. 2023, LINC (2310.15164), sections 2 and 3: translation, prover, vote with errors dropped.

    Symbols: K -> k.

    Args:
        k: translations; K = 10 in the paper.
        temperature: of the translator; 0.8 in the paper.

    Returns: probability; the share of usable votes that agree with the text's answer. None if the text holds no answer
        or no translation was usable.

    Cost: generate <= k (none for a text without an answer), call <= k

    Guarantees: heuristic; the prover is sound, the translations need not be. Bind a model to the role `translator`, or
        the generator translates.

    Deviations: our own wording and examples, in a chat; our own prover in place of Prover9; Unknown needs a
        countermodel, not just a search without a proof; a share in place of the majority's answer.

    >>> from passel.core.play import play
    >>> from passel.core.reply import Reply
    >>> script = ["Conclusion: Tom is old. Formula: ...", "Premise: .\\nFormula: P(a)\\nConclusion: .\\nFormula: P(a)"]
    >>> flow = logic(Problem("1", "P(a). P(a)?"), "True", key=Key(), k=2)
    >>> play(flow, [*script, Reply(value={"label": "True", "reason": "proved"})]).value.value
    1.0
    """
    answer = problem.read(text)
    if answer is None:
        yield from ()
        return Judgement(None, "the text holds no answer")
    decision = yield from decide(problem, key=shared_key(problem, key), k=k, temperature=temperature)
    usable = sum(decision.votes.values())
    agree = sum(count for label, count in decision.votes.items() if answer.key in means(problem, label))
    metadata = {"votes": dict(decision.votes), "errors": decision.errors}
    if not usable:
        reason = next((failed.reason for failed in decision.translations if failed.reason), "")
        return Judgement(None, "no translation was usable" + (f": {reason}" if reason else ""), metadata)
    translation = next(usable for usable in decision.translations if usable.label == decision.label)
    formulas = "\n".join([*translation.premises, f"∴ {translation.conclusion}"])
    votes = ", ".join([f"{label} {count}" for label, count in decision.votes.items()])
    why = f"{agree} of {usable} usable translations agree with {answer.text} ({votes})"
    shown = f"one gives {translation.label}, {translation.reason}:\n{formulas}"
    return Judgement(agree / usable, f"{why}; {shown}", metadata)


def decide(
    problem: Problem, *, key: Key, k: int = 10, temperature: float = 0.8, seconds: float = 10.0
) -> Flow[Decision]:
    """Draws k translations of a problem with the role "translator", has the prover decide each, and takes the vote.

    Equal translations go to the prover once. When the budget ends it, the translations that were decided vote;
    OutOfBudget is raised only where nothing was drawn.

    Args:
        key: sample i has the key `key / "draw" / i`.
        seconds: the prover's limit for each of its two searches.
    """
    sampling = Sampling(temperature=temperature)
    replies = yield from sample_within(
        translation_prompt(problem), key=key, n=k, sampling=sampling, role="translator", label="translate"
    )
    read = [read_translation(reply.text) if reply.ok else None for reply in replies]
    wanted = list(dict.fromkeys(formulas for formulas in read if formulas))
    proofs, paid = yield from _proofs(wanted, seconds)
    found = dict(zip(wanted, proofs, strict=False))
    translations = tuple(_translation(formulas, found.get(formulas) if formulas else None) for formulas in read)
    votes: dict[str, int] = {}
    for translation in translations:
        if translation.label not in ("Error", None):
            votes[translation.label] = votes.get(translation.label, 0) + 1
    label = max(votes, key=votes.__getitem__) if votes else None  # the first of equals
    errors = sum(translation.label == "Error" for translation in translations)
    done = paid and len(replies) == k
    return Decision(cast(Any, label), votes, errors, translations, "done" if done else "budget")


def _proofs(wanted: Sequence[tuple[tuple[str, ...], str]], seconds: float) -> Flow[tuple[list[Reply], bool]]:
    """As many proofs as the budget allows, and whether it allowed all."""
    calls = [
        Call("prover", {"premises": list(premises), "conclusion": conclusion, "seconds": seconds})
        for premises, conclusion in wanted
    ]
    replies = (yield from affordable(within(calls))) or []
    return replies, len(replies) == len(calls)


def _translation(read: tuple[tuple[str, ...], str] | None, proof: Reply | None) -> Translation:
    if read is None:
        return Translation((), "", "Error", "no premises and conclusion with formulas")
    if proof is None:
        return Translation(*read, None, "the budget is spent")
    value = cast("dict[str, Any]", proof.value) if proof.ok and isinstance(proof.value, dict) else {}
    label = value.get("label")
    if label not in ("True", "False", "Unknown"):
        return Translation(*read, "Error", value.get("reason") or proof.error or "the prover gave no label")
    return Translation(*read, label, str(value.get("reason", "")), value.get("contradictory"))


def translation_prompt(problem: Problem) -> Prompt:
    """The chat that asks for formulas: by sentence where the task lists the sentences, else from the whole question."""
    premises, conclusion = problem.details.get("premises"), problem.details.get("conclusion")
    if isinstance(premises, list | tuple) and isinstance(conclusion, str):
        lines = [f"Premise: {sentence}" for sentence in cast(Sequence[str], premises)]
        return (Message("user", PROMPT + "\n".join([*lines, f"Conclusion: {conclusion}"])),)
    return (Message("user", PROMPT + problem.question),)


def read_translation(text: str) -> tuple[tuple[str, ...], str] | None:
    """The formulas of the premises and of the conclusion; None unless there is exactly one conclusion."""
    premises: list[str] = []
    conclusions: list[str] = []
    for kind, formula in _formulas(text):
        (conclusions if kind == "conclusion" else premises).append(formula)
    return (tuple(premises), conclusions[0]) if len(conclusions) == 1 else None


def _formulas(text: str) -> Iterator[tuple[str, str]]:
    kind = ""
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        if match[1].lower() != "formula":
            kind = match[1].lower()
        elif kind and (formula := match[2].strip().strip("`").strip()):
            yield kind, formula
            kind = ""


def means(problem: Problem, label: str) -> set[str]:
    """The keys of the answers that mean the label: a word, or the letter of an option with this text."""
    read = (problem.read(f"The answer is {label}."), problem.read(label))
    return {answer.key for answer in read if answer is not None}


def shared_key(problem: Problem, key: Key) -> Key:
    """The key of a problem's translations, the same for all its texts: equal samples are drawn and paid for once."""
    return Key(key.seed) / problem.id / "logic"
