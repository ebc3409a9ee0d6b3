"""A finite model: every prompt has a short list of answers with known probabilities. Deterministic given the draw."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from passel.core.ask import Ask, Call, Embed, Generate, Message, Prompt, Score
from passel.core.key import Key
from passel.core.model import ModelInfo, Progress
from passel.core.reply import Reply, Token, Usage

__all__ = ["Toy", "toy"]

Distribution = Callable[[str], Sequence[tuple[str, float]]]
"""From the last turn's text (and the begun answer) to texts with their probabilities, which sum to 1."""

_INFO = ModelInfo(
    name="toy",
    can=frozenset({"text", "prefix", "logprobs", "score", "embed"}),
    sampling=frozenset({"temperature", "top_p", "top_k", "min_p", "stop", "logprobs"}),
    max_n=1 << 30,
    concurrency=1 << 30,
    context=1 << 20,
    max_tokens=256,
    instant=True,
)


@dataclass(frozen=True, eq=False)
class Toy:
    """A finite model over a distribution of texts. Tokens are words. Of the sampling parameters only max_tokens and
    stop change what it draws: they cut it.

    >>> coin = Toy(lambda text: [("heads", 0.5), ("tails", 0.5)])
    >>> [reply.text for reply, probability in coin.outcomes(Generate("?", Key()))]
    ['heads', 'tails']
    """

    distribution: Distribution
    info: ModelInfo = field(default=_INFO)

    def outcomes(self, ask: Generate) -> Sequence[tuple[Reply, float]]:
        """Every reply there can be, with its probability."""
        texts = self.distribution(_last(ask.prompt) + ask.prefix)
        return [(_finish(ask, text, probability), probability) for text, probability in texts]

    def reply(self, ask: Ask) -> Reply:
        """The draw that the ask's key takes, or the one reply to a score or an embedding."""
        match ask:
            case Generate():
                outcomes = self.outcomes(ask)
                return outcomes[(ask.key / "toy").choice([p for _, p in outcomes])][0]
            case Score():
                return self._score(ask)
            case Embed():
                usage = Usage(sum(map(_count, ask.texts)))
                return Reply(vectors=tuple(map(_vector, ask.texts)), usage=usage)
            case Call():
                return Reply(stop="failed", error="the toy model has no tools")

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        """See `Model`. The prompt is charged to the first of several asks alike."""
        replies = [self.reply(ask) for ask in asks]
        free = [replace(reply, usage=replace(reply.usage, prompt_tokens=0)) for reply in replies[1:]]
        return [replies[0], *free]

    async def aclose(self) -> None:
        """Nothing to free."""

    def _score(self, ask: Score) -> Reply:
        texts = self.distribution(_last(ask.prompt) + ask.prefix)
        chances = [sum(p for text, p in texts if text.startswith(wanted)) for wanted in ask.continuations]
        scores = tuple(math.log(p) if p > 0.0 else -math.inf for p in chances)
        return Reply(scores=scores, usage=Usage(_count(_whole(ask.prompt)), 1))


def _finish(ask: Generate, text: str, probability: float) -> Reply:
    text, met = _until(text, ask.sampling.stop or ())
    words = re.findall(r"\s*\S+|\s+\Z", text)
    most = ask.sampling.max_tokens or len(words)
    tokens: tuple[Token, ...] = ()
    if ask.sampling.logprobs is not None and words:
        each = math.log(probability) / len(words)
        tokens = tuple(Token(word, each) for word in words[:most])
    usage = Usage(_count(_whole(ask.prompt) + ask.prefix), min(len(words), most))
    if len(words) > most:
        return Reply("length", "".join(words[:most]), tokens, usage=usage)
    return Reply("end", text, tokens, usage=usage, stop_text=met)


def _until(text: str, stops: Sequence[str]) -> tuple[str, str]:
    """The text up to the first of some stop texts, and which one that was, "" for none."""
    places = [(place, stop) for stop in stops if stop and (place := text.find(stop)) >= 0]
    if not places:
        return text, ""
    place, stop = min(places)
    return text[:place], stop


def _whole(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else " ".join(message.content for message in prompt)


def _last(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else (prompt[-1:] or (Message("user", ""),))[0].content


def _count(text: str) -> int:
    return len(text.split())


def _vector(text: str) -> tuple[float, ...]:
    """A unit vector of eight numbers that depends on the text alone."""
    numbers = [(Key(0, (text,)) / i).uniform() - 0.5 for i in range(8)]
    norm = math.sqrt(sum(x * x for x in numbers)) or 1.0
    return tuple(x / norm for x in numbers)


def toy(name: str = "", *, skill: float = 0.5) -> Toy:
    """A toy that answers sums: right with a chance that differs by question, around `skill`, else near misses.

    It reads an arithmetic expression in the question, or adds the numbers it finds. Yes-or-no questions get a
    fixed distribution. For tests, documentation and dry runs: nothing is downloaded and nothing is random but the draw.
    """
    info = replace(_INFO, name=f"toy:{name}" if name else "toy" if skill == 0.5 else f"toy:skill={skill:g}")
    return Toy(lambda text: _sums(text, skill), info)


def _sums(text: str, skill: float) -> list[tuple[str, float]]:
    key = Key(0, (text,))
    if re.search(r"\byes\b.*\bno\b", text, re.IGNORECASE | re.DOTALL):
        chance = key.uniform()
        return [("Yes", chance), ("No", 1.0 - chance)]
    right = _value(text)
    chance = min(0.95, max(0.05, skill + 0.6 * (key.uniform() - 0.5)))
    rest = 1.0 - chance
    return [
        (f"{text.strip()[:40]}\nThe answer is {right}.", chance),
        (f"Let me see.\nThe answer is {right + 1}.", 0.5 * rest),
        (f"The answer is {right - 1}.", 0.2 * rest),
        (f"Carry the one, and then once more.\nThe answer is {right + 10}.", 0.2 * rest),
        ("I am not sure.", 0.1 * rest),
    ]


_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


def _value(text: str) -> int:
    expressions = re.findall(r"\d+(?:\s*[-+*]\s*\d+)+", text)
    if expressions:
        plain = re.sub(r"\b0+(?=\d)", "", max(expressions, key=len))  # Python reads no leading zeros
        return _evaluate(ast.parse(plain, mode="eval").body)
    return sum(map(int, re.findall(r"\d{1,9}", text)))


def _evaluate(node: ast.expr) -> int:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    assert isinstance(node, ast.Constant)
    return int(str(node.value))
