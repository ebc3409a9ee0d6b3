"""Finding a method among those of a pilot."""

from __future__ import annotations

import pytest

from passel.core.options import configured
from passel.methods import load
from passel.methods.best_of import best_of
from passel.methods.parts.pilots import figures_of
from passel.methods.single import single
from passel.methods.vote import vote
from passel.verifiers.arithmetic import arithmetic
from passel.verifiers.judge import judge

FIGURES = {
    "vote": {"spec": "vote:n=8"},
    "best_of:verifier=judge": {"spec": "best_of:verifier=judge:n=8"},
    "best_of:verifier=judge:verifier.samples=3": {"spec": "best_of:verifier=judge:verifier.samples=3:n=8"},
    "gone.py:method": {"spec": "gone.py:method"},
    "single:sampling.temperature=0": {"spec": "single:sampling.temperature=0"},
    "vote:n=2:prompt=reread": {"spec": "vote:n=2:prompt=reread"},
}


@pytest.mark.parametrize(
    ("method", "name"),
    [
        (configured(vote, {"n": 8}), "vote"),
        (vote, None),
        (configured(best_of, {"n": 8, "verifier": judge}), "best_of:verifier=judge"),
        (
            configured(best_of, {"n": 8, "verifier": configured(judge, {"samples": 3})}),
            "best_of:verifier=judge:verifier.samples=3",
        ),
        (configured(best_of, {"n": 8, "verifier": arithmetic}), None),
        (single, None),
        (load("reread:method=vote:method.n=2").make, "vote:n=2:prompt=reread"),
    ],
)
def test_a_method_is_found_by_its_name_and_all_its_options(method, name):
    found = figures_of(FIGURES, method)
    assert found is (FIGURES[name] if name else None)


def test_the_name_is_the_spec_where_there_is_none():
    assert figures_of({"vote:n=3": {"accuracy": 0.5}}, configured(vote, {"n": 3})) == {"accuracy": 0.5}
