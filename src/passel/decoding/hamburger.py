"""HAMburger: several tokens from one pass of the model, which then reads them as one input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import torch
from torch import Tensor

from passel.core.key import Key
from passel.core.ranges import Linear
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.engine.requests import Decoding, Emit, Forward, Keep, Output, forwards, open_branch
from passel.networks.early_exit import NeverExit
from passel.networks.hamburger import Parts, build
from passel.networks.trained_parts import load_trained

__all__ = ["hamburger"]


def hamburger(
    inputs: DecodingInput, *, key: Key = Key(), path: str = "", confidence: Annotated[float, Linear(0.0, 1.01)] = 0.9
) -> Decoding[tuple[Decoded, ...]]:
    """Writes a group of tokens from each pass, and lets the model read the group as one input.

    The first token of a group is the model's own; a small decoder, which reads the model's states at several depths,
    writes the others, until it is no longer confident that the group continues. The embeddings of the group become one
    vector, which takes one slot of the cache.

    Source: Liu and Zhang 2025, HAMburger: accelerating LLM inference via token smashing, arXiv 2505.20438; `generate`
    in `llama.py` of its public code.

    Symbols: S -> the size of a group; E -> its tokens' embeddings [S, hidden size].

    Args:
        inputs: the prompt and its limits; the sampling parameters are not used.
        key: not used: nothing is random.
        path: a folder made by `passel train hamburger`. If it holds an update of the model too, the model must be
            loaded with it: `torch:NAME:adapter=FOLDER`.
        confidence: a group ends where the predicted probability that it continues is below this; 0.9 in the code. Above
            1 every group is one token, at 0 every group is as large as it can be.

    Cost: passes = groups, of one input each; the first pass has the prompt and one token more. For each further token
    of a group, the model's embeddings and head, and the micro-step decoder. The cache has a slot for each token of the
    prompt and for each group except the last.

    Guarantees: heuristic: nothing verifies what the small decoder writes. With a confidence above 1 the text is that of
    greedy decoding, token for token.

    Deviations: a group's position is that of its last token, as in training; the code's `generate` is one position
    further than its training. The text can end in the middle of a group.
    """
    parts, manifest = load_trained(path, "hamburger", build)
    branch, scratch = (yield from open_branch()), (yield from open_branch())
    # one more token in the same pass shows the model's size
    output, shape = yield from forwards(
        (
            Forward(branch, inputs.prompt, hidden=parts.shape.depths),
            Forward(scratch, inputs.prompt[:1], exit=NeverExit(), logits=0),
        )
    )
    size, vocabulary = output.hidden[0].shape[-1], output.logits.shape[-1]
    manifest.check(path, layers=shape.depths[0], hidden_size=size, vocabulary=vocabulary)
    text = _Text(inputs, parts.to(output.logits.device), scratch, confidence)
    groups = 0
    while True:
        tokens, vectors = yield from _group(text, output)
        if text.ended:
            yield (*text.new_tokens(), Keep(scratch, 0))
            return (Decoded(tuple(text.tokens), text.ended, text.score),)
        # as long as all groups are single tokens, positions are those of the branch, and the pass is greedy decoding's
        last, held = len(inputs.prompt) + len(text.tokens) - 1, len(inputs.prompt) + groups
        read = Forward(branch, tokens, positions=None if last == held else (last,), hidden=parts.shape.depths)
        if len(tokens) > 1:
            merged = parts.embedder(vectors.unsqueeze(0), torch.tensor([len(tokens)], device=vectors.device))
            read = replace(read, tokens=(0,), embeddings=merged)
        groups += 1
        output = (yield (*text.new_tokens(), read))[-1]
        assert isinstance(output, Output)


@dataclass(slots=True, eq=False)
class _Text:
    """The text so far, the trained parts, and a branch that holds nothing between forwards (`scratch`)."""

    inputs: DecodingInput
    parts: Parts
    scratch: int
    confidence: float
    tokens: list[int] = field(default_factory=list[int])
    score: float = 0.0
    emitted: int = 0

    @property
    def ended(self) -> Literal["end", "length"] | None:
        """Why the text has ended; None: it has not."""
        if self.tokens[-1] in self.inputs.end_tokens:
            return "end"
        return "length" if len(self.tokens) == self.inputs.max_tokens else None

    def add(self, logits: Tensor) -> None:
        """Adds the likeliest token; among equals, the token with the lowest id."""
        token = int(logits.argmax())
        self.score += float(logits[token] - logits.logsumexp(-1))
        self.tokens.append(token)

    def new_tokens(self) -> tuple[Emit, ...]:
        """Emits the tokens that have not been emitted yet."""
        new, self.emitted = tuple(self.tokens[self.emitted :]), len(self.tokens)
        return (Emit(new),) if new else ()

    def stops(self, state: Tensor) -> bool:
        """Whether the group ends with the token that was read off a state [hidden size]."""
        if self.confidence > 1.0:
            return True
        return float(torch.sigmoid(-self.parts.stop(state))) < self.confidence


def _group(text: _Text, output: Output) -> Decoding[tuple[Sequence[int], Tensor]]:
    """Writes the next group; returns its tokens and, where there are several, their embeddings [tokens, hidden
    size]."""
    parts, start = text.parts, len(text.tokens)
    logits, states = output.logits[-1], torch.stack([one[-1] for one in output.hidden]).unsqueeze(0)
    vectors = states.new_empty(0, states.shape[-1], dtype=torch.float32)
    state = states[0, -1]
    while True:
        text.add(logits)
        tokens = text.tokens[start:]
        if text.ended:
            return tokens, vectors
        last = len(tokens) == parts.shape.most or text.stops(state)
        if last and len(tokens) == 1:
            return tokens, vectors
        embedded = yield from _on_scratch(text, Forward(text.scratch, tokens[-1:], layers=0, hidden=(0,), logits=0))
        vectors = torch.cat((vectors, embedded.hidden[0].float()))
        if last:
            return tokens, vectors
        state = parts.micro(states, vectors.unsqueeze(0))[0, -1]
        read = yield from _on_scratch(text, Forward(text.scratch, (0,), embeddings=state.unsqueeze(0), layers=0))
        logits = read.logits[-1]


def _on_scratch(text: _Text, ask: Forward) -> Decoding[Output]:
    """Runs a forward through no layer on the emptied scratch branch, and emits new tokens with it."""
    output = (yield (*text.new_tokens(), Keep(text.scratch, 0), ask))[-1]
    assert isinstance(output, Output)
    return output
