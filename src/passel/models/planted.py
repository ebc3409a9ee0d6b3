"""A simulated model of planted trees: it draws steps with a given chance of the right one, and rewards them with a
given error. For studies of search: its verifier knows the plant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Annotated

from passel.core.ask import Ask, Generate, Prompt, Score
from passel.core.errors import UsageError
from passel.core.key import Key
from passel.core.model import ModelInfo, Progress
from passel.core.plant import LETTERS, Plant, letters_in, plant_in
from passel.core.ranges import Linear, Log
from passel.core.reply import Reply, Token, Usage

__all__ = ["Planted", "planted"]

_NORMAL = NormalDist()
_END = "\n\n"


@dataclass(frozen=True, eq=False)
class Planted:
    """Build it with `planted`, which says what the fields mean."""

    chance: float
    tokens: int
    rho: float
    scale: float
    bias: float
    trap: int
    seed: int
    info: ModelInfo = field(default=ModelInfo("planted"))

    async def answer(self, asks: Sequence[Ask], progress: Progress) -> Sequence[Reply]:
        """See `Model`: a reply for each ask, in order."""
        return [self.reply(ask) for ask in asks]

    async def aclose(self) -> None:
        """Nothing to free."""

    def reply(self, ask: Ask) -> Reply:
        """The reply to an ask. One about no planted tree, or that goes on from no path of it, fails."""
        assert isinstance(ask, Generate | Score), "the driver sends only what `info.can` covers"
        plant = plant_in(_text_of(ask.prompt))
        letters = letters_in(ask.prefix)
        if plant is None or letters is None:
            what = "the question names no planted tree" if plant is None else "the begun answer is no path"
            return Reply("failed", error=what)
        if isinstance(ask, Score):
            return self._rewarded(ask, plant)
        return self._drawn(ask, plant, letters)

    def value(self, plant: Plant, letters: str) -> float:
        """What the verifier gives a path, in (0, 1).

        The logistic function of scale * z, with z = rho * truth + sqrt(1 - rho^2) * noise: the truth is 1 for a
        beginning of the right path, else -1; the noise is normal, and the path's own. Under the trap, bias is added.
        """
        truth = 1.0 if plant.path.startswith(letters) else -1.0
        uniform = (Key(self.seed) / "value" / plant.question / letters).uniform()
        noise = _NORMAL.inv_cdf(min(max(uniform, 1e-12), 1 - 1e-12))
        z = self.rho * truth + math.sqrt(1.0 - self.rho**2) * noise
        if plant.trap and letters.startswith(plant.trap) and len(letters) <= self.trap:
            z += self.bias
        return 1.0 / (1.0 + math.exp(-self.scale * z))

    def chances(self, plant: Plant, level: int, temperature: float | None) -> list[float]:
        """The probability of each letter at a step, wherever the path stands."""
        right = LETTERS.index(plant.path[level])
        rest = (1.0 - self.chance) / max(1, plant.branching - 1)
        plain = [self.chance if letter == right else rest for letter in range(plant.branching)]
        if temperature == 0.0:
            return [float(letter == plain.index(max(plain))) for letter in range(plant.branching)]
        sharp = [share ** (1.0 / (temperature or 1.0)) for share in plain]
        return [share / math.fsum(sharp) for share in sharp]

    def _rewarded(self, ask: Score, plant: Plant) -> Reply:
        scores: list[float] = []
        so_far = ask.prefix
        for part in ask.continuations:
            text = so_far + part
            letters = letters_in(text)
            if letters is None:
                return Reply("failed", error="an answer to be rewarded is no path")
            scores.append(self.value(plant, letters))
            so_far = text if ask.chain else so_far
        steps = len(letters_in("".join([ask.prefix, *ask.continuations])) or "")
        return Reply(scores=tuple(scores), usage=Usage(_words(ask.prompt) + self.tokens * steps))

    def _drawn(self, ask: Generate, plant: Plant, letters: str) -> Reply:
        stops = ask.sampling.stop or ()
        steps = plant.depth - len(letters)
        most = min(steps, (ask.sampling.max_tokens or self.info.max_tokens) // self.tokens)
        met = next((stop for stop in stops if stop and stop in _END), "") if steps > 1 else ""
        wanted = 1 if met else max(0, steps)
        texts: list[str] = []
        tokens: list[Token] = []
        for level in range(len(letters), len(letters) + max(0, min(wanted, most))):
            shares = self.chances(plant, level, ask.sampling.temperature)
            place = (ask.key / "planted" / level).choice(shares)
            letters += LETTERS[place]
            texts.append(_written(plant, letters))
            tokens.append(self._token(plant, letters, shares, ask.sampling.logprobs or 0))
        text = "".join(texts)
        usage = Usage(_words(ask.prompt) + self.tokens * len(letters_in(ask.prefix) or ""), self.tokens * len(texts))
        reported = tuple(tokens) if ask.sampling.logprobs is not None else ()
        if len(texts) < wanted:
            return Reply("length", text, reported, usage=usage)
        return Reply("end", text.removesuffix(_END) if met else text, reported, usage=usage, stop_text=met)

    def _token(self, plant: Plant, letters: str, shares: Sequence[float], most: int) -> Token:
        """A step as one token, with the likeliest letters in its place."""
        named = [(_written(plant, letters[:-1] + LETTERS[i]), _log(share)) for i, share in enumerate(shares)]
        own = named[LETTERS.index(letters[-1])]
        return Token(*own, tuple(sorted(named, key=lambda pair: -pair[1])[:most]))


def planted(
    name: str = "",
    *,
    chance: Annotated[float, Linear(0.0, 1.0)] = 0.6,
    tokens: Annotated[int, Log(1, 1000)] = 10,
    rho: Annotated[float, Linear(0.0, 1.0)] = 0.8,
    scale: Annotated[float, Linear(0.0, 10.0)] = 2.0,
    bias: float = 0.0,
    trap: Annotated[int, Linear(0, 64)] = 0,
    seed: int = 0,
) -> Planted:
    """A model of the task `planted`, which plays the generator and, by asks for rewards, a verifier of known quality.

    Args:
        chance: that a step is the right one of its level.
        tokens: that a step takes.
        rho: correlation of the verifier's log-odds with the truth, where right and wrong are equally frequent.
        scale: of the log-odds: how sure the verifier is of itself.
        bias: added to what it finds under a wrong first letter, for paths of at most `trap` steps, so that it is
            over-confident there, and comes to see it later.
        trap: see bias; 0 is nowhere.
        seed: of the verifier's noise, which is the same whenever it is asked about a path.
    """
    for what, value in (("chance", chance), ("rho", rho)):
        if not 0.0 <= value <= 1.0:
            raise UsageError(f"{what} of model planted must be between 0 and 1, got {value}")
    settings = f"{chance=:g}:{tokens=}:{rho=:g}:{scale=:g}:{bias=:g}:{trap=}:{seed=}"
    info = ModelInfo(
        name=f"planted:{name}:{settings}" if name else f"planted:{settings}",
        can=frozenset({"text", "prefix", "logprobs", "reward"}),
        sampling=frozenset({"temperature", "stop", "logprobs"}),
        max_n=1 << 30,
        concurrency=1 << 30,
        context=1 << 20,
        max_tokens=64 * tokens,
        instant=True,
    )
    return Planted(chance, tokens, rho, scale, bias, trap, seed, info)


def _written(plant: Plant, letters: str) -> str:
    """The last step of a path; the path's last says the answer."""
    return letters[-1] + (f". The answer is {letters}." if len(letters) == plant.depth else _END)


def _text_of(prompt: Prompt) -> str:
    return prompt if isinstance(prompt, str) else "\n".join(message.content for message in prompt)


def _words(prompt: Prompt) -> int:
    return len(_text_of(prompt).split())


def _log(share: float) -> float:
    return math.log(share) if share > 0.0 else -math.inf
