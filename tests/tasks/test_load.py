"""Tasks by name, and where their rows come from."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from passel.core.errors import UsageError
from passel.tasks import configured, load
from passel.tasks.parts.kinds import STEPS


def test_the_instruction_is_the_one_the_adapter_was_trained_on() -> None:
    problem = load("held_out").problems(limit=1)[0]
    assert problem.instruction == STEPS == 'Solve step by step, one operation per line. End with "The answer is N."'
    assert problem.prompt[0].content == f"{problem.question}\n{STEPS}"  # type: ignore[union-attr]


def test_held_out_comes_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PASSEL_DATA", raising=False)
    assert [len(load(f"held_out:set={name}")) for name in ("multiarith", "svamp", "all")] == [200, 300, 500]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gsm8", "unknown task 'gsm8'; did you mean gsm8k"),
        ("gsm8k:spit=train", "unknown option of task gsm8k: 'spit'; did you mean split"),
        ("gsm8k:split=dev", "unknown value for split of task gsm8k: 'dev'; known: test, train"),
        ("gsm8k:train", "task gsm8k has no part 'train'; options (option=value): split"),
        ("math500:level=6", "level of task math500"),
        ("rg", "task rg needs a generator: rg:GENERATOR"),
    ],
)
def test_errors_name_the_nearest(spec: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(spec)
    assert message in str(caught.value)


def test_without_data_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    for folder in ("", str(tmp_path)):
        monkeypatch.setenv("PASSEL_DATA", folder)
        with pytest.raises(UsageError) as caught:
            load("gsm8k").problems()
        wanted = 'no data: set PASSEL_DATA to a folder with gsm8k/test.jsonl, or pip install "passel[hub]"'
        assert str(caught.value) == wanted
    with pytest.raises(UsageError) as caught:
        load("countdown").problems()
    assert str(caught.value) == "no data: set PASSEL_DATA to a folder with countdown/test.jsonl"


def hub(monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]]) -> list[Any]:
    """A stand-in for the package `datasets`; returns the list of its calls."""
    calls: list[Any] = []

    def load_dataset(*arguments: Any, **options: Any) -> list[dict[str, Any]]:
        calls.append((*arguments, options))
        if not rows:
            raise ConnectionError("no network")
        return rows

    module = types.ModuleType("datasets")
    module.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    monkeypatch.delenv("PASSEL_DATA", raising=False)
    return calls


@pytest.mark.parametrize(
    ("spec", "row", "gold", "call"),
    [
        ("gsm8k", {"question": "1+1?", "answer": "1+1=2\n#### 2"}, "2", ("openai/gsm8k", "main", {"split": "test"})),
        (
            "multiarith",
            {"question": "1+1?", "final_ans": "2"},
            "2",
            ("ChilleD/MultiArith", None, {"split": "train+test"}),
        ),
        (
            "arc:difficulty=easy",
            {
                "id": "x",
                "question": "Hot?",
                "choices": {"label": ["1", "2"], "text": ["ice", "fire"]},
                "answerKey": "2",
            },
            "B",
            ("allenai/ai2_arc", "ARC-Easy", {"split": "test"}),
        ),
        (
            "mmlu:split=val",
            {"subject": "law", "question": "?", "choices": list("wxyz"), "answer": 3},
            "D",
            ("cais/mmlu", "all", {"split": "validation"}),
        ),
        (
            "strategyqa",
            {"question": "?", "answer": True},
            "yes",
            ("ChilleD/StrategyQA", None, {"split": "train+test"}),
        ),
        (
            "truthfulqa",
            {"question": "?", "best_answer": "this", "incorrect_answers": ["that"], "category": "c"},
            None,
            ("truthfulqa/truthful_qa", "generation", {"split": "validation"}),
        ),
        (
            "theoremqa",
            {"Question": "?", "Answer": "[1, 2]", "Answer_type": "list of integer", "Picture": None},
            "[1, 2]",
            ("TIGER-Lab/TheoremQA", None, {"split": "test"}),
        ),
    ],
)
def test_from_the_hub(
    monkeypatch: pytest.MonkeyPatch, spec: str, row: dict[str, Any], gold: str | None, call: tuple[Any, ...]
) -> None:
    calls = hub(monkeypatch, [row])
    task = load(spec)
    problem = task.problems()[0]
    assert calls == [call]
    assert gold is None or task.gold(problem.id) == gold
    assert task.score(problem.id, problem.read(f"The answer is {task.gold(problem.id)}.")) == 1.0


def test_a_hub_out_of_reach_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    hub(monkeypatch, [])
    with pytest.raises(UsageError, match="openai/gsm8k cannot be loaded from the hub: no network"):
        load("gsm8k").problems()


def test_rows_are_read_on_first_use_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gsm8k").mkdir()
    file = tmp_path / "gsm8k" / "test.jsonl"
    file.write_text(json.dumps({"question": "1+1?", "answer": "#### 2"}))
    monkeypatch.setenv("PASSEL_DATA", str(tmp_path))
    task = load("gsm8k")
    assert len(task) == 1
    file.unlink()
    assert task.gold("0") == "2"


def test_a_task_in_the_users_own_python_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from passel.tasks import Item, LoadedItems, Task\n"
        "from passel.tasks.parts.kinds import TEXT\n"
        "def greet(*, word: str = 'hello') -> Task:\n"
        "    return Task('greet', LoadedItems(lambda: [Item('1', 'Greet.', word, TEXT)]))\n"
    )
    task = load(f"{file}:greet:word=hi")
    assert task.score("1", task.problems()[0].read("Hi!")) == 1.0


def test_a_configured_task_says_its_options_and_its_origin(tmp_path: Path) -> None:
    table, code = tmp_path / "mine.csv", tmp_path / "mine.py"
    table.write_text("q,answer\n1+1?,2\n")
    code.write_text("def mine(*, size: int = 3): ...\n")
    sums, own = configured("sums:terms=4"), configured(f"{table}:question=q")
    assert (sums.name, sums.options["terms"], sums.options["digits"], sums.origin) == ("sums:terms=4", 4, 2, "built in")
    assert (own.options["question"], own.options["answer"], own.origin) == ("q", "answer", str(table))
    assert configured(f"{code}:mine").origin == str(code)
    assert configured("humaneval+").make().name == "humaneval_plus"
