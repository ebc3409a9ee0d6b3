"""A user's own file: what works, and what each error says."""

import gzip
import json
from pathlib import Path

import pytest

from passel.core.errors import UsageError
from passel.tasks import Task, load


def write(tmp_path: Path, name: str, text: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def error(spec: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(spec).problems()
    return str(caught.value).replace(str(Path(spec.split(":")[0]).parent) + "/", "")


def right(task: Task, text: str) -> list[float | None]:
    return [task.score(p.id, p.read(text)) for p in sorted(task.problems(), key=lambda p: p.id)]


def test_csv_with_columns_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, "data.csv", 'q,a\n"1, and 2?",3\n\n"two\nlines",0.5\n')
    task = load(f"{path}:question=q:answer=a")
    assert {p.id: p.question for p in task.problems()} == {"2": "1, and 2?", "4": "two\nlines"}
    assert right(task, "The answer is 1/2.") == [0.0, 1.0]
    assert task.name.endswith("data.csv:question=q:answer=a")


def test_jsonl_gzipped_with_ids_and_a_missing_answer(tmp_path: Path) -> None:
    rows = [{"id": "b", "question": "?", "answer": "Paris"}, {"id": "c", "question": "?", "answer": None}]
    path = write(tmp_path, "data.jsonl.gz", gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    assert right(load(f"{path}:id=id"), "The answer is paris.") == [1.0, None]


@pytest.mark.parametrize(
    ("answers", "text", "scores"),
    [
        (["Yes", "no"], "Yes, it does.", [1.0, 0.0]),
        (["true", "False"], "The answer is false.", [0.0, 1.0]),
        (["7", "1,000"], "#### 1000", [0.0, 1.0]),
        (["7", "seven"], "seven", [1.0, 1.0]),
    ],
)
def test_the_kind_is_seen_from_the_answers(tmp_path: Path, answers: list[str], text: str, scores: list[float]) -> None:
    rows = [json.dumps({"question": "?", "answer": answer}) for answer in answers]
    assert right(load(write(tmp_path, "d.jsonl", "\n".join(rows))), text) == scores


def test_choices(tmp_path: Path) -> None:
    path = write(tmp_path, "d.csv", 'question,answer,options\nred?,B,blue|red\ncold?,ice,"[""fire"", ""ice""]"\n')
    task = load(f"{path}:choices=options")
    assert right(task, "The answer is (B).") == [1.0, 1.0]
    assert "(A) blue\n(B) red" in task.problems()[0].question + task.problems()[1].question


def test_a_very_long_question_is_fine(tmp_path: Path) -> None:
    long = "word " * 40_000
    path = write(tmp_path, "d.csv", f"question,answer\n{long},1\n")
    assert load(path).problems()[0].question == long
    path = write(tmp_path, "d.jsonl", json.dumps({"question": long, "answer": long}))
    assert right(load(path), f"The answer is {long}") == [1.0]


def test_a_byte_order_mark_is_no_part_of_a_column(tmp_path: Path) -> None:
    assert load(write(tmp_path, "d.csv", b"\xef\xbb\xbfquestion,answer\n?,1\n")).problems()


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("d.csv", "q,a\n1,2\n", "", "d.csv, row 2: no column 'question' (columns: q, a)"),
        ("d.csv", "question,a\n1,2\n", "", "d.csv, row 2: no column 'answer' (columns: question, a)"),
        ("d.csv", "question,answer\n1,2\n3\n", "", "d.csv, row 3: no column 'answer' (columns: question)"),
        ("d.csv", "question,answer\n1,2,3\n", "", "d.csv, row 2: 3 cells under 2 columns"),
        ("d.csv", 'question,answer\n"1,2\n', "", "d.csv, row 2: not CSV (unexpected end of data)"),
        ("d.csv", "question,answer\n ,2\n", "", "d.csv, row 2: the question is empty (column 'question')"),
        ("d.csv", "question,answer\n", "", "d.csv: no rows"),
        ("d.csv", "", "", "d.csv: no rows"),
        ("d.jsonl", '{"question": "?"}\n', "", "d.jsonl, row 1: no column 'answer' (columns: question)"),
        ("d.jsonl", '{"question": ', "", "d.jsonl, row 1: not JSON (Expecting value: line 1 column 14 (char 13))"),
        ("d.jsonl", "\n[1, 2]\n", "", "d.jsonl, row 2: expected an object with named fields, got [1, 2]"),
        (
            "d.jsonl",
            '{"question": ["?"], "answer": "1"}',
            "",
            "d.jsonl, row 1: column 'question' holds a list or an object, not text",
        ),
        (
            "d.jsonl",
            '{"question": "\\ud800", "answer": "1"}',
            "",
            "d.jsonl, row 1: column 'question' holds half a character",
        ),
        ("d.csv", b"question,answer\n\xe9t\xe9,1\n", "", "d.csv, line 2, byte 1: not UTF-8 (0xe9)"),
        (
            "d.csv",
            "question,answer,c\n?,pear,apple|plum\n",
            ":choices=c",
            "d.csv, row 2: the answer 'pear' is none of the choices",
        ),
        ("d.csv", "question,answer,c\n?,A,apple\n", ":choices=c", "d.csv, row 2: column 'c' must list 2 to 62 choices"),
        ("d.csv", "question,answer,i\n?,A,x\n?,B,x\n", ":id=i", "d.csv: two rows have the id 'x'"),
    ],
)
def test_errors_name_the_place(tmp_path: Path, name: str, content: str | bytes, options: str, message: str) -> None:
    assert error(write(tmp_path, name, content) + options) == message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file at .*nowhere\.csv"):
        load(str(tmp_path / "nowhere.csv")).problems()
    with pytest.raises(UsageError, match="cannot be read"):
        load(write(tmp_path, "d.csv.gz", b"not gzip")).problems()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="cannot be read"):
        load(str(tmp_path / "folder.csv")).problems()


def test_options_are_checked_when_loading(tmp_path: Path) -> None:
    path = write(tmp_path, "d.csv", "question,answer\n?,1\n")
    with pytest.raises(UsageError, match="did you mean question"):
        load(f"{path}:questin=q")
    with pytest.raises(UsageError, match="kind of"):
        load(f"{path}:kind=numbr")
