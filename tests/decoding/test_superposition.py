"""The parts of superposed decoding: the list, the scores, which extensions stay, the mix."""

from __future__ import annotations

from itertools import product
from math import exp, inf, log

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch

from passel.decoding.parts.superposition import (
    Draft,
    Drafts,
    common_length,
    extended,
    mixture,
    score_gains,
    top_candidates,
)


def test_the_list_is_renormalised_and_equals_come_by_id():
    logits = torch.tensor([1.0, 3.0, 2.0, 3.0, 2.0, 2.0, -inf])
    tokens, log_p = top_candidates(logits, 4, 0.5)
    assert tokens.tolist() == [1, 3, 2, 4]
    raw = np.asarray([3.0, 3.0, 2.0, 2.0]) / 0.5
    assert np.allclose(log_p, raw - np.log(np.exp(raw).sum()))
    assert top_candidates(logits, 1, 0.06)[0].tolist() == [1]
    assert top_candidates(logits, 50, 1.0)[0].tolist() == [1, 3, 2, 4, 5, 0]


def test_the_list_stands_any_size_of_logits():
    _, log_p = top_candidates(torch.tensor([3000.0, 2999.0, -3000.0]), 3, 0.01)
    assert np.allclose(log_p[:2], [0.0, -100.0])
    assert np.isfinite(log_p).all()


def test_logits_that_differ_never_make_equal_scores():
    near = torch.tensor([20.0, 20.0])
    near[1] = torch.nextafter(near[1], torch.tensor(21.0))
    tokens, log_p = top_candidates(near, 2, 1.0)
    assert tokens.tolist() == [1, 0]
    assert log_p[0] > log_p[1]


LOG_P = np.log([0.5, 0.3, 0.2])


def test_scores_are_a_geometric_mean_where_there_is_support():
    q = np.asarray([[0.2, 0.0, 0.4], [0.0, 0.0, 0.0]])
    scores = score_gains(LOG_P, q, alpha=0.25, penalty=7.0, min_finite=5)
    assert scores[0].tolist() == pytest.approx(
        [0.75 * log(0.5) + 0.25 * log(0.2), -inf, 0.75 * log(0.2) + 0.25 * log(0.4)]
    )
    assert scores[1] == pytest.approx(0.75 * LOG_P - 7.0)


def test_what_is_out_fills_up_at_the_penalty():
    q = np.asarray([[0.2, 0.0, 0.0]])
    assert np.isinf(score_gains(LOG_P, q, alpha=0.5, penalty=7.0, min_finite=1)[0]).tolist() == [False, True, True]
    filled = score_gains(LOG_P, q, alpha=0.5, penalty=7.0, min_finite=2)[0]
    assert filled[0] == pytest.approx(0.5 * log(0.5) + 0.5 * log(0.2))
    assert filled[1:] == pytest.approx(0.5 * LOG_P[1:] - 7.0)


def test_without_ngrams_it_is_the_model_alone():
    assert score_gains(LOG_P, None, alpha=0.5, penalty=7.0, min_finite=3) == pytest.approx(LOG_P[np.newaxis])
    assert score_gains(LOG_P, np.zeros((2, 3)), alpha=0.0, penalty=7.0, min_finite=3) == pytest.approx(
        LOG_P[np.newaxis]
    )


def test_the_ngrams_alone():
    q = np.asarray([[0.2, 0.0, 0.4]])
    assert score_gains(LOG_P, q, alpha=1.0, penalty=7.0, min_finite=2)[0].tolist() == pytest.approx(
        [log(0.2), -inf, log(0.4)]
    )


def test_the_best_extensions_of_all_drafts_stay():
    """Against a sort of all pairs."""
    drafts = Drafts((Draft((1, 2), -1.0), Draft((3, 4), -1.5), Draft((5, 6), -4.0)))
    added = np.asarray([[-0.1, -0.9, -3.0], [-0.2, -0.3, -0.9], [-0.1, -inf, -0.1]])
    tokens = np.asarray([7, 8, 9])
    found = extended(drafts, tokens, added, frozenset(), 3)
    pairs = [
        (draft.score + added[i, j], (*draft.tokens, int(tokens[j])))
        for i, draft in enumerate(drafts.alive)
        for j in range(3)
    ]
    best = sorted(pairs, reverse=True)[:3]
    assert [(draft.score, draft.tokens) for draft in found.alive] == best
    assert best[0][1] == (1, 2, 7)
    assert {text[:2] for _, text in best} == {(1, 2), (3, 4)}
    assert found.ended == ()


def test_one_row_of_scores_is_for_all_drafts():
    drafts = Drafts((Draft((1,), -1.0), Draft((2,), -1.1)))
    row = np.asarray([[-0.5, -2.0]])
    again = np.repeat(row, 2, axis=0)
    tokens = np.asarray([3, 4])
    assert extended(drafts, tokens, row, frozenset(), 2) == extended(drafts, tokens, again, frozenset(), 2)


def test_equals_keep_their_order():
    drafts = Drafts((Draft((1,), -1.0), Draft((2,), -1.0)))
    found = extended(drafts, np.asarray([3, 4]), np.zeros((2, 2)), frozenset(), 3)
    assert [draft.tokens for draft in found.alive] == [(1, 3), (1, 4), (2, 3)]


@pytest.mark.parametrize(("places", "alive", "ended"), [((0, 1, 2), 2, (1,)), ((0, 2, 1), 2, (1,)), ((1, 2, 0), 2, ())])
def test_an_end_counts_among_the_k_best_alone(places: tuple[int, ...], alive: int, ended: tuple[int, ...]):
    """Token 1 ends; `places` are the ranks of tokens 1, 2, 3."""
    scores = [[-1.0, -2.0, -3.0][at] for at in places]
    found = extended(Drafts(), np.asarray([1, 2, 3]), np.asarray([scores]), {1}, 1 if places[0] else 2)
    assert len(found.alive) == min(alive, 1 if places[0] else 2)
    assert tuple(draft.tokens[-1] for draft in found.ended) == ended
    assert all(draft.ended for draft in found.ended)
    assert not any(draft.ended for draft in found.alive)


def test_the_best_k_of_the_ended_are_kept():
    drafts = Drafts((Draft((5,), -1.0),), (Draft((1,), -0.5, ended=True), Draft((6, 1), -9.0, ended=True)))
    found = extended(drafts, np.asarray([1, 2]), np.asarray([[-0.1, -0.2]]), {1}, 2)
    assert [draft.tokens for draft in found.ended] == [(1,), (5, 1)]
    assert [draft.tokens for draft in found.alive] == [(5, 2)]


def test_drafts_rank_by_score_a_token_and_ended_ones_first():
    ended = Draft((4, 1), -1.0, ended=True)
    drafts = Drafts((Draft((2, 3, 4), -1.5), Draft((2, 3, 5), -1.2), Draft((2, 3, 6), -6.0)), (ended,))
    assert [draft.tokens for draft in drafts.ranked(3)] == [(2, 3, 5), (4, 1), (2, 3, 4)]
    assert Drafts().ranked(2) == (Draft(),)


def test_contexts_are_the_last_tokens_of_prompt_and_draft():
    drafts = Drafts((Draft((7, 8)), Draft((7, 9))))
    assert drafts.contexts((1, 2, 3), 4).tolist() == [[2, 3, 7, 8], [2, 3, 7, 9]]
    assert drafts.contexts((1,), 5).tolist() == [[-1, -1, 1, 7, 8], [-1, -1, 1, 7, 9]]
    assert drafts.contexts((1, 2, 3), 1).tolist() == [[8], [9]]


def test_a_mix_is_a_softmax_of_the_scores():
    drafts = [Draft((5, 6), -1.0), Draft((5, 7), -2.0), Draft((4, 6), -3.0)]
    total = exp(-1) + exp(-2) + exp(-3)
    found = dict(mixture(drafts))
    assert found == pytest.approx({6: (exp(-1) + exp(-3)) / total, 7: exp(-2) / total})
    assert mixture([Draft((9,), -5000.0)]) == ((9, 1.0),)
    assert sum(dict(mixture([Draft((1,), -9000.0), Draft((2,), -9001.0)])).values()) == pytest.approx(1.0)


def test_a_common_beginning():
    """Against all prefixes."""
    texts = [tuple(text) for length in range(3) for text in product((1, 2), repeat=length)]
    for a, b, c in product(texts, repeat=3):
        longest = max(n for n in range(len(a) + 1) if a[:n] == b[:n] == c[:n])
        assert common_length([a, b, c]) == longest
    assert common_length([]) == 0
