"""Speculative decoding: a drafter guesses several tokens, and one pass of the model accepts or refuses them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.decoding.drafters import Chosen
from passel.decoding.drafters.lookup import lookup
from passel.decoding.parts.drafting import DraftContext, Proposal
from passel.decoding.parts.inputs import Decoded, DecodingInput
from passel.decoding.parts.lengths import adapted_length
from passel.decoding.parts.tree_sampler import TreeSampler
from passel.engine.batch import LONG
from passel.engine.requests import ALL, Decoding, Emit, Forward, Keep, Request, forward, open_branch

__all__ = ["speculative"]

_MAX_GROWTH = 4
"""An adaptive draft grows up to this multiple of the drafter's default length."""


def speculative(
    inputs: DecodingInput, *, key: Key = Key(), drafter: Chosen = lookup, adaptive: bool = True
) -> Decoding[tuple[Decoded, ...]]:
    """Verifies a tree of guesses in each pass of the model, until the text ends.

    Guesses are accepted with the probability that leaves the text's distribution unchanged; the pass also gives the
    token after the last accepted guess. Temperature, truncations and penalties shape the model's and the drafter's
    distributions alike.

    Source: Leviathan, Kalman and Matias 2022, arXiv 2211.17192, algorithm 1, and Chen et al. 2023, arXiv 2302.01318,
    algorithm 2: chains; Miao et al. 2023, SpecInfer, arXiv 2305.09781, algorithm 2: trees, verified by multi-round
    speculative sampling.

    Symbols: M_p -> the engine's model; M_q -> the drafter; gamma -> its length.

    Args:
        inputs: the prompt, its limits and the sampling parameters.
        key: seeds the draws. With a drafter that draws nothing (`lookup`; every drafter at temperature 0) the text is
            the one that plain sampling gives with this key.
        drafter: a name in `decoding/drafters`, an entry point of the group `passel.decoding.drafters` or
            `path.py:function`; with its options: `speculative:drafter=lookup:drafter.length=16`.
        adaptive: let the draft's length grow by 2 after a draft that was accepted as a whole, up to 4 times the
            drafter's default, and shrink by 1 after a refusal; as in Hugging Face's assisted generation.

    Cost: passes <= tokens of the text, and those of the drafter; a pass computes the drafter's nodes as additional
    tokens. With n guesses in a chain, each accepted with probability a: (1 - a^(n+1)) / (1 - a) tokens a pass.

    Guarantees: exact: the text has the distribution of the engine's own sampling; at temperature 0 it is the same text.
    Both hold as far as a pass over several tokens rounds like passes over one token: the engine's bfloat16 products and
    its attention do so to the last bit on processors with AVX-512; elsewhere texts can differ from where two tokens are
    almost equally likely.

    Deviations: guesses that were chosen, not drawn, are compared with the token that the model draws. SpecInfer's rule
    for them gives the same distribution, but the text of a seed would depend on the guesses.
    """
    drafting = drafter(inputs, key=key / "draft")
    branch = yield from open_branch()
    output = yield from forward(Forward(branch, inputs.prompt, hidden=drafting.hidden))
    text = _Text(inputs, TreeSampler(inputs.sampling, key, inputs.prompt, output.logits.device))
    yield (Emit(text.go_on(output.logits, Proposal())[1]),)
    length, held, hidden = drafting.length, len(inputs.prompt), output.hidden
    proposal, path = None, tuple[int, ...]()
    while not text.ended:
        if room := inputs.max_tokens - len(text.answer) - 1:
            context = DraftContext(
                text.tokens, min(length, room), room, text.vocabulary, branch, text.sampler.rows, proposal, path, hidden
            )
            proposal = _checked((yield from drafting.propose(context)).first(room), text.vocabulary)
        else:
            proposal = Proposal()  # only one token is missing, and the pass gives it
        output = yield from forward(_verifying(branch, text.answer[-1], proposal, drafting.hidden))
        path, emitted = text.go_on(output.logits, proposal)
        yield (*_accepted(branch, held, proposal, path), Emit(emitted))
        held += 1 + len(path)
        hidden = tuple(states[[0, *(node + 1 for node in path)]] for states in output.hidden)
        if adaptive:
            length = adapted_length(
                length, max(proposal.depths, default=0), len(path), max_length=_MAX_GROWTH * drafting.length
            )
    return (text.decoded(),)


@dataclass(slots=True, eq=False)
class _Text:
    """The text so far: its tokens, and how it ended, if it has ended."""

    inputs: DecodingInput
    sampler: TreeSampler
    answer: list[int] = field(default_factory=list[int])
    logprobs: list[float] = field(default_factory=list[float])
    spent: int = 0
    vocabulary: int = 0

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Prompt and answer."""
        return np.asarray((*self.inputs.prompt, *self.answer), dtype=np.int64)

    @property
    def ended(self) -> Literal["end", "length"] | None:
        """Why the text has ended; None: it has not."""
        if self.answer[-1] in self.inputs.end_tokens:
            return "end"
        return "length" if len(self.answer) == self.inputs.max_tokens else None

    def go_on(self, logits: Tensor, proposal: Proposal) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Adds the accepted guesses and one token more, up to the text's end. Returns the accepted nodes and the added
        tokens.

        Args:
            logits: of the model, after the text and after each node.
        """
        path, tokens = self.sampler.draw(logits, proposal)
        ends = [at for at, token in enumerate(tokens, 1) if token in self.inputs.end_tokens]
        tokens = tokens[: min([*ends[:1], self.inputs.max_tokens - len(self.answer)])]
        if self.inputs.sampling.logprobs is not None:
            rows = logits[[0, *(node + 1 for node in path)]][: len(tokens)].log_softmax(-1)
            self.logprobs += rows[range(len(tokens)), tokens].tolist()
        self.answer += tokens
        self.vocabulary = logits.shape[-1]
        self.spent += len(proposal.tokens) - min(len(path), len(tokens))
        return path, tokens

    def decoded(self) -> Decoded:
        """The finished text."""
        assert self.ended, "the text has ended"
        return Decoded(tuple(self.answer), self.ended, logprobs=tuple(self.logprobs), spent=self.spent)


def _verifying(branch: int, last: int, proposal: Proposal, hidden: tuple[int, ...]) -> Forward:
    """The pass over the text's last token and the guesses after it.

    A chain needs no parents, and its accepted tokens can then be shared with other texts; but a long chain would attend
    as one product, which rounds differently from single tokens.
    """
    tokens = (last, *proposal.tokens)
    parents = None if _is_plain(proposal) else (-1, *(parent + 1 for parent in proposal.all_parents))
    return Forward(branch, tokens, parents=parents, logits=ALL, hidden=hidden)


def _accepted(branch: int, held: int, proposal: Proposal, path: tuple[int, ...]) -> tuple[Request, ...]:
    """Cuts the branch after a pass that began at `held` tokens to the accepted tokens."""
    if not _is_plain(proposal):
        return (Keep(branch, held, (0, *(node + 1 for node in path))),)
    return (Keep(branch, held + 1 + len(path)),) if len(path) < len(proposal.tokens) else ()


def _is_plain(proposal: Proposal) -> bool:
    return proposal.parents is None and 1 + len(proposal.tokens) < LONG


def _checked(proposal: Proposal, vocabulary: int) -> Proposal:
    """Raises UsageError for guesses that are not in the model's vocabulary."""
    if proposal.tokens and not 0 <= min(proposal.tokens) <= max(proposal.tokens) < vocabulary:
        raise UsageError(f"a drafter proposes tokens that are not among the model's {vocabulary}")
    return proposal
