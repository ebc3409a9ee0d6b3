"""What searches need on planted trees, where the verifier's quality is known: bench/search_shapes.py in small."""

from __future__ import annotations

import pytest

import passel

PRM = "verifier=prm:verifier.aggregate=last"
TASK = "planted:depth=6:branching=4"


def run(model: str, *methods: str, problems: int = 40) -> dict[str, tuple[float, float]]:
    """Accuracy and generated tokens a problem, by method."""
    found = passel.compare(model=model, task=TASK, methods=methods, limit=problems)
    rows = {row.name.split(":")[0]: row for row in found.methods}
    return {name: (row.accuracy.value or 0.0, row.cost.completion_tokens / problems) for name, row in rows.items()}


def test_with_a_good_verifier_a_beam_does_with_a_fraction_of_best_ofs_tokens():
    found = run("planted:rho=0.9:chance=0.6", f"beam:n=8:width=4:{PRM}", "best_of:n=16:verifier=orm")
    (beam, beam_tokens), (best, best_tokens) = found["beam"], found["best_of"]
    assert beam >= best + 0.2
    assert beam_tokens <= 0.6 * best_tokens


def test_where_the_verifier_is_noise_no_search_helps():
    """A right path has a chance of 0.6 ** 6 = 0.05; with a good verifier each of these is right on most trees."""
    searches = (f"beam:n=8:width=4:{PRM}", f"particle_filter:n=8:{PRM}", "best_of:n=8:verifier=orm")
    found = run("planted:rho=0:chance=0.6", *searches)
    assert all(accuracy < 0.2 for accuracy, _ in found.values())


def test_particles_survive_a_biased_verifier_that_leads_a_greedy_beam_astray():
    model = "planted:rho=0.9:chance=0.6:bias=2:trap=3"
    found = run(model, f"step_best_of:n=16:{PRM}", f"particle_filter:n=16:{PRM}")
    assert found["particle_filter"][0] >= found["step_best_of"][0] + 0.2
    assert found["particle_filter"][1] == pytest.approx(found["step_best_of"][1], rel=0.05)
