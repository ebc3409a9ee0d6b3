"""Trees of self-asked questions over a document, by scripts."""

from __future__ import annotations

from collections import Counter

import pytest
from long_problem import CODE, LONG, code_in, results_at_every_budget, user

from passel.core.ask import Ask
from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer
from passel.core.reply import Reply
from passel.methods.clarification_chain import clarification_chain
from passel.methods.parts.clarifications import helpful

GOLD = Answer("48213", "48213")
SMALL = {"tokens": 128}


def reader(ask: Ask) -> str:
    """A model that sees what is in its prompt: asks numbered questions, finds the code where it stands."""
    match ask.label:
        case "select":
            return "Answer: yes" if CODE in user(ask) else "It is about rain.\nAnswer: no"
        case "clarify":
            return f"What opens the mill, number {ask.key.path[-1]} of {ask.key.path[-3]}?"
        case "clarified":
            return f"The passage says: {CODE}" if CODE in user(ask) else "It does not say."
        case _:
            return "It is 48213." if "48213" in repr(ask.prompt) else "It may be 11111."


def levels(rows):
    """The level of each node, the root's is 0."""
    found: list[int] = []
    for row in rows:
        found.append(0 if row["parent"] is None else found[row["parent"]] + 1)
    return found


def tree(**options):
    return play(clarification_chain(LONG, key=Key(), **SMALL, **options), reader)


@pytest.mark.parametrize(("width", "depth", "made"), [(1, 1, 1), (1, 3, 3), (2, 2, 6), (3, 1, 3), (2, 3, 14)])
def test_the_tree_has_its_width_and_depth(width, depth, made):
    played = tree(width=width, depth=depth, nodes=99)
    rows = played.value.info["tree"]
    assert [row["index"] for row in rows] == list(range(made + 1))
    assert Counter(levels(rows)) == {level: width**level for level in range(depth + 1)}
    assert all("The passage says" in row["answer"] or "does not say" in row["answer"] for row in rows[1:])
    labels = Counter(ask.label for ask in played.asks)
    count = played.value.info["passages"]
    assert count > 3
    assert labels == {"select": count * (made + 1), "clarify": made, "clarified": made, "answer": made + 1}
    assert (played.value.answer, played.value.stop) == (GOLD, "done")


def test_no_more_nodes_than_allowed():
    assert len(tree(width=3, depth=2, nodes=5).value.info["tree"]) == 6
    assert [row["parent"] for row in tree(width=2, depth=2, nodes=3).value.info["tree"]] == [None, 0, 0, 1]


def test_only_passages_that_help_are_shown():
    played = tree(width=1, depth=1)
    assert [len(node["passages"]) for node in played.value.info["tree"]] == [1, 1]
    (number,) = played.value.info["tree"][0]["passages"]
    answers = [ask for ask in played.asks if ask.label in ("answer", "clarify")]
    assert all(f"[Passage {number + 1}]" in repr(ask.prompt) for ask in answers)
    assert all("[Passage 1]" not in repr(ask.prompt) for ask in answers)
    selects = [user(ask) for ask in played.asks if ask.label == "select"]
    document = " ".join(text.partition("]\n")[2].partition("\n\nDoes")[0] for text in selects[: len(selects) // 2])
    assert document.split() == LONG.details["document"].split()
    assert "What opens the mill" in selects[-1]


def test_a_chain_remembers_what_it_asked_and_points_at_passages():
    played = tree(width=1, depth=2)
    last = played.asks[-1]
    turns = [(message.author, message.content) for message in last.prompt]
    said = [text for role, text in turns if role == "assistant"]
    assert [text.partition(",")[0] for text in said if "opens" in text] == ["What opens the mill"] * 2
    assert sum(text.startswith("[Passage ") for text in said) == 1, "the earlier turn names its passage by number"
    assert [role for role, _ in turns] == ["system", *["user", "assistant"] * (len(said)), "user"]
    assert turns[-1][1] == f"{LONG.details['question']}\n[[MARK]]"


def test_siblings_and_cousins_draw_their_own_questions():
    played = tree(width=2, depth=2)
    keys = [ask.key for ask in played.asks if ask.label == "clarify"]
    assert len(set(keys)) == 6
    assert len({node["text"] for node in played.value.info["tree"]}) == 7


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("Answer: yes", 1.0),
        ("Yes, it names him. Answer: NO.", 0.0),
        ("I know that nobody nods.\nanswer: maybe", 0.5),
        ("It knows nothing", 0.5),
        ("No.", 0.0),
    ],
)
def test_verdicts_are_whole_words(said, value):
    assert helpful(said) == value


def test_yes_comes_before_maybe_and_the_rest_is_left_out():
    def some(ask: Ask) -> str:
        if ask.label != "select":
            return reader(ask)
        return "Answer: yes" if "[Passage 4]" in user(ask) or "[Passage 5]" in user(ask) else "Answer: maybe"

    played = play(clarification_chain(LONG, key=Key(), width=1, depth=1, keep=3, **SMALL), some)
    assert [node["passages"] for node in played.value.info["tree"]] == [[0, 3, 4]] * 2


def test_where_no_passage_helps_that_is_said():
    played = play(
        clarification_chain(LONG, key=Key(), width=1, depth=1, **SMALL),
        lambda ask: "Answer: no" if ask.label == "select" else reader(ask),
    )
    assert "No passage helps." in repr(played.asks[-1].prompt)
    assert played.value.answer == Answer("11111", "11111")


def test_the_leaves_vote_and_the_root_does_not():
    def some(ask: Ask) -> str:
        if ask.label != "answer":
            return reader(ask)
        return {(): "11111", ("0",): "11111", ("0-0",): "22222", ("0-1",): "22222"}.get(ask.key.path[1:-2], "33333")

    result = play(clarification_chain(LONG, key=Key(), width=2, depth=2, nodes=4, **SMALL), some).value
    assert [row["parent"] for row in result.info["tree"]] == [None, 0, 0, 1, 1]
    assert result.answer == Answer("22222", "22222")
    assert [one.answer.text for one in result.candidates] == ["11111", "11111", "33333", "22222", "22222"]


def test_a_question_that_failed_makes_no_node_and_a_final_answer_that_failed_does_not_vote():
    def some(ask: Ask) -> Reply | str:
        if ask.label == "clarify" and ask.key.path[-1] == 0:
            return Reply("failed", error="500")
        if ask.label == "answer" and ask.key.path[1:-2] == ("1-1",):
            return Reply("length", "It is 99999")
        return reader(ask)

    result = play(clarification_chain(LONG, key=Key(), width=2, depth=2, **SMALL), some).value
    assert [row["parent"] for row in result.info["tree"]] == [None, 0, 1]
    assert [row["finished"] for row in result.info["tree"]] == [True, True, False]
    assert result.answer == GOLD, "no leaf has an answer: the last node that has one"


@pytest.mark.parametrize("options", [{"width": 1, "depth": 2}, {"width": 2, "depth": 1, "passages": 3}], ids=repr)
def test_where_the_budget_ends_it_the_nodes_so_far_decide(options):
    results = results_at_every_budget(clarification_chain, reader, tokens=256, **options)
    assert {result.stop for result in results} == {"budget"}
    assert all(result.answer is None or code_in(result.text) == result.answer for result in results)
