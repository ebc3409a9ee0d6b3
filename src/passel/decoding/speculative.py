"""Speculative decoding: a drafter guesses several tokens, one pass of the model says which of them stand."""

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
from passel.decoding.parts.drafting import Known, Proposal
from passel.decoding.parts.lengths import adapted
from passel.decoding.parts.opening import Decoded, Opening
from passel.decoding.parts.tree_sampler import TreeSampler
from passel.engine.batch import LONG
from passel.engine.requests import ALL, Decoding, Emit, Forward, Keep, Request, forward, open_branch

__all__ = ["speculative"]

_FARTHEST = 4
"""An adaptive draft grows to so many times the drafter's own length."""


def speculative(
    opening: Opening, *, key: Key = Key(), drafter: Chosen = lookup, adaptive: bool = True
) -> Decoding[tuple[Decoded, ...]]:
    """Verifies a tree of guesses in one pass, as often as it takes.

    Each guess stands with the chance that makes the text one that the model drew by itself; the pass also gives the
    token after the last guess that stands. The sampling's temperature, truncations and penalties shape both sides.

    Source: Leviathan, Kalman and Matias 2022, arXiv 2211.17192, algorithm 1, and Chen et al. 2023, arXiv 2302.01318,
    algorithm 2: chains; Miao et al. 2023, SpecInfer, arXiv 2305.09781, algorithm 2: trees, verified by multi-round
    speculative sampling.

    Symbols: M_p -> the engine's model; M_q -> the drafter; gamma -> its length.

    Args:
        opening: what to go on from, and its sampling.
        key: decides the draws. Drafters that draw nothing (`lookup`; all of them at temperature 0) leave the text as
            plain sampling gives it with this key.
        drafter: a name in `decoding/drafters`, an entry point of the group `passel.decoding.drafters` or
            `path.py:function`; its options by dots: `speculative:drafter=lookup:drafter.length=16`.
        adaptive: let the drafter's length grow by 2 after a draft that stood as a whole, to 4 times what it was at
            most, and shrink by 1 after one that did not; as Hugging Face's assisted generation does.

    Cost: passes = tokens of the draft at most, and what the drafter asks for; a pass has the drafter's nodes as further
    tokens. With n guesses in a chain, each standing with chance a: (1 - a^(n+1)) / (1 - a) tokens a pass.

    Guarantees: exact: the draft is distributed as the engine's own sampling; at temperature 0 it is the same, token for
    token. Both as far as a pass over several tokens rounds as passes over one do: the engine's bfloat16 products and
    its attention do so to the last bit on processors with AVX-512; where they do not, texts can part at two tokens that
    are almost equally likely.

    Deviations: guesses that were chosen, not drawn, are compared with the token that the model draws: SpecInfer's rule
    for them has the same distribution, but a seed's text would depend on the guesses.
    """
    made = drafter(opening, key=key / "draft")
    branch = yield from open_branch()
    output = yield from forward(Forward(branch, opening.prompt, hidden=made.hidden))
    text = _Text(opening, TreeSampler(opening.sampling, key, opening.prompt, output.logits.device))
    yield (Emit(text.go_on(output.logits, Proposal())[1]),)
    length, held, hidden = made.length, len(opening.prompt), output.hidden
    proposal, path = None, tuple[int, ...]()
    while not text.ended:
        if room := opening.max_tokens - len(text.answer) - 1:
            known = Known(
                text.tokens, min(length, room), room, text.vocabulary, branch, text.sampler.rows, proposal, path, hidden
            )
            proposal = _checked((yield from made.propose(known)).first(room), text.vocabulary)
        else:
            proposal = Proposal()  # one token is missing, and the pass gives it
        output = yield from forward(_verifying(branch, text.answer[-1], proposal, made.hidden))
        path, emitted = text.go_on(output.logits, proposal)
        yield (*_accepted(branch, held, proposal, path), Emit(emitted))
        held += 1 + len(path)
        hidden = tuple(states[[0, *(node + 1 for node in path)]] for states in output.hidden)
        if adaptive:
            length = adapted(length, max(proposal.depths, default=0), len(path), most=_FARTHEST * made.length)
    return (text.draft(),)


@dataclass(slots=True, eq=False)
class _Text:
    """The text so far: its tokens, and how it ended, if it has."""

    opening: Opening
    sampler: TreeSampler
    answer: list[int] = field(default_factory=list[int])
    logprobs: list[float] = field(default_factory=list[float])
    spent: int = 0
    vocabulary: int = 0

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Prompt and answer."""
        return np.asarray((*self.opening.prompt, *self.answer), dtype=np.int64)

    @property
    def ended(self) -> Literal["end", "length"] | None:
        """Why it goes on no further."""
        if self.answer[-1] in self.opening.end:
            return "end"
        return "length" if len(self.answer) == self.opening.max_tokens else None

    def go_on(self, logits: Tensor, proposal: Proposal) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Adds the guesses that stand and one token more, up to the text's end. Returns the nodes that stand and what
        was added.

        Args:
            logits: after the text and after each node.
        """
        path, tokens = self.sampler.draw(logits, proposal)
        ends = [at for at, token in enumerate(tokens, 1) if token in self.opening.end]
        tokens = tokens[: min([*ends[:1], self.opening.max_tokens - len(self.answer)])]
        if self.opening.sampling.logprobs is not None:
            rows = logits[[0, *(node + 1 for node in path)]][: len(tokens)].log_softmax(-1)
            self.logprobs += rows[range(len(tokens)), tokens].tolist()
        self.answer += tokens
        self.vocabulary = logits.shape[-1]
        self.spent += len(proposal.tokens) - min(len(path), len(tokens))
        return path, tokens

    def draft(self) -> Decoded:
        """What it has become."""
        assert self.ended, "a text is told when it is whole"
        return Decoded(tuple(self.answer), self.ended, logprobs=tuple(self.logprobs), spent=self.spent)


def _verifying(branch: int, last: int, proposal: Proposal, hidden: tuple[int, ...]) -> Forward:
    """The text's last token and the guesses after it, in one pass. A chain needs no parents, and what stands of it can
    then be shared with other texts; but a long one would attend as one product, which rounds otherwise than a token by
    itself."""
    tokens = (last, *proposal.tokens)
    parents = None if _is_plain(proposal) else (-1, *(parent + 1 for parent in proposal.links))
    return Forward(branch, tokens, parents=parents, logits=ALL, hidden=hidden)


def _accepted(branch: int, held: int, proposal: Proposal, path: tuple[int, ...]) -> tuple[Request, ...]:
    """Leaves of the last pass, which went on from `held` tokens, what stands."""
    if not _is_plain(proposal):
        return (Keep(branch, held, (0, *(node + 1 for node in path))),)
    return (Keep(branch, held + 1 + len(path)),) if len(path) < len(proposal.tokens) else ()


def _is_plain(proposal: Proposal) -> bool:
    return proposal.parents is None and 1 + len(proposal.tokens) < LONG


def _checked(proposal: Proposal, vocabulary: int) -> Proposal:
    """Raises UsageError for guesses that are no tokens of the model, on which a pass would break."""
    if proposal.tokens and not 0 <= min(proposal.tokens) <= max(proposal.tokens) < vocabulary:
        raise UsageError(f"a drafter proposes tokens that are not among the model's {vocabulary}")
    return proposal
