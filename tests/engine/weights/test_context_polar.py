"""The orthogonal factor: held against singular values taken by hand, and its gradient against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from passel.networks.context import polar


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(("rows", "columns", "keep"), [(6, 6, 6), (7, 4, 4), (4, 7, 4), (6, 5, 2), (3, 3, 9)])
def test_the_largest_singular_values_become_one_and_the_others_nought(rows: int, columns: int, keep: int) -> None:
    matrix = drawn(rows, columns)
    found = polar(matrix, keep, 1e-9)
    u, _, vh = np.linalg.svd(matrix.numpy(), full_matrices=False)
    most = min(keep, rows, columns)
    assert np.allclose(found.numpy(), u[:, :most] @ vh[:most], atol=1e-9)


@pytest.mark.parametrize(("rows", "columns", "keep"), [(5, 5, 5), (6, 4, 4), (4, 6, 4), (6, 6, 3)])
def test_its_gradient_is_that_of_differences(rows: int, columns: int, keep: int) -> None:
    matrices = drawn(2, rows, columns, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: polar(given, keep, 1e-9), matrices)


def test_its_gradient_is_that_of_differences_where_values_are_near_the_floor() -> None:
    matrices = drawn(2, 5, 4, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda given: polar(given, 4, 0.4), matrices)


def test_equal_values_have_the_gradient_of_the_orthogonal_factor() -> None:
    matrix = torch.eye(4, dtype=torch.float64).requires_grad_()
    wanted = drawn(4, 4, seed=3)
    (polar(matrix, 4) * wanted).sum().backward()
    assert matrix.grad is not None
    # of the orthogonal factor at the identity: the part of the gradient that turns it
    assert torch.allclose(matrix.grad, (wanted - wanted.T) / 2, atol=1e-5)


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_a_matrix_of_low_rank_stays_of_low_rank(rank: int) -> None:
    matrix = (drawn(8, rank, seed=4) @ drawn(rank, 6, seed=5)).float().requires_grad_()
    found = polar(matrix, 6)
    assert torch.linalg.matrix_rank(found, atol=0.05) == rank
    found.sum().backward()
    assert matrix.grad is not None
    assert matrix.grad.isfinite().all()


def test_it_depends_on_a_matrix_but_for_its_size() -> None:
    matrix = drawn(6, 5, seed=6)
    assert torch.allclose(polar(matrix, 3), polar(matrix * 1e4, 3))
