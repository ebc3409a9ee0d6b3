"""Hogwild! inference: several workers of one model that see each other's tokens at once, through a shared cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from torch import Tensor

from passel.core.key import Key
from passel.core.ranges import Log
from passel.decoding.parts.blocks import Block, view
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.decoding.parts.sampler import Sampler
from passel.engine.requests import Decoding, Forward, emit, forward, forwards, open_branch

__all__ = ["shared_cache"]

_NAMES = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi")
_FINISH = (
    "\n\nWait, given the limited time, I have to give an answer right now. Considering all of the above, "
    "the final answer is"
)
_CHECK = "\n\nQuick check: am I doing redundant work? (yes/no): "


def shared_cache(
    inputs: DecodingInput,
    *,
    key: Key,
    workers: Annotated[int, Log(1, 8)] = 2,
    layout: Literal["contiguous", "interleaved", "combined"] = "combined",
    answer: Annotated[int, Log(1, 1024)] = 64,
    check_every: Annotated[int, Log(1, 4096)] = 256,
    separator: str = "\n\n",
    finish: str = _FINISH,
) -> Decoding[tuple[Decoded, ...]]:
    """Lets several workers write at the same time, each of which sees what the others have written so far.

    Each worker writes one token a pass; in the end the model reads all texts and answers.

    Each worker's text is a branch whose keys are cached for positions of its own. A worker's query is rotated for each
    block that it sees, so no key is computed twice, and every worker sees a token one pass after it was written.

    Source: Rodionov, Garipov, Shutova, Yakushev, Schultheis, Egiazarian, Sinitsin, Kuznedelev and Alistarh 2025,
    Hogwild! inference: parallel LLM generation via concurrent attention, arXiv 2504.06261; code eqimp/hogwild_llm.

    Symbols: none.

    Args:
        inputs: the prompt and the sampling parameters; `max_tokens` limits all workers and the answer together.
        key: seeds the draws, of each worker separately.
        workers: number of workers; 2 in the paper's examples.
        layout: the order in which a worker sees the texts. contiguous: each worker's text is one block, its own block
            the last. interleaved: finished steps move to a common history in the order in which they ended, and a
            worker does not see the unfinished steps of others. combined: the common history, then the unfinished steps
            of others, then its own.
        answer: limit of the final answer, in tokens.
        check_every: every so many tokens a worker is asked whether its work is redundant.
        separator: the text that ends a step; a blank line in the paper.
        finish: the text that makes the model answer; empty: no answer.

    Cost: passes = tokens, `workers` at a time in one batch; and the tokens that the method inserts.

    Guarantees: exact with one worker, the contiguous layout and an empty `finish`: plain sampling. Otherwise heuristic:
    keys of deeper layers depend on what their worker saw when it wrote them.

    Deviations: the paper's system prompt tells the workers how to share the work; here the prompt is left as it is, and
    the sequence method `hogwild` adds these instructions. Queries are rotated, as in the paper's later version, where
    the public code rotates cached keys; the scores are the same. A worker's name is written once, before its text.
    """
    common = Block((yield from open_branch()), list(inputs.prompt))
    first = yield from forward(Forward(common.branch, inputs.prompt))
    history = [common]
    writers: list[_Writer] = []
    for number in range(workers):
        sampler = Sampler(inputs.sampling, key / "worker" / number, inputs.prompt)
        head = inputs.encode(f"{separator}{_NAMES[number]}: ") if workers > 1 else ()
        writers.append(_Writer(Block((yield from open_branch())), sampler, list(head)))
    if workers == 1:
        writers[0].draw(first.logits[-1], inputs)
    room = inputs.max_tokens - (answer if finish else 0)
    while active := [writer for writer in writers if not writer.ended]:
        if sum(writer.written for writer in writers) + len(active) > room:
            break
        outputs = yield from forwards([writer.ask(history, writers, layout) for writer in active])
        for writer, output in zip(active, outputs, strict=True):
            writer.take(output.logits[-1], inputs, check_every if workers > 1 else 0)
        for writer in active:
            if layout != "contiguous" and writer.at_step(inputs, separator):
                # the last token is not in the cache yet: it begins the next step's block
                history.append(writer.block)
                writer.block = Block((yield from open_branch()))
    blocks = [*history, *(writer.block for writer in writers)]
    if finish:
        closing = yield from _answered(inputs, key, blocks, inputs.encode(finish), answer)
    else:
        closing = [token for writer in writers for token in writer.pending]
    tokens = tuple([token for block in blocks[1:] for token in block.tokens] + closing)[: inputs.max_tokens]
    yield from emit(tokens)
    ended = "end" if tokens[-1:] and tokens[-1] in inputs.end_tokens else "length"
    return (Decoded(tokens, ended, spent=sum(writer.written for writer in writers)),)


def _answered(
    inputs: DecodingInput, key: Key, blocks: Sequence[Block], begin: Sequence[int], max_tokens: int
) -> Decoding[list[int]]:
    """The answer after all texts: the tokens that ask for it, and those that the model draws."""
    own = Block((yield from open_branch()))
    tokens = list(begin)
    sampler = Sampler(inputs.sampling, key / "answer", inputs.prompt)
    while len(tokens) < len(begin) + max_tokens and tokens[-1] not in inputs.end_tokens:
        new = tokens[len(own.tokens) :]
        output = yield from forward(Forward(own.branch, new, reads=view(blocks, own)))
        own.tokens += new
        tokens.append(sampler.draw(output.logits[-1]))
    return tokens


@dataclass(slots=True, eq=False)
class _Writer:
    """A worker: the block that it writes, and its tokens that are not in the cache yet (`pending`)."""

    block: Block
    sampler: Sampler
    pending: list[int]
    written: int = 0
    checked: int = 0
    ended: bool = False

    def ask(self, history: Sequence[Block], writers: Sequence[_Writer], layout: str) -> Forward:
        """The forward that computes the pending tokens."""
        others = [writer.block for writer in writers if writer is not self] if layout != "interleaved" else []
        return Forward(self.block.branch, tuple(self.pending), reads=view([*history, *others], self.block))

    def take(self, logits: Tensor, inputs: DecodingInput, check_every: int) -> None:
        """Moves the pending tokens to the block, draws the next token, and adds a check where it is due (0: never)."""
        self.block.tokens += self.pending
        self.draw(logits, inputs)
        if check_every and self.written - self.checked >= check_every and not self.ended:
            self.checked = self.written
            self.pending += inputs.encode(_CHECK)

    def draw(self, logits: Tensor, inputs: DecodingInput) -> None:
        """Draws the next token."""
        token = self.sampler.draw(logits)
        self.pending = [token]
        self.written += 1
        self.ended = token in inputs.end_tokens

    def at_step(self, inputs: DecodingInput, separator: str) -> bool:
        """Whether the cached tokens end a step."""
        return bool(self.block.tokens) and inputs.decode(self.block.tokens[-4:]).endswith(separator)
