"""The part of a text that can hold its answer: after the thought, without special tokens and run-on turns."""

from __future__ import annotations

import re

__all__ = ["final_part"]

_TAGS = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|seed:think"
_OPENED = re.compile(
    rf"<(?:{_TAGS})>|\[THINK\]|<\|begin_of_thought\|>|◁think▷|<\|channel\|>\s*(?:analysis|commentary)", re.IGNORECASE
)
_CLOSED = re.compile(
    rf"</(?:{_TAGS})>|\[/THINK\]|<\|end_of_thought\|>|◁/think▷|<\|channel\|>\s*final[^<]*<\|message\|>", re.IGNORECASE
)
_HARMONY = re.compile(r"\A(?:assistant)?analysis\w?")
_BEGIN = re.compile(r"\A(?:\s|<s>|<bos>|<\|begin_of_text\|>|<\|(?:im_start|start_header_id|start)\|>\s*assistant"
                    r"(?:<\|end_header_id\|>|<\|message\|>)?|<start_of_turn>model)+")  # fmt: skip
_END = re.compile(
    r"<\|(?:im_end|im_start|endoftext|eot_id|end_of_text|end|return|eom_id|end_of_turn|start_header_id|user|assistant)\|>"
    r"|<end_of_turn>|<start_of_turn>|<eos>|<\|END_OF_TURN_TOKEN\|>|<｜end▁of▁sentence｜>|\[/INST\]"
)
_CLOSING_S = "</s>"
_OF_SPECIAL = re.compile(r"[<\[◁]")


def final_part(text: str) -> str | None:
    """Returns what can hold the answer, or None for a text whose thought is not closed.

    A thought is what stands between tags such as <think> and </think> (a template may have opened it, so that only the
    closing tag is there), or in the analysis channel of harmony. Special tokens that an endpoint left in the text end
    it; what follows them is another turn.

    >>> final_part("<think>It could be 12.</think>\\n\\n15<|im_end|>")
    '15'
    >>> final_part("<think>First try: the answer is 15") is None
    True
    """
    if not _OF_SPECIAL.search(text):  # nearly all texts
        return _after_bare_harmony(text)
    closings = [*_CLOSED.finditer(text)]
    start = closings[-1].end() if closings else 0
    if _OPENED.search(text, start):
        return None
    part = _BEGIN.sub("", text[start:])
    if end := _END.search(part):
        part = part[: end.start()]
    at = part.find(_CLOSING_S)
    if at >= 0 and "<s>" not in part[:at]:
        part = part[:at]
    return part.strip()


def _after_bare_harmony(text: str) -> str | None:
    """Harmony whose tokens were taken out: "analysisWe need …assistantfinalThe answer is 5."."""
    if not _HARMONY.match(text):
        return text
    before, sign, after = text.rpartition("assistantfinal")
    return after if sign else (None if before == "" and text.startswith("analysisWe") else text)
