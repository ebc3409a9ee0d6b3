"""Hogwild: several writers of one model who see each other's tokens at once, through a shared cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor

from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.blocks import Block, view
from passel.decoding.parts.chances import Sampler
from passel.decoding.parts.opening import Decoded, Opening
from passel.engine.requests import Decoding, Forward, emit, forward, forwards, open_branch

__all__ = ["hogwild"]

_NAMES = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi")
_FINISH = (
    "\n\nWait, given the limited time, I have to give an answer right now. Considering all of the above, "
    "the final answer is"
)
_CHECK = "\n\nQuick check: am I doing redundant work? (yes/no): "


def hogwild(
    opening: Opening,
    *,
    key: Key,
    workers: Annotated[int, Log(1, 8)] = 2,
    layout: Literal["contiguous", "interleaved", "combined"] = "combined",
    answer: Annotated[int, Log(1, 1024)] = 64,
    check_every: Annotated[int, Log(1, 4096)] = 256,
    separator: str = "\n\n",
    finish: str = _FINISH,
) -> Decoding[tuple[Decoded, ...]]:
    """Lets several workers write at the same time, each in sight of what the others have written so far.

    Each writes a token a pass; in the end the model reads all of it and answers.

    Each worker's text is a branch whose keys are kept for positions of its own; a worker's query is rotated anew for
    each block that it sees, so no key is computed twice, and everybody sees a token one pass after it was written.

    Source: Rodionov, Garipov, Shutova, Yakushev, Schultheis, Egiazarian, Sinitsin, Kuznedelev and Alistarh 2025,
    Hogwild! inference: parallel LLM generation via concurrent attention, arXiv 2504.06261; code eqimp/hogwild_llm.

    Symbols: none.

    Args:
        opening: what to go on from; `max_tokens` is for the writers together and the answer.
        key: decides the draws, a key for each worker.
        workers: who write at once; 2 in the paper's examples.
        layout: contiguous: each worker's text is one block, its own the last. interleaved: steps that are finished move
            to a common history in the order in which they ended, and what others are writing is not seen. combined: the
            common history, then what others are writing, then its own.
        answer: tokens of the final answer at most.
        check_every: tokens after which a worker without a check of its own is asked whether its work is redundant.
        separator: what ends a step; a blank line in the paper.
        finish: what makes the model answer.

    Cost: passes = tokens, `workers` of them at a time in one batch, and the tokens that the method puts in.

    Guarantees: exact: with one worker and the contiguous layout, plain sampling, up to what the method puts in: with
    `finish` empty, nothing. Otherwise heuristic: deeper layers' keys know what their worker saw when it wrote them.

    Deviations: the paper's workers are told by a system prompt how to share the work; here the prompt is the opening's
    own, and the sequence method `hogwild` tells them. Queries are rotated, as the paper's later version has it, where
    the public code rotates cached keys; the scores are the same. A worker is told its name once a block.
    """
    common = Block((yield from open_branch()), list(opening.prompt))
    first = yield from forward(Forward(common.branch, opening.prompt))
    history = [common]
    writers: list[_Writer] = []
    for number in range(workers):
        sampler = Sampler(opening.sampling, key / "worker" / number, opening.prompt)
        head = opening.encode(f"{separator}{_NAMES[number]}: ") if workers > 1 else ()
        writers.append(_Writer(Block((yield from open_branch())), sampler, list(head)))
    if workers == 1:
        writers[0].draw(first.logits[-1], opening)
    room = opening.max_tokens - (answer if finish else 0)
    while alive := [one for one in writers if not one.ended]:
        if sum(one.written for one in writers) + len(alive) > room:
            break
        outputs = yield from forwards([one.ask(history, writers, layout) for one in alive])
        for one, output in zip(alive, outputs, strict=True):
            one.take(output.logits[-1], opening, check_every if workers > 1 else 0)
        for one in alive:
            if layout != "contiguous" and one.at_step(opening, separator):
                # its last token is not in the cache yet: it begins the next step's block
                history.append(one.block)
                one.block = Block((yield from open_branch()))
    blocks = [*history, *(one.block for one in writers)]
    if finish:
        closing = yield from _answered(opening, key, blocks, opening.encode(finish), answer)
    else:
        closing = [token for one in writers for token in one.pending]
    tokens = tuple([token for block in blocks[1:] for token in block.tokens] + closing)[: opening.max_tokens]
    yield from emit(tokens)
    ended = "end" if tokens[-1:] and tokens[-1] in opening.end else "length"
    return (Decoded(tokens, ended, spent=sum(one.written for one in writers)),)


def _answered(
    opening: Opening, key: Key, blocks: Sequence[Block], begin: Sequence[int], most: int
) -> Decoding[list[int]]:
    """An answer after all that was written: what makes the model answer, and what it says."""
    own = Block((yield from open_branch()))
    tokens = list(begin)
    sampler = Sampler(opening.sampling, key / "answer", opening.prompt)
    while len(tokens) < len(begin) + most and tokens[-1] not in opening.end:
        new = tokens[len(own.tokens) :]
        output = yield from forward(Forward(own.branch, new, reads=view(blocks, own)))
        own.tokens += new
        tokens.append(sampler.draw(output.logits[-1]))
    return tokens


@dataclass(slots=True, eq=False)
class _Writer:
    """A worker: the block that it writes, and what of it is not in the cache yet."""

    block: Block
    sampler: Sampler
    pending: list[int]
    written: int = 0
    checked: int = 0
    ended: bool = False

    def ask(self, history: Sequence[Block], writers: Sequence[_Writer], layout: str) -> Forward:
        """The forward for what it wrote last."""
        others = [one.block for one in writers if one is not self] if layout != "interleaved" else []
        return Forward(self.block.branch, tuple(self.pending), reads=view([*history, *others], self.block))

    def take(self, logits: Tensor, opening: Opening, check_every: int) -> None:
        """What it wrote last is in the cache: its next token, and a question where one is due (0: never)."""
        self.block.tokens += self.pending
        self.draw(logits, opening)
        if check_every and self.written - self.checked >= check_every and not self.ended:
            self.checked = self.written
            self.pending += opening.encode(_CHECK)

    def draw(self, logits: Tensor, opening: Opening) -> None:
        """Its next token."""
        token = self.sampler.draw(logits)
        self.pending = [token]
        self.written += 1
        self.ended = token in opening.end

    def at_step(self, opening: Opening, separator: str) -> bool:
        """Whether what it has in the cache ends a step."""
        return bool(self.block.tokens) and opening.decode(self.block.tokens[-4:]).endswith(separator)
