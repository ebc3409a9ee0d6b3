"""A GGUF file's tokenizer, as a fast tokenizer of transformers.

A file holds the vocabulary and names the rule that cuts a text into words (`tokenizer.ggml.pre`); the rules themselves
are code. Those here are the ones of the supported families. A wrong rule is a silent error: "is  12" then has other
tokens than the model was trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from passel.core.errors import UsageError, unknown
from passel.engine.weights.gguf_file import GGUF

__all__ = ["tokenizer_of"]

_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED = 1, 2, 3, 4

_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
_LLAMA3 = _WORD + r"|\p{N}{1,3}" + _REST
_QWEN2 = _WORD + r"|\p{N}" + _REST
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """How a text is cut into words. `pattern`: of a word; None for GPT-2's. `digits`: each digit is cut out first.
    `whole`: a word in the vocabulary is a token whatever the merges say. `begin`: a text begins with the token for it,
    unless the file says otherwise. `compose`: characters are composed first (Unicode NFC)."""

    pattern: str | None = None
    digits: bool = False
    whole: bool = False
    begin: bool = False
    compose: bool = False


_RULES: Mapping[str, _Rule] = {
    "gpt-2": _Rule(),
    "smollm": _Rule(digits=True),
    "qwen2": _Rule(_QWEN2, compose=True),
    "deepseek-r1-qwen": _Rule(_QWEN2, compose=True),
    "llama-bpe": _Rule(_LLAMA3, whole=True, begin=True),
    "falcon3": _Rule(_LLAMA3, whole=True, begin=True),
    "tekken": _Rule(_TEKKEN, whole=True, begin=True),
}


def tokenizer_of(file: GGUF) -> Any:
    """The tokenizer, with the chat template if the file has one. Raises UsageError for a kind that is not supported."""
    from transformers import PreTrainedTokenizerFast

    kind, tokens = _field(file, "model"), _field(file, "tokens")
    makers = {"gpt2": _byte_level, "llama": _sentencepiece}
    if kind not in makers:
        raise unknown("GGUF tokenizer", str(kind), makers)
    if not tokens:
        raise UsageError(f"{file.path.name} holds no vocabulary")
    core, begin = makers[kind](file, tokens)
    types: list[int] = _field(file, "token_type") or []
    special = {_UNKNOWN, _CONTROL}
    core.add_special_tokens([_added(t, True) for t, of in zip(tokens, types, strict=False) if of in special])
    core.add_tokens([_added(t, False) for t, of in zip(tokens, types, strict=False) if of == _USER_DEFINED])
    names = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    ids = {short: _field(file, f"{name}_token_id") for short, name in names.items()}
    named = {f"{short}_token": tokens[place] for short, place in ids.items() if place is not None}
    if _field(file, "add_bos_token", begin) and ids["bos"] is not None:
        core.post_processor = _beginning(tokens[ids["bos"]], ids["bos"])
    made: Any = PreTrainedTokenizerFast(
        tokenizer_object=core,
        clean_up_tokenization_spaces=False,
        model_max_length=file.metadata.get(f"{file.architecture}.context_length"),
        **named,
    )
    made.chat_template = file.metadata.get("tokenizer.chat_template")
    return made


def _byte_level(file: GGUF, tokens: Sequence[str]) -> tuple[Tokenizer, bool]:
    """BPE over bytes, each written as one printable character; and whether a text begins with a token for it."""
    pre = str(_field(file, "pre"))
    if pre not in _RULES:
        raise unknown(f"pre-tokenizer of {file.path.name}", pre, _RULES)
    rule = _RULES[pre]
    merges = [_pair(merge) for merge in _field(file, "merges") or ()]
    core = Tokenizer(models.BPE(vocab=_ids(tokens), merges=merges, ignore_merges=rule.whole))
    steps: list[Any] = [pre_tokenizers.Digits(individual_digits=True)] if rule.digits else []
    if rule.pattern is not None:
        steps.append(pre_tokenizers.Split(Regex(rule.pattern), behavior="isolated"))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=rule.pattern is None))
    core.pre_tokenizer = pre_tokenizers.Sequence(steps)
    core.decoder = decoders.ByteLevel()
    if rule.compose:
        core.normalizer = normalizers.NFC()
    return core, rule.begin


def _sentencepiece(file: GGUF, tokens: Sequence[str]) -> tuple[Tokenizer, bool]:
    """BPE over characters with spaces written as U+2581; what is not in the vocabulary becomes its bytes."""
    unknown_id = _field(file, "unknown_token_id", 0)
    core = Tokenizer(
        models.BPE(
            vocab=_ids(tokens),
            merges=_merges(tokens, _field(file, "scores"), _field(file, "token_type")),
            unk_token=tokens[unknown_id],
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    prefix = bool(_field(file, "add_space_prefix", True))
    space: list[Any] = [normalizers.Prepend("▁")] if prefix else []
    core.normalizer = normalizers.Sequence([*space, normalizers.Replace(" ", "▁")])
    strip: list[Any] = [decoders.Strip(" ", 1, 0)] if prefix else []
    core.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), *strip])
    return core, True


def _merges(tokens: Sequence[str], scores: Sequence[float], types: Sequence[int]) -> list[tuple[str, str]]:
    """Every way to join two tokens to a third, best score of the third first: the order in which they are joined."""
    ids = _ids(tokens)
    found: list[tuple[float, int, str, str]] = []
    for place, token in enumerate(tokens):
        if types[place] == _NORMAL:
            for cut in range(1, len(token)):
                left, right = token[:cut], token[cut:]
                if left in ids and right in ids:
                    found.append((-scores[place], place, left, right))
    found.sort(key=lambda join: join[:2])
    return [(left, right) for _, _, left, right in found]


def _beginning(token: str, place: int) -> processors.TemplateProcessing:
    return processors.TemplateProcessing(
        single=[token, "$A"], pair=[token, "$A", f"{token}:1", "$B:1"], special_tokens=[(token, place)]
    )


def _ids(tokens: Sequence[str]) -> dict[str, int]:
    return {token: place for place, token in enumerate(tokens)}


def _pair(merge: str) -> tuple[str, str]:
    left, _, right = merge.partition(" ")
    return left, right


def _added(token: str, special: bool) -> AddedToken:
    return AddedToken(token, normalized=False, special=special)


def _field(file: GGUF, name: str, default: Any = None) -> Any:
    return file.metadata.get(f"tokenizer.ggml.{name}", default)
