"""Settings are checked when they are built, and errors name what is wrong and the nearest right thing."""

from __future__ import annotations

import json
import math
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passel.core.ask import Sampling
from passel.core.cost import Budget, Cost, Price
from passel.core.docs import describe
from passel.core.errors import UsageError
from passel.core.options import bind, configured, parameters, split_spec
from passel.core.ranges import Log
from passel.core.registry import Room, find


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", math.nan),
        ("top_p", 1.01),
        ("top_k", -1),
        ("min_p", -0.5),
        ("max_tokens", 0),
        ("presence_penalty", 2.1),
        ("frequency_penalty", -2.1),
        ("repetition_penalty", -1.0),
        ("logprobs", -1),
        ("typical_p", 1.1),
    ],
)
def test_a_sampling_parameter_out_of_range_is_named(name, value):
    with pytest.raises(UsageError, match=f"{name} must be between"):
        Sampling(**{name: value})


def test_an_unknown_sampling_parameter_is_named_with_the_nearest():
    with pytest.raises(UsageError, match="unknown sampling parameter 'temprature'; did you mean temperature"):
        Sampling.of({"temprature": 1.0})


SCHEMA = '{"type": "object", "properties": {"b": {"type": "integer"}, "a": {}}}'


def test_logit_biases_and_schemas_have_one_form():
    plain = Sampling(logit_bias=((7, 2.0), (50, -100.0)))
    for bias in ([[50, -100], [7, 2]], {"50": -100, "7": 2}, ("50=-100", "7=2.0")):
        assert Sampling.of({"logit_bias": bias}) == plain
    compact = '{"type":"object","properties":{"b":{"type":"integer"},"a":{}}}'
    for schema in (SCHEMA, json.loads(SCHEMA), SCHEMA.replace(" ", "\n")):
        made = Sampling.of({"json_schema": schema})
        assert made.json_schema == compact, "the order of the properties is that of the answer"
    assert Sampling.of(json.loads(json.dumps(plain.given()))) == plain


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"logit_bias": ["5"]}, "logit_bias must hold pairs of a token's id and a number, got '5'"),
        ({"logit_bias": [[5.5, 1]]}, "logit_bias must hold pairs"),
        ({"logit_bias": [[5, "much"]]}, "logit_bias must hold pairs"),
        ({"logit_bias": [5]}, "logit_bias must hold pairs"),
        ({"logit_bias": [[-1, 1]]}, "logit_bias must give a token's id a number between -100 and 100"),
        ({"logit_bias": [[1, math.nan]]}, "logit_bias must give"),
        ({"logit_bias": [[1, 101]]}, "logit_bias must give"),
        ({"logit_bias": [[1, 1], [1, 2]]}, "logit_bias must name a token once, got 1 again"),
        ({"json_schema": "{"}, "json_schema must be JSON: Expecting property name"),
        ({"json_schema": '{"maximum": 1e999}'}, "json_schema must be JSON: "),
        ({"json_schema": "[" * 200_000}, "json_schema must be JSON: "),
        ({"json_schema": {"a": {1}}}, "json_schema must be JSON: "),
        ({"json_schema": "[1]"}, r"json_schema must be a JSON object, got \[1\]"),
        ({"regex": ""}, "regex must not be empty"),
        ({"regex": "a", "json_schema": "{}"}, "json_schema cannot be set together with regex"),
    ],
)
def test_a_wrong_bias_or_constraint_is_named(settings, message):
    with pytest.raises(UsageError, match=message):
        Sampling.of(settings)


def test_constraints_of_two_origins_are_not_both_kept():
    with pytest.raises(UsageError, match="cannot be set together with regex"):
        Sampling(regex="a").over(Sampling(json_schema="{}"))


def test_settings_over_others_win_where_they_are_set_and_zero_is_set():
    assert Sampling(temperature=0.0).over(Sampling(temperature=1.0, top_k=5)) == Sampling(temperature=0.0, top_k=5)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("passes=100,tokens=2e6,money=0.5,seconds=60", Budget(100, 2_000_000, 0.5, 60.0)),
        ("", Budget()),
        (" passes = 3 ".replace(" = ", "="), Budget(passes=3)),
    ],
)
def test_a_budget_is_read_from_text(text, budget):
    assert Budget.parse(text) == budget


@pytest.mark.parametrize("text", ["passes=many", "passes", "tokens=-1", "money=nan", "passes=nan", "tokens=inf"])
def test_a_wrong_budget_names_the_limit_that_is_wrong(text):
    with pytest.raises(UsageError) as error:
        Budget.parse(text)
    assert error.value.field == text.partition("=")[0]


def test_an_unknown_limit_of_a_budget_is_told_from_the_known_ones():
    with pytest.raises(UsageError, match="unknown limit of a budget: 'pases'; did you mean passes"):
        Budget.parse("pases=3")


def test_an_error_keeps_its_message_whatever_its_field_is_called():
    error = UsageError("must be at least 1, got 0", field="n of method vote")
    assert str(error.about("--n").about("--samples")) == "--samples must be at least 1, got 0"
    inside = error.within("--methods")
    assert str(inside) == "--methods: n of method vote must be at least 1, got 0"
    assert inside.field == "--methods"
    assert str(UsageError("no such file").about("--data").about("--text")) == "--text: no such file"


costs = st.builds(Cost, *(st.integers(0, 99) for _ in range(8)))


@given(costs, costs)
def test_costs_add_and_subtract_field_by_field(a, b):
    assert a + b - b == a
    assert (a + b).tokens == a.tokens + b.tokens


@pytest.mark.parametrize(
    ("budget", "name"),
    [
        (Budget(passes=1), "passes"),
        (Budget(tokens=29), "tokens"),
        (Budget(money=0.99), "money"),
        (Budget(2, 30, 1), None),
    ],
)
def test_the_limit_that_was_passed_is_named(budget, name):
    assert budget.short_of(Cost(passes=2, prompt_tokens=10, completion_tokens=20, money=1.0)) == name


def test_cached_tokens_cost_as_prompt_tokens_where_no_price_is_given():
    assert Price(2.0, 4.0).of(1_000_000, 500_000, 400_000) == 4.0
    assert Price(2.0, 4.0, 0.5).of(1_000_000, 500_000, 400_000) == pytest.approx(0.6 * 2 + 0.4 * 0.5 + 2)


# Options

Choice = Literal["fast", "slow", 3]


def example(
    problem: object,
    *,
    key: object,
    n: Annotated[int, Log(1, 256)] = 16,
    share: float = 0.5,
    weighted: bool = False,
    how: Choice = "fast",
    limit: int | None = None,
    name: str = "x",
    verifier: Annotated[object, Room("verifiers")] = None,
) -> None: ...


def test_the_options_are_the_keyword_only_parameters_but_the_key():
    assert list(parameters(example)) == ["n", "share", "weighted", "how", "limit", "name", "verifier"]


def test_options_are_read_by_their_types():
    texts = {"n": "1e2", "share": "0.25", "weighted": "yes", "how": "3", "limit": "none", "name": "7"}
    assert bind(example, texts, "m") == {
        "n": 100,
        "share": 0.25,
        "weighted": True,
        "how": 3,
        "limit": None,
        "name": "7",
    }


def test_an_option_that_is_a_thing_of_a_room_is_found_by_name():
    from passel.verifiers.judge import judge

    assert bind(example, {"verifier": "judge"}, "m") == {"verifier": judge}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"m": "3"}, "unknown option of method e: 'm'"),
        ({"weigted": "yes"}, "unknown option of method e: 'weigted'; did you mean weighted"),
        ({"n": "0"}, "n of method e must be at least 1, got 0"),
        ({"n": "1.5"}, "n of method e must be a whole number, got '1.5'"),
        ({"n": "inf"}, "n of method e must be a whole number"),
        ({"n": "nan"}, "n of method e must be a whole number"),
        ({"share": "half"}, "share of method e must be a number, got 'half'"),
        ({"weighted": "maybe"}, "weighted of method e must be true or false, got 'maybe'"),
        ({"how": "fats"}, "unknown value for how of method e: 'fats'; did you mean fast"),
        ({"limit": "few"}, "limit of method e must be a whole number, got 'few'"),
        ({"verifier": "juge"}, "unknown verifier 'juge'; did you mean judge"),
    ],
)
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        bind(example, options, "method e")


@given(st.integers(1, 10**25))
def test_a_whole_number_is_read_exactly(number):
    assert bind(example, {"n": str(number)}, "m") == {"n": number}


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("vote", (["vote"], {})),
        ("vote:n=4", (["vote"], {"n": "4"})),
        ("openai:m@http://h:80/v1:parallel=8", (["openai", "m@http", "//h", "80/v1"], {"parallel": "8"})),
        ("best_of:verifier=my.py:check:n=3", (["best_of"], {"verifier": "my.py:check", "n": "3"})),
        ("my.py:f:x=", (["my.py", "f"], {"x": ""})),
    ],
)
def test_a_spec_is_a_name_and_options(spec, parts):
    assert split_spec(spec) == parts


def test_a_thing_given_as_an_option_takes_options_of_its_own():
    best_of = find("methods", "best_of")
    for options, message in [
        ({"verifier.scale": "5"}, r"unknown option of verifier of method best_of: 'scale'"),
        ({"n.x": "5"}, r"n of method best_of takes no options of its own, got n\.x"),
    ]:
        with pytest.raises(UsageError, match=message):
            bind(best_of, options, "method best_of")


def test_options_that_are_set_are_the_new_defaults():
    def judging(*, key: int, scale: int = 10) -> int:
        """Judges.

        Returns: score; or None.
        """
        return scale

    made = configured(judging, bind(judging, {"scale": "5"}, "judging"))
    assert made(key=0) == 5
    assert parameters(made) == {"scale": (int, 5)}
    assert describe(made).summary == "Judges."
    assert made.__name__ == "judging"
    again = configured(made, {"scale": 7})
    assert again(key=0) == 7
    assert parameters(again)["scale"] == (int, 7)
