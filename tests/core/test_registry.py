"""Things are found by name: our files, other packages' entry points, a user's file."""

from __future__ import annotations

import pkgutil
import sys

import pytest

import passel.methods
from passel.core import registry as finding
from passel.core.errors import UsageError
from passel.core.registry import find, names


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A package on the path that adds a method."""
    (tmp_path / "other_methods.py").write_text("def guess(problem, *, key):\n    yield from ()\n")
    info = tmp_path / "other_methods-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-methods\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[passel.methods]\nguess = other_methods:guess\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    finding._foreign.cache_clear()
    yield "guess"
    finding._foreign.cache_clear()
    sys.modules.pop("other_methods", None)


def test_every_file_of_a_room_is_found_under_its_own_name():
    files = [m.name for m in pkgutil.iter_modules(passel.methods.__path__) if not m.ispkg]
    assert files
    assert set(files) <= set(names("methods"))
    for name in files:
        assert find("methods", name).__name__ == name


def test_another_packages_entry_point_is_found_beside_ours(foreign):
    assert foreign in names("methods")
    assert find("methods", foreign).__module__ == "other_methods"
    assert "vote" in names("methods")


def test_names_are_sorted(foreign):
    assert names("methods") == sorted(names("methods"))


@pytest.mark.parametrize("name", ["voet", "Vote"])
def test_an_unknown_name_tells_the_nearest(name):
    with pytest.raises(UsageError, match=rf"unknown method '{name}'; did you mean vote"):
        find("methods", name)


@pytest.mark.parametrize("name", ["parts", "__init__", "", "zzzzzz"])
def test_what_is_no_method_is_refused_with_what_there_is(name):
    with pytest.raises(UsageError, match=r"unknown method .*(known: .*vote|did you mean peers)"):
        find("methods", name)


def test_a_function_of_a_users_file_is_found(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("def shout(problem, *, key):\n    yield from ()\n\nlimit = 3\n")
    assert find("methods", f"{file}:shout").__name__ == "shout"


@pytest.mark.parametrize(
    ("text", "wanted", "message"),
    [
        (None, "shout", "no Python file at"),
        ("def shout(: pass", "shout", "cannot be loaded: SyntaxError"),
        ("import nothing_like_it", "shout", "cannot be loaded: ModuleNotFoundError"),
        ("def shout(): ...", "shuot", "unknown function in .*'shuot'; did you mean shout"),
        ("shout = 3", "shout", "unknown function in .*'shout'"),
    ],
)
def test_a_users_file_that_does_not_do_is_refused_with_the_reason(tmp_path, text, wanted, message):
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=message):
        find("methods", f"{file}:{wanted}")
