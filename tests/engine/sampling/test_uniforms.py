"""Numbers by address are uniform, and one address says nothing of another."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

from passel.engine.sampling import uniforms
from passel.engine.sampling.uniforms import _GOLDEN, _mixed

GOLDEN = [0.13870941014555427, 0.2872962611520864, 0.22251680857653822]


def grid(seeds, steps, **options):
    """Numbers [seeds, steps]."""
    seed, step = np.meshgrid(np.asarray(seeds, dtype=np.uint64), np.arange(steps), indexing="ij")
    return uniforms(seed.ravel(), step.ravel(), **options).reshape(len(seeds), steps)


def chi_square(values, bins=256):
    """Close to 0 in mean and to 1 in deviation, for uniform values."""
    counts = np.bincount((values.ravel() * bins).astype(int), minlength=bins)
    expected = values.size / bins
    return (((counts - expected) ** 2 / expected).sum() - (bins - 1)) / np.sqrt(2 * (bins - 1))


def test_the_mixer_is_that_of_splitmix64():
    """The first numbers of the reference implementation, begun at 1234567."""
    states = np.uint64(1234567) + _GOLDEN * np.arange(1, 6, dtype=np.uint64)
    assert _mixed(states).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_golden_values_never_change():
    """A text is named by its seed: if these change, recorded draws cannot be made again."""
    seeds = np.array([0, 1, 2**64 - 1], dtype=np.uint64)
    assert uniforms(seeds, np.array([0, 7, 10**6])).tolist() == GOLDEN


@pytest.mark.parametrize(
    ("name", "seeds", "steps"),
    [
        ("many seeds, first step", np.arange(200_000), 1),
        ("one seed, many steps", [12345], 200_000),
        ("both", np.arange(1000), 200),
        ("seeds that differ in high bits", np.arange(1000, dtype=np.uint64) << np.uint64(54), 200),
    ],
)
def test_numbers_are_uniform(name, seeds, steps):
    values = grid(seeds, steps)
    assert values.min() >= 0.0
    assert values.max() < 1.0
    assert abs(chi_square(values)) < 4
    assert abs(values.mean() - 0.5) < 4 / np.sqrt(12 * values.size)


@pytest.mark.parametrize(("seed_lag", "step_lag"), [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (-1 % 500, 1)])
def test_neighbours_are_independent(seed_lag, step_lag):
    """Pairs of neighbours are uniform on the square."""
    values = grid(np.arange(500), 400)
    other = np.roll(values, (-seed_lag, -step_lag), (0, 1))
    assert abs(chi_square((np.floor(values * 16) + other) / 16)) < 4
    assert abs(np.corrcoef(values.ravel(), other.ravel())[0, 1]) < 4 / np.sqrt(values.size)


def test_streams_are_independent():
    first, second = grid(np.arange(500), 400), grid(np.arange(500), 400, stream=1)
    assert abs(chi_square((np.floor(first * 16) + second) / 16)) < 4


def test_a_number_depends_on_its_own_address_alone():
    whole = grid(np.arange(50), 20)
    shuffled = np.random.default_rng(0).permutation(50)
    assert (grid(np.arange(50)[shuffled], 20) == whole[shuffled]).all()
    assert uniforms(np.array([7], dtype=np.uint64), np.array([3]))[0] == whole[7, 3]
    assert len(np.unique(whole)) == whole.size
