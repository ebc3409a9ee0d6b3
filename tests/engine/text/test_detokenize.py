"""Detokenising token by token gives, in the end, what decoding all at once gives, and never half a character."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers_here import ENDS, REAL, SENTENCES, SMALL, byte_level, pieces, real, replaced

from passel.core.errors import UsageError
from passel.engine.text.detokenize import Detokenizer, DetokenizerState

MADE = {name: make() for name, make in SMALL.items()}


def steps(detokenizer: Detokenizer, tokens: list[int]) -> list[str]:
    """What each push shows, and what the end shows."""
    state, texts = detokenizer.start(), list[str]()
    for token in tokens:
        state, text = detokenizer.push(state, token)
        texts.append(text)
    return [*texts, detokenizer.finish(state)]


@pytest.mark.parametrize("name", MADE)
@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_tokens_decode_as_all_at_once(name: str, data: st.DataObject) -> None:
    """Any ids: special tokens, single bytes of any value, ids that the tokenizer lacks."""
    tokenizer = MADE[name]
    size = tokenizer.get_vocab_size()
    likely = st.integers(0, size + 2) if name == "byte-level" else st.integers(256, size + 2)
    given = data.draw(st.lists(st.one_of(likely, st.integers(0, size)), max_size=24))
    assert "".join(steps(Detokenizer(tokenizer), given)) == tokenizer.decode(given, skip_special_tokens=True)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    "text", [*SENTENCES, " leading", "", "a\n\n\n b\t", "\u0628\u0650 🇫🇷🏳️‍🌈 \U0001f9d1‍🚀", "ff\x00\x7f"]
)
def test_real_tokenizers(name: str, text: str) -> None:
    tokenizer = real(name)
    given = tokenizer(text, add_special_tokens=False)["input_ids"]
    shown = steps(Detokenizer(tokenizer), given)
    assert "".join(shown) == tokenizer.decode(given, skip_special_tokens=True) == text
    assert "\ufffd" not in "".join(shown)


@pytest.mark.parametrize("name", REAL)
def test_any_tokens_of_real_tokenizers(name: str) -> None:
    tokenizer = real(name)
    detokenizer, size = Detokenizer(tokenizer), len(tokenizer)

    @given(st.lists(st.one_of(st.integers(0, size - 1), st.integers(0, 600)), max_size=40))
    @settings(max_examples=200, deadline=None)
    def check(given: list[int]) -> None:
        assert "".join(steps(detokenizer, given)) == tokenizer.decode(given, skip_special_tokens=True)

    check()


def test_whole_characters_only_and_as_soon_as_they_are_whole() -> None:
    tokenizer = byte_level()
    given = [tokenizer.token_to_id(letter) for letter in "ðŁĺĢa"]
    assert steps(Detokenizer(tokenizer), given) == ["", "", "", "😀", "a", ""]
    assert steps(Detokenizer(tokenizer), [*given[:2], *given[4:]]) == ["", "", "\ufffda", ""]
    assert steps(Detokenizer(tokenizer), given[:2]) == ["", "", "\ufffd"]


def test_a_special_token_within_a_character_leaves_it_whole() -> None:
    tokenizer = byte_level()
    first, *rest = (tokenizer.token_to_id(letter) for letter in "Ã©")
    assert steps(Detokenizer(tokenizer), [first, 0, *rest, 1]) == ["", "", "é", "", ""]


def test_a_run_of_byte_tokens_is_judged_as_a_whole() -> None:
    """So does the decoder itself: one wrong byte, and the valid characters before it in the run are lost as well."""
    tokenizer = pieces(replaced())
    euro = [tokenizer.token_to_id(f"<0x{byte:02X}>") for byte in "€".encode()]
    letter = tokenizer.token_to_id("a")
    assert steps(Detokenizer(tokenizer), [*euro, letter]) == ["", "", "", "€a", ""]
    assert steps(Detokenizer(tokenizer), [*euro, euro[0], letter]) == ["", "", "", "", "\ufffd" * 4 + "a", ""]


def test_a_leading_space_that_is_a_byte_token_goes_as_well() -> None:
    tokenizer = MADE["llama-2"]
    space, letter = tokenizer.token_to_id("<0x20>"), tokenizer.token_to_id("a")
    for tokens, texts in (([space], ["", ""]), ([space, letter], ["", "a", ""]), ([space, space], ["", "", " "])):
        assert steps(Detokenizer(tokenizer), tokens) == texts
        assert tokenizer.decode(tokens) == "".join(texts)


def test_what_continues_a_text_keeps_its_leading_space() -> None:
    for name in ("llama-2", "metaspace"):
        tokenizer = MADE[name]
        detokenizer, the = Detokenizer(tokenizer), tokenizer.token_to_id("▁the")
        assert (detokenizer.decode([the]), detokenizer.decode([the], continued=True)) == ("the", " the")


def test_rows_are_independent_and_states_can_be_kept() -> None:
    tokenizer = byte_level()
    detokenizer = Detokenizer(tokenizer)
    first, second = (tokenizer.token_to_id(letter) for letter in "Ã©")
    plain = tokenizer.token_to_id("a")
    states, texts = detokenizer.push_rows([detokenizer.start()] * 3, [first, plain, 0])
    assert texts == ["", "a", ""]
    kept = states[0]
    assert detokenizer.push_rows(states, [second, second, plain])[1] == ["é", "\ufffd", "a"]
    assert detokenizer.push(kept, second)[1] == "é", "a fork of the first row goes its own way"
    again = DetokenizerState(kept.held, kept.lead)
    assert detokenizer.push(again, second) == (detokenizer.start(), "é"), "an equal state is as good"
    with pytest.raises(ValueError):
        detokenizer.push_rows(states, [first])


def test_the_names_of_tokens_are_for_readers() -> None:
    tokenizer = byte_level()
    detokenizer = Detokenizer(tokenizer)
    assert detokenizer.name(0) == ENDS[0]
    assert detokenizer.name(tokenizer.token_to_id("Ġ")) == " "
    assert detokenizer.name(tokenizer.token_to_id("Ã")) == "\ufffd"
    assert detokenizer.name(100_000) == ""


def test_other_kinds_are_refused_by_name() -> None:
    from tokenizers import decoders

    for decoder, said in (
        (decoders.WordPiece(), "WordPiece"),
        (decoders.Sequence([decoders.ByteFallback(), decoders.Strip(" ", 1, 0)]), "ByteFallback Strip"),
        (replaced(decoders.Strip(" ", 1, 1)), "Replace ByteFallback Fuse Strip"),
    ):
        with pytest.raises(UsageError, match=f"decoder is of a kind that is not known: {said}"):
            Detokenizer(pieces(decoder))
    with pytest.raises(UsageError, match="must be a fast one, got str"):
        Detokenizer("gpt2")
