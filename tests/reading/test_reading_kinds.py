"""What is read out of texts, kind by kind. Each row is a rule: a way in which models state an answer, or fail to."""

from __future__ import annotations

import pytest

from passel.core.problem import Answer
from passel.reading.kinds.label import LabelReader, label_set
from passel.reading.kinds.letter import LABELS, LetterReader, with_options
from passel.reading.kinds.number import read_number
from passel.reading.kinds.numerals import number
from passel.reading.kinds.prose import exact, normal
from passel.reading.kinds.text import read_exact, read_text, same_lines

NUMBERS = [
    ("The answer is 5 kg.", "5"),
    ("Answer: 5kg", "5"),
    ("The final answer is **$1,250.50**.", "2501/2"),
    ("<reasoning>12</reasoning>\n<answer>15</answer>", "15"),
    ("The answer is 12/05/2020.", None),
    ("The total is 5.\n\nThe answer is unknown.", None),
    ("The answer is approximately 3.14.", "157/50"),
    ("We get 3 + 4 = 7 and 7 * 2 = 14.", "14"),
    ("The answer is between 5 and 10.", None),
    ("The answer is 5 to 10.", None),
    ("The answer is 5 or 6.", None),
    ("So she has 18 eggs left. She makes $18 every day.", "18"),
    ("The answer is \\boxed{\\text{18 eggs}}", "18"),
    ("#### -3", "-3"),
    ("#### 1,000,000", "1000000"),
    ("#### 72 clips", "72"),
    ("#### Step 1: add 3\n3+4\n#### Step 2\nThe answer is 7", "7"),
    ("Therefore, the answer (arabic numerals) is 8.", "8"),
    ("The answer is 10:30.", None),
    ("The answer is 3 hours and 20 minutes.", "3"),
    ("The answer is one.", "1"),
    ("The answer is a dozen.", None),
    ("The answer is zero", "0"),
    ("The answer is three hundred and twenty-one dollars", "321"),
    ("The answer is 5 × 10⁻³.", "1/200"),
    ("The answer is 5e-3", "1/200"),
    ("The answer is 2 1/2 cups", "5/2"),
    ("The answer is -$5", "-5"),
    ("The answer is $-5$", "-5"),
    ("The answer is – 5.", "-5"),
    ("The answer is 0.30000000000000004", "3/10"),
    ("The answer is 1.0", "1"),
    ("The answer is 100 %", "100"),
    ("The answer is: \n\n$$\n42\n$$", "42"),
    ("The answer is\n\n\\[ x = 42 \\]", "42"),
    ("Final answer: 42\n\nWait, let me double check: 40+2 = 42. Yes.", "42"),
    ("La respuesta es 42.", "42"),
    ("Die Antwort lautet 42.", "42"),
    ("答案是42个苹果", "42"),
    ("答え：42", "42"),
    ("Ответ: 42", "42"),
    ("الإجابة هي ٤٢", "42"),
    ("उत्तर: ४२", "42"),
    ("La réponse est 42.", "42"),
    ("A resposta é 42.", "42"),
    ("Jawabannya adalah 42.", "42"),
    ("उत्तर 42 है", "42"),
    ("analysisWe need 3+4assistantfinalThe answer is 7.", "7"),
    (
        "<|channel|>analysis<|message|>maybe 12<|end|><|start|>assistant<|channel|>final<|message|>It is 7.<|return|>",
        "7",
    ),
    ("It is 7<|im_end|>\n<|im_start|>user\nNext: 9", "7"),
    ("The answer is 7.\nHuman: what is 8+9?\nAssistant: 17", "7"),
    ('{"reasoning": "3+4", "answer": 7}', "7"),
    ('```json\n{"answer": "7 apples"}\n```', "7"),
    ("The answer is 7, not 8.", "7"),
    ("The answer is not 8 but 7.", "7"),
    ("The answer isn't 8. The answer is 7.", "7"),
    ("Answer = 7", "7"),
    ("ANSWER\n7", "7"),
    ("The answer would be 7", "7"),
    ("The answer to the question is 7.", "7"),
    ("The answer, then, is 7.", "7"),
    ("Therefore the answer is therefore 7", "7"),
    ("The answer comes to 7", "7"),
    ("Hence, we have 7 as the answer", "7"),
    ("Total: 3 boxes\n7", "7"),
    ("x = 7", "7"),
    ("So Tom has 7 apples left", "7"),
    ("The speed is 60 km/h.", "60"),
    ("The answer is 60 km/h.", "60"),
    ("The answer is 10 - 3 = 7", "7"),
    ("The answer is 10-3=7", "7"),
    ("The answer is 3*4 = 12 apples", "12"),
    ("The answer is 7 = 3 + 4", "7"),
    ("The answer is 5.\n\n5.1 Notes", "5"),
    ("The answer is $\\frac{7}{2}$.", "7/2"),
    ("The answer is 3,5.", None),
    ("The answer is 50 cents ($0.50).", "50"),
    ("The answer is 2 and 3", None),
    ("<think>a</think><think>b 9", None),
    ("<think></think>7", "7"),
    ("I think the answer is 7", "7"),
    ("My answer is 7.", "7"),
    ("The answer is 7 (seven).", "7"),
    ("The answer is (7).", "7"),
    ('The answer is "7"', "7"),
    ("The answer is `7`", "7"),
    ("The answer is 7 \\text{ cm}", "7"),
    ("\\boxed{7} cm", "7"),
    ("\\boxed{7 + 3}", None),
    ("\\boxed{}\nThe answer is 7", "7"),
    ("\\boxed{x=7}", "7"),
    ("\\boxed{7,8}", None),
]

LETTERS = [
    ("The answer is (B)", "B"),
    ("Answer: b", "B"),
    ("answer: (b)", "B"),
    ("**B**", "B"),
    ("B) green", "B"),
    ("B. green", "B"),
    ("green", "B"),
    ("The correct answer is green.", "B"),
    ("The answer is B, green.", "B"),
    ("The answer is B: green", "B"),
    ("I choose (B).", "B"),
    ("I'd go with option B.", "B"),
    ("None of the above.", None),
    ("The answer is none of the above.", None),
    ("The answer is (A) and (B).", None),
    ("The answer is A and B.", None),
    ("The answer is either A or B.", None),
    ("The answer is unknown.", None),
    ("Both A and B are possible. The answer is B.", "B"),
    ("(A) is wrong, (B) is right.", "B"),
    ("A is incorrect. B is correct.", "B"),
    ("Option B is correct because A is not.", "B"),
    ("B", "B"),
    ("b", "B"),
    ("(b)", "B"),
    ("The answer is \\boxed{B}", "B"),
    ("$\\boxed{\\textbf{(B)}}$", "B"),
    ("\\boxed{\\text{(B) green}}", "B"),
    ("<answer>B</answer>", "B"),
    ("#### B", "B"),
    ("ANSWER: B\n\nExplanation: A is red...", "B"),
    ("The answer is A dog.", None),
    ("A car is green. Thus I pick B", "B"),
    ("Answer: I am not sure.", None),
    ("The answer is not A. The answer is B", "B"),
    ("So, B.", "B"),
    ("Therefore, B", "B"),
    ("The best choice is (B) green.", "B"),
    ("My answer is B.", "B"),
    ("La respuesta correcta es la B.", "B"),
    ("Die richtige Antwort ist B.", "B"),
    ("正确答案是B。", "B"),
    ("故选B", "B"),
    ("答案：B", "B"),
    ("Réponse : B", "B"),
    ("Ответ: B", "B"),
    ("The answer is most likely B", "B"),
    ("The answer is C++", None),
    ("Answer: B because A, C are wrong.", "B"),
    ("Answer: B, since C is wrong.", "B"),
    ("The answer must be B.", "B"),
    ("It must be B.", "B"),
    ("The answer is letter B", "B"),
    ("Answer: **(B) green**", "B"),
    ("Answer: Option B", "B"),
    ("Answer:\nB\n", "B"),
    ("The answer is B\n\n(C) is a distractor", "B"),
    ("The answer choice is B", "B"),
    ("B is the correct answer.", "B"),
    ("the correct answer is option (B)", "B"),
    ("[B]", "B"),
    ("B is the best answer because C is not.", "B"),
    ("Among (A), (B), (C), I would say (B).", "B"),
    ("E", None),
    ("Answer: E", None),
    ("Answer: 2", None),
    ("The answer is: B.", "B"),
    ("Answer - B", "B"),
    ("Final Answer: The final answer is B. I hope it is correct.", "B"),
]

YES_NO = [
    ("Yes", "yes"),
    ("No, it does not.", "no"),
    ("So the answer is no.", "no"),
    ("The answer is yes", "yes"),
    ("It is not true that cats fly. So no.", "no"),
    ("Yes and no. The answer is no.", "no"),
    ("The answer is not no.", "yes"),
    ("I don't know.", None),
    ("The answer is \\boxed{\\text{Yes}}", "yes"),
    ("<think>no</think>Yes, they can.", "yes"),
    ("There is no way. The answer is yes.", "yes"),
    ("Answer: No.\nExplanation: yes...", "no"),
    ("False.", "no"),
    ("The answer is neither.", None),
    ("", None),
    ("The answer is Yes/No.", "yes"),
    ("是", None),
    ("Yes, because no dog is a cat.", "yes"),
    ("No. Dogs have 4 legs, yes.", "no"),
]

TEXTS = [
    ("The answer is the Eiffel Tower.", "eiffel tower"),
    ("Answer: Paris, France", "paris france"),
    ("答案是：巴黎。", "巴黎"),
    ("**Answer:** Paris", "paris"),
    ("Paris", "paris"),
    ("The answer is C++.", "c++"),
    ('The answer is "Zaire".', "zaire"),
    ("<think>x</think>\nParis<|im_end|>", "paris"),
    ("The answer is 3:45 p.m.", "3:45 p.m."),
    ("The answer is 1,234.", "1234"),
]

COLOURS = LetterReader(("red", "green", "blue", "violet"))
YES_OR_NO = LabelReader({"yes": "yes", "true": "yes", "no": "no", "false": "no"}, {"yes": "no", "no": "yes"})


def key(answer: Answer | None) -> str | None:
    return answer.key if answer else None


@pytest.mark.parametrize(("text", "wanted"), NUMBERS)
def test_numbers(text: str, wanted: str | None) -> None:
    assert key(read_number(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), LETTERS)
def test_letters(text: str, wanted: str | None) -> None:
    assert key(COLOURS(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), YES_NO)
def test_yes_and_no(text: str, wanted: str | None) -> None:
    assert key(YES_OR_NO(text)) == wanted


@pytest.mark.parametrize(("text", "wanted"), TEXTS)
def test_texts(text: str, wanted: str) -> None:
    assert key(read_text(text)) == wanted


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,234", "1234"),
        ("12,34,567", "1234567"),
        ("1 234 567", "1234567"),
        ("1\u202f234\u202f567", "1234567"),
        ("1.234.567,89", "123456789/100"),
        ("½", "1/2"),
        ("2½", "5/2"),
        ("1 and 1/8", "9/8"),
        ("3\\frac{1}{2}", "7/2"),
        ("-5", "-5"),
        ("−5", "-5"),
        ("negative 5", "-5"),
        ("minus 5", "-5"),
        ("1.5 \\cdot 10^6", "1500000"),
        ("10⁵", "100000"),
        ("1e6", "1000000"),
        ("1.5 million", "1500000"),
        ("70k", "70000"),
        ("5M", "5000000"),
        ("3 lakh", "300000"),
        ("2^{10}", "1024"),
        ("349.9999999999999", "350"),
        ("0.30000000000000004", "3/10"),
        ("0.0000001", "1/10000000"),
        ("４２", "42"),
        ("٤٢", "42"),
        ("twenty-five", "25"),
        ("one hundred and five", "105"),
        ("two and a half", "5/2"),
        ("three quarters", "3/4"),
        ("3:45", None),
        ("3-5", None),
        ("1/2/3", None),
        ("3x", None),
        ("1,5", None),
        ("12 apples", None),
        ("", None),
    ],
)
def test_a_numeral_is_read_whole_or_not_at_all(written: str, value: str | None) -> None:
    found = number(written)
    assert (None if found is None else str(found)) == value


def test_a_float_and_the_number_it_stands_for_are_one_vote() -> None:
    assert key(read_number("The answer is 349.9999999999999.")) == key(read_number("#### 350"))


def test_prose_keeps_what_carries_meaning() -> None:
    different = [
        "2/3",
        "23",
        "3-5",
        "35",
        "3:45",
        "34:5",
        "a + b",
        "a - b",
        "C++",
        "C#",
        "c",
        "vitamin a",
        "vitamin",
        "-5",
        "5",
        "$5",
    ]
    assert len({normal(text) for text in different}) == len(different)
    assert normal("( 1 , 2 )") == normal("(1,2)")
    assert normal("The Eiffel  Tower!") == normal("eiffel tower")
    assert exact(" a  b ") == "a b"


def test_labels_of_up_to_62_options() -> None:
    options = tuple(f"number {index}" for index in range(62))
    reader = LetterReader(options)
    assert len(LABELS) == 62
    assert with_options("?", options).endswith("(9) number 61")
    for label in "AZaz09":
        assert key(reader(f"The answer is ({label}).")) == label
    assert key(reader("The answer is number 30.")) == LABELS[30]


def test_an_option_that_begins_with_a_letter_is_an_option() -> None:
    pets = LetterReader(("A dog", "A cat", "I", "none of these"))
    assert key(pets("The answer is A cat.")) == "B"
    assert key(pets("The answer is A dog")) == "A"
    assert key(pets("The answer is none of these.")) == "D"


def test_a_column_of_few_values_is_a_label_set() -> None:
    golds = ["positive", "negative", "Negative", "positive", "neutral", "neutral", "neutral", "positive", "negative"]
    labels = label_set(golds)
    assert labels is not None
    assert set(labels) == {"negative", "neutral", "positive"}
    read = LabelReader(labels, {})
    assert key(read("The words are positive, yet the sentiment of this review is negative.")) == "negative"
    assert key(read("It is not positive.")) is None
    assert label_set([f"word{i}" for i in range(9)]) is None
    assert label_set(["12", "13", "12"]) is None


def test_exact_text_keeps_its_case_and_loses_special_tokens() -> None:
    assert key(read_exact("The answer is Paris</s>")) == "Paris"


def test_gold_answers_of_several_lines() -> None:
    answer = read_text("The answer is red\ngreen")
    assert answer is not None
    assert same_lines("red\ngreen", answer, normal)
    assert not same_lines("red\nblue", answer, normal)
