"""CoT-decoding: a greedy text from each of several first tokens; the text with the most certain answer comes first."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Annotated

from torch import Tensor

from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.plain import top
from passel.engine.requests import Decoding, Forward, fork, forwards, open_branch

__all__ = ["answer_span", "cot_decoding"]


@dataclass(slots=True)
class _Path:
    branch: int
    tokens: list[int]
    gaps: list[float]
    ended: bool = False


def cot_decoding(
    inputs: DecodingInput, *, key: Key = Key(), k: Annotated[int, Log(1, 64)] = 10, aggregate: bool = True
) -> Decoding[tuple[Decoded, ...]]:
    """Continues greedily from each of the k most likely first tokens; the text with the surest answer comes first.

    A text's score is the mean gap between the two largest probabilities, over the tokens of its answer.

    Source: Wang and Zhou 2024, Chain-of-thought reasoning without prompting, arXiv 2402.10200, equation 1; the last
    number as the answer and the sum over paths with one answer: section 2.2.

    Symbols: k -> `k`; Delta -> a text's score.

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used.
        key: not used: nothing is random.
        k: number of first tokens; 10 in the paper.
        aggregate: add up the scores of texts with the same answer, so that the texts of the best answer come first.

    Cost: passes <= k * max_tokens, k at a time in one batch.

    Guarantees: heuristic. At k = 1, greedy decoding.

    Deviations: the answer is the last number of the text, else the whole text; the paper's other form, an added "So the
    answer is", needs another prompt.
    """
    root = yield from open_branch()
    (output,) = yield from forwards([Forward(root, inputs.prompt)])
    gap = _gap(output.logits[-1])
    paths: list[_Path] = []
    for token, _ in top(output.logits[-1], k):
        branch = yield from fork(root)
        paths.append(_Path(branch, [token], [gap], token in inputs.end_tokens))
    while alive := [path for path in paths if not path.ended and len(path.tokens) < inputs.max_tokens]:
        outputs = yield from forwards([Forward(path.branch, path.tokens[-1:]) for path in alive])
        for path, output in zip(alive, outputs, strict=True):
            logits = output.logits[-1]
            path.tokens.append(int(logits.argmax()))
            path.gaps.append(_gap(logits))
            path.ended = path.tokens[-1] in inputs.end_tokens
    return tuple(_ranked(inputs, paths, aggregate))


def answer_span(pieces: list[str]) -> tuple[int, int]:
    """The range of tokens that make up the last number of a text; all tokens if it has no number."""
    text = "".join(pieces)
    numbers = list(re.finditer(r"-?\d[\d,]*(?:\.\d+)?", text))
    if not numbers:
        return 0, len(pieces)
    begin, end, at = *numbers[-1].span(), 0
    inside: list[int] = []
    for place, piece in enumerate(pieces):
        if at < end and at + len(piece) > begin:
            inside.append(place)
        at += len(piece)
    return inside[0], inside[-1] + 1


def _gap(logits: Tensor) -> float:
    (_, first), (_, second) = top(logits.softmax(-1), 2)
    return first - second


def _ranked(inputs: DecodingInput, paths: list[_Path], aggregate: bool) -> list[Decoded]:
    texts: list[tuple[str, Decoded]] = []
    totals: dict[str, float] = defaultdict(float)
    for path in paths:
        body = path.tokens[:-1] if path.ended else path.tokens
        pieces = [inputs.decode([token]) for token in body]
        start, stop = answer_span(pieces)
        gaps = path.gaps[start:stop] or path.gaps
        score = sum(gaps) / len(gaps)
        answer = "".join(pieces[start:stop]).strip()
        totals[answer] += score
        texts.append((answer, Decoded(tuple(path.tokens), "end" if path.ended else "length", score)))
    if aggregate:
        texts.sort(key=lambda pair: (-totals[pair[0]], -(pair[1].score or 0.0)))
        return [replace(text, score=totals[answer]) for answer, text in texts]
    return sorted((text for _, text in texts), key=lambda text: -(text.score or 0.0))
