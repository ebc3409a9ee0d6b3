"""Each verifier says why, on a scripted case."""

from __future__ import annotations

import math
from typing import Any

import pytest

from passel.core.key import Key
from passel.core.play import play
from passel.core.problem import Answer, Problem
from passel.core.registry import names
from passel.core.reply import Reply
from passel.verifiers import Judgement, judged, load

HALF = Reply(scores=(math.log(0.5), math.log(0.5)))
TESTS = ("assert f(1) == 2", "assert f(2) == 4")
PASSED, FAILED = {"passed": True, "error": ""}, {"passed": False, "error": "AssertionError"}
PROGRAM = "```python\ndef f(x): return 2\n```"
PROOF = "Premise: It rains.\nFormula: Rains(x)\nConclusion: It is wet.\nFormula: Wet(x)"
STEPS = "2+2=4\nSo 5."
SPARE = (
    '[{"student_step": 1, "label": "CORRECT"}, '
    '{"student_step": 2, "label": "INCORRECT", "error_type": "calculation", "reasoning": "it is 4"}]'
)
CASES: list[tuple[str, list[str], list[Any], list[str]]] = [
    ("arithmetic", ["2+2=5\nSo 5."], [], ["1 of 6 checks fail: 2+2=5, but it is 4"]),
    ("arithmetic:aggregate=min", ["2+2=4\nSo 5."], [], ["step 2 of 2 is the weakest, 0: So 5. (the answer is not"]),
    ("fobar:m=1:numbers=1", ["5"], ["x = 7"], ["0 of 1 chains lead back from 5", "2 was recovered as 7"]),
    ("genrm:m=2", ["4"], ["It adds up. Verdict: Yes", "Verdict: Yes"], ["2 of 2 checks", "It adds up."]),
    ("genrm_cot:m=1", ["4"], ["It adds up.", HALF], ["Yes with probability 0.500", "It adds up."]),
    ("json_schema", ['{"name": 3}'], [], ['does not fit the schema at name: 3 is not of type "string"']),
    ("json_schema", ["no"], [], ["holds no JSON"]),
    ("judge", ["4"], ["A clear answer. Rating: [[9]]"], ["A clear answer."]),
    ("judge", ["4"], ["I would not say."], ["no reply holds a rating from 1 to 10: I would not say."]),
    ("listwise", ["4", "5"], ["[2] > [1]"], ["rank 2 of 2", "rank 1 of 2"]),
    (
        "logic:k=1",
        ["True"],
        [PROOF, Reply(value={"label": "False", "reason": "the negation is proved"})],
        ["0 of 1 usable translations agree with True (False 1); one gives False, the negation is proved", "∴ Wet(x)"],
    ),
    ("math_answer", ["5"], [Reply(value=0.0)], ["the answer 5 is not the reference answer"]),
    ("multifurcation", [STEPS], [Reply(scores=(0.25,))], ["gives 0.25 to the last step: So 5."]),
    ("orm", ["4"], [Reply(scores=(1.5,))], ["gives 1.5"]),
    (
        "own_tests",
        [PROGRAM, "none"],
        ["\n".join(TESTS), Reply(value=[PASSED, FAILED])],
        ["passes 1 of 2 tests, as 0 other programs do; assert f(2) == 4 failed: AssertionError", "no program"],
    ),
    ("pairwise", ["4", "5"], ["[[A]]", "[[B]]"], ["rank 1 of 2: 1 won, 0 tied, 0 lost", "rank 2 of 2: 0 won"]),
    ("prm", [STEPS], [Reply(scores=(0.9, 0.1))], ["step 2 of 2 is the weakest, 0.1: So 5."]),
    ("rating:scale=2", ["4"], [HALF], ["rating 1.50 of 2: 1 with probability 0.50, 2 with probability 0.50"]),
    ("regex:pattern=b+", ["abb"], [], ["'b+' matches 'bb' in the text"]),
    ("regex:pattern=b+:full=true", ["abb"], [], ["'b+' does not match the whole of the text"]),
    ("self_evaluation", ["4"], [HALF], ["Yes with probability 0.500"]),
    (
        "spare",
        [STEPS],
        [Reply(value="2+2=4"), Reply(value=0.0), SPARE],
        ["weakest, 0: So 5. (calculation: it"],
    ),
    ("sql", ["5"], [Reply(value=0.0)], ["the query does not give the rows of the reference query: 5"]),
    (
        "sql_runs:database=d.sqlite",
        ["5"],
        [Reply(value={"columns": [], "rows": [], "error": "no such table: t", "cut": False})],
        ["the query fails: no such table: t"],
    ),
    ("step_judge", [STEPS], ["Step 1: Verdict: correct\nStep 2: It is 4. Verdict: incorrect"], ["So 5. (It is 4.)"]),
    (
        "unit_tests",
        [PROGRAM],
        [Reply(value=[PASSED, FAILED])],
        ["1 of 2 tests pass; assert f(2) == 4 failed: AssertionError"],
    ),
]


def read(text: str) -> Answer | None:
    return Answer(text, text) if text and "\n" not in text else Answer("5", "5")


def test_every_verifier_has_a_case():
    assert {spec.partition(":")[0] for spec, *_ in CASES} == set(names("verifiers"))


@pytest.mark.parametrize(("spec", "texts", "script", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_a_judgement_says_why(spec, texts, script, wanted):
    schema = {"properties": {"name": {"type": "string"}}}
    details = {"schema": schema, "tests": TESTS, "entry_point": "f"}
    problem = Problem("1", "What is 2 and 2?", read=read, details=details)
    judgements, _ = play(judged(load(spec), problem, dict(enumerate(texts)), key=Key()), script).value
    assert all(isinstance(judgement, Judgement) for judgement in judgements.values())
    said = "\n".join([judgement.explanation for judgement in judgements.values()])
    for words in wanted:
        assert words in said
