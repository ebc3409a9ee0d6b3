"""From a model and files to the training data of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.progress import OnProgress
from passel.engine.weights.checkpoint import Checkpoint
from passel.training.texts.completing import completions
from passel.training.texts.examples import Example, Pair, example, prompt_ids, read, windows
from passel.training.texts.training_data import TrainingData

__all__ = ["TextSources", "gather"]


_HELD_OUT, _MAX_HELD_OUT = 0.05, 200


@dataclass(frozen=True, slots=True)
class TextSources:
    """The files of training texts, and how they are read.

    Args:
        data: files to train on. held_out: files to evaluate on; default: a twentieth of the texts, at most 200.
        length: limit of an example, in tokens; plain texts are cut into windows of this length.
        complete: temperature at which the model itself completes the prompts; None: the files have the completions.
        chat: whether prompts become turns of a chat; None: if the tokenizer has a template.
    """

    data: tuple[Path, ...]
    held_out: tuple[Path, ...] = ()
    length: int = 512
    complete: float | None = None
    chat: bool | None = None

    def __post_init__(self) -> None:
        if not self.data:
            raise UsageError("data: there must be a file to train on")
        if self.length < 8:
            raise UsageError(f"length must be at least 8, got {self.length}")


def gather(base: Checkpoint, texts: TextSources, *, key: Key, on_progress: OnProgress) -> TrainingData:
    """Reads the files, lets the model complete their prompts if asked to, and holds out texts for the evaluation.
    Raises UsageError if no text is left to train on."""
    pairs = read(texts.data)
    if texts.held_out:
        held = read(texts.held_out)
    elif len(pairs) == 1:
        examples = _examples(base, pairs, texts, key, on_progress)
        return _split(base, examples, key)
    else:
        order = (key / "held out").permutation(len(pairs))
        count = min(_MAX_HELD_OUT, max(1, round(_HELD_OUT * len(pairs))))
        held, pairs = [pairs[at] for at in order[:count]], [pairs[at] for at in sorted(order[count:])]
    trained = _examples(base, pairs, texts, key / "data", on_progress)
    return _checked(TrainingData(base, trained, _examples(base, held, texts, key / "held", on_progress)))


def _split(base: Checkpoint, examples: Sequence[Example], key: Key) -> TrainingData:
    """Divides the windows of one long text into examples and held-out examples."""
    count = min(_MAX_HELD_OUT, max(1, round(_HELD_OUT * len(examples))))
    aside = set((key / "held out").permutation(len(examples))[:count])
    kept = [one for at, one in enumerate(examples) if at not in aside]
    return _checked(TrainingData(base, kept, [examples[at] for at in sorted(aside)]))


def _examples(
    base: Checkpoint, pairs: Sequence[Pair], texts: TextSources, key: Key, on_progress: OnProgress
) -> list[Example]:
    tokenizer = base.tokenizer
    chat = base.chat if texts.chat is None else texts.chat
    plain = [pair for pair in pairs if not pair.prompt]
    found = [one for pair in plain for one in windows(pair, tokenizer, texts.length)]
    asked = [pair for pair in pairs if pair.prompt]
    if texts.complete is None:
        made: list[list[int] | None] = [None] * len(asked)
        if empty := next((pair for pair in asked if not pair.completion), None):
            raise UsageError(
                f"the prompt {empty.prompt[:40]!r} has no completion; with complete=0 the model makes them"
            )
    else:
        asked = [p for p in asked if len(prompt_ids(p.prompt, tokenizer, chat=chat)) < texts.length - 1]
        done = completions(
            base,
            asked,
            temperature=texts.complete,
            max_tokens=texts.length,
            chat=chat,
            key=key,
            on_progress=on_progress,
        )
        made = [*done]
    for pair, ids in zip(asked, made, strict=True):
        one = example(pair, tokenizer, texts.length, chat=chat, ids=ids)
        found += [one] if one else []
    return found


def _checked(data: TrainingData) -> TrainingData:
    for name in ("examples", "held_out"):
        if not getattr(data, name):
            raise UsageError(f"no text is left for {name}: give more of it, or a larger length")
    return data
