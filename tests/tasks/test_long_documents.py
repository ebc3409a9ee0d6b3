"""Facts in a haystack: where they stand, and that the answer follows from them alone."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.tasks import Task, load
from passel.tasks.parts.haystack import excerpt, paragraphs_of, with_facts
from passel.tasks.parts.needles import FORMS, MAX_FACTS

needs_data = pytest.mark.skipif(not os.environ.get("PASSEL_DATA"), reason="needs PASSEL_DATA, the folder of data sets")
KEYS = [Key(seed) / "facts" for seed in range(40)]
CODE = re.compile(r"The access code of (.+) is (\d{5})\.")
LINK = re.compile(r"The key of (.+) is kept in (.+)\.")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("facts", "hops"), [(1, 1), (4, 2), (7, 3), (MAX_FACTS, 5)])
def test_as_many_facts_as_wanted_and_all_different(form, facts, hops):
    for key in KEYS[:10]:
        found = FORMS[form](key, facts, hops)
        assert len(found.facts) == len(set(found.facts)) == facts


def test_a_needle_is_one_of_several_codes():
    for key in KEYS:
        found = FORMS["needle"](key, 6, 1)
        codes = dict(CODE.fullmatch(fact).groups() for fact in found.facts)
        assert len(set(codes.values())) == 6
        assert codes[re.fullmatch(r"What is the access code of (.+)\?", found.question)[1]] == found.gold


@pytest.mark.parametrize("hops", [1, 2, 3, 5])
def test_a_chain_leads_to_the_answer_in_so_many_hops(hops):
    for key in KEYS:
        found = FORMS["hops"](key, 12, hops)
        codes = dict(match.groups() for fact in found.facts if (match := CODE.fullmatch(fact)))
        links = dict(match.groups() for fact in found.facts if (match := LINK.fullmatch(fact)))
        place = re.search(r"(?:Begin at|key of|code of) (the \w+ \w+)(?: is kept| and go|\?)", found.question)[1]
        for _ in range(hops - 1):
            assert place not in codes
            place = links[place]
        assert codes[place] == found.gold
        assert [codes[one] for one in codes].count(found.gold) == 1


@pytest.mark.parametrize("facts", [1, 2, 9])
def test_what_is_counted_and_added_up_is_what_the_facts_say(facts):
    for key in KEYS:
        found = FORMS["count"](key, facts, 1)
        place = re.search(r"guest book of (.+)\?", found.question)[1]
        assert sum(fact.endswith(f"guest book of {place}.") for fact in found.facts) == int(found.gold)
        found = FORMS["sum"](key, facts, 1)
        place = re.search(r"sent to (.+) in all", found.question)[1]
        sent = [re.fullmatch(r"On \w+ \w+ sent (\d+) parcels to (.+)\.", fact).groups() for fact in found.facts]
        assert sum(int(many) for many, where in sent if where == place) == int(found.gold)
    assert len({FORMS["count"](key, 9, 1).gold for key in KEYS}) > 4, "counts vary"


def test_a_gutenberg_file_is_its_body_without_headings():
    text = "A licence.\n\n*** START OF THE X ***\n\nI\n\nHe said “No!” She\nleft.\n\n*** END OF THE X ***\n\nMore."
    assert paragraphs_of(text) == [("He said “No!”", "She left.")]


SENTENCES = st.lists(
    st.lists(st.sampled_from(["one.", "one two.", "one two three."]), min_size=1, max_size=4), min_size=1
)


@given(SENTENCES, st.integers(1, 60), st.integers(0, 99))
def test_an_excerpt_is_as_long_as_wanted_and_in_order(paragraphs, words, seed):
    found = excerpt([tuple(one) for one in paragraphs], words, Key(seed))
    sentences = [sentence for one in found for sentence in one]
    assert all(found)
    assert words <= sum(len(one.split()) for one in sentences) < words + 3
    ring = [tuple(one) for one in paragraphs] * (len(found) + 1)
    assert any(ring[at : at + len(found) - 1] == found[:-1] for at in range(len(paragraphs)))


@given(SENTENCES, st.lists(st.floats(0, 1), max_size=5, unique=True))
def test_facts_stand_in_the_order_of_their_depths_and_nothing_is_lost(paragraphs, depths):
    text = with_facts([tuple(one) for one in paragraphs], {depth: f"F{i}." for i, depth in enumerate(depths)})
    order = sorted(range(len(depths)), key=lambda i: depths[i])
    assert re.findall(r"F\d\.", text) == [f"F{i}." for i in order]
    kept = re.sub(r"F\d\. ?", "", text).split()
    assert kept == [word for one in paragraphs for sentence in one for word in sentence.split()]


def tasks(**options: object) -> Task:
    return load(":".join(["long_documents", *(f"{name}={value}" for name, value in options.items())]))


@needs_data
@pytest.mark.parametrize("depth", [0.0, 0.25, 0.5, 1.0])
def test_the_needle_stands_at_its_depth(depth):
    for problem in tasks(depth=depth, words=800, facts=1).problems(limit=12):
        before, _, after = problem.details["document"].partition("The access code")
        share = len(before.split()) / (len(before.split()) + len(after.split()))
        assert share == pytest.approx(depth, abs=0.07)  # the longest sentences have some fifty words


@needs_data
@pytest.mark.parametrize("book", ["gatsby", "shakespeare"])
@pytest.mark.parametrize("form", FORMS)
def test_the_text_is_real_and_knows_nothing_of_the_facts(form, book):
    task = tasks(form=form, book=book, words=400)
    problems = task.problems(limit=25)
    assert len({problem.details["document"] for problem in problems}) == 25
    for problem in problems:
        facts = FORMS[form](Key(0) / "long_documents" / form / int(problem.id) / "facts", 4, 2).facts
        document = problem.details["document"]
        assert all(document.count(fact) == 1 for fact in facts)
        rest = document
        for fact in facts:
            rest = rest.replace(fact, "")
        assert 400 <= len(rest.split()) < 640  # Shakespeare's sentences can be long
        assert not re.search(r"access code|guest book|parcels to|\d{5}", rest)
        assert problem.question == f"{document}\n\n{problem.details['question']}"


@needs_data
def test_the_default_fits_a_short_context():
    longest = max(len(problem.question) for problem in tasks().problems(limit=100))
    assert longest / 3.5 < 1400  # tokens, at the fewest characters that English takes


@needs_data
def test_a_seed_makes_other_problems_and_the_same_seed_the_same():
    first, again, other = (tasks(seed=seed).problems(limit=3)[0].question for seed in (1, 1, 2))
    assert first == again != other


@needs_data
@pytest.mark.parametrize(("form", "count"), [("quality", 202), ("topics", 150)])
def test_documents_of_l_eval_are_whole(form, count):
    task = tasks(form=form)
    assert len(task) == count
    for problem in task.problems(limit=count):
        assert len(problem.details["document"].split()) > 1500
        assert problem.question.startswith(problem.details["document"])
        assert problem.details["question"] not in problem.details["document"]
        assert len(problem.options) == (4 if form == "quality" else 0)
        assert task.score(problem.id, problem.read(task.solution(problem.id))) == 1.0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"depth": 1.5}, "depth of long_documents must be from 0 to 1, got 1.5"),
        ({"form": "hops", "hops": 5}, "5 hops need at least 5 facts, got 4"),
        ({"form": "needles"}, "did you mean needle"),
        ({"words": 10}, "at least 50"),
        ({"size": 0}, "size=0"),
        ({"facts": 97}, "1 to 96 facts"),
    ],
)
def test_impossible_options_are_named(options, match):
    with pytest.raises(UsageError, match=match):
        tasks(**options)


def test_without_the_data_it_says_how_to_get_it(monkeypatch):
    from passel.tasks.long_documents import _paragraphs

    _paragraphs.cache_clear()
    monkeypatch.delenv("PASSEL_DATA", raising=False)
    with pytest.raises(UsageError, match=r"set PASSEL_DATA to a folder with long_documents/great_gatsby\.txt"):
        tasks().problems(limit=1)
