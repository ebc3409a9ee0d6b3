"""The only place where a model is asked: one request for several asks, its retries, and its cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast

from passel.core.ask import Ask, Call, Generate
from passel.core.cost import Cost
from passel.core.driver.ledger import Line
from passel.core.driver.rate_limiter import RateLimiter
from passel.core.errors import PasselError, Retryable
from passel.core.key import Key
from passel.core.model import Binding, Model, ModelInfo, Progress, prompt_bound
from passel.core.reply import Reply, Usage

__all__ = ["BoundAsk", "Retries", "Tool", "cost_of", "run_tool", "send", "worst_case"]

Tool = Callable[..., object]
"""A tool: keyword arguments in, a JSON value (or an awaitable of a JSON value) out. A tool that would answer otherwise
in another run has an attribute `edition`, a text that names what its answers depend on: calls of two editions are
different calls."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How a request is tried again after an error that may pass: exponential backoff with jitter.

    The wait after attempt i is `initial_wait * 2**i` seconds, at most `max_wait`, times a factor in [0.5, 1), and never
    less than the endpoint asked for with Retry-After.
    """

    max_retries: int = 6
    initial_wait: float = 0.5
    max_wait: float = 30.0

    def wait(self, attempt: int, key: Key, retry_after: float | None) -> float:
        """Seconds before the next attempt; attempts count from 0."""
        backoff = min(self.max_wait, self.initial_wait * 2.0**attempt) * (
            0.5 + 0.5 * (key / "retry" / attempt).uniform()
        )
        return max(backoff, retry_after or 0.0)


@dataclass(slots=True)  # not frozen: it is made for every ask, and a frozen dataclass takes twice as long
class BoundAsk:
    """An ask bound to a model: its sampling is complete, and it has an address.

    Args:
        line: what its cost is booked under.
        binding, info: of its model; None for a tool's call.
        tool: of a tool's call.
        cost: set when its whole reply has come.
    """

    ask: Ask
    address: str
    line: Line
    binding: Binding | None = None
    info: ModelInfo | None = None
    tool: Tool | None = None
    cost: Cost | None = None

    @property
    def model(self) -> str:
        """The name of the model in the record."""
        return self.line[0]


def cost_of(reply: Reply, info: ModelInfo | None, *, waste: bool = False) -> Cost:
    """Returns the cost of a reply. A tool's call costs a call, an unsent request nothing.

    Args:
        waste: count the tokens of broken attempts too.
    """
    if info is None:
        return Cost(calls=1, seconds=reply.seconds)
    usage = reply.usage
    if reply.stop == "cancelled" and usage == _NO_USAGE:
        return _NO_COST
    completion = usage.completion_tokens + (reply.wasted if waste else 0)
    computed = usage.prompt_tokens - usage.cached_tokens + completion
    return Cost(
        1,
        0,
        usage.prompt_tokens,
        usage.cached_tokens,
        completion,
        info.price.of(usage.prompt_tokens, completion, usage.cached_tokens),
        reply.seconds,
        2.0 * info.parameters * computed if info.parameters else 0.0,
    )


def worst_case(bound: BoundAsk, known_prompt: int | None) -> Cost:
    """Returns the most that an ask can cost in one attempt. `known_prompt`: tokens of its prompt; None: not known."""
    if bound.binding is None or isinstance(bound.ask, Call):
        return Cost(calls=1)
    info = bound.binding.model.info
    prompt = prompt_bound(bound.ask) if known_prompt is None else known_prompt
    completion = (bound.ask.sampling.max_tokens or 0) if isinstance(bound.ask, Generate) else 1
    if info.context is not None:
        prompt, completion = min(prompt, info.context), min(completion, info.context)
    return Cost(1, 0, prompt, 0, completion, info.price.of(prompt, completion))


async def send(
    model: Model,
    asks: Sequence[Ask],
    progress: Progress,
    limiter: RateLimiter,
    retries: Retries,
    name: str,
    afford: Callable[[int], Awaitable[bool]],
) -> list[Reply]:
    """Sends one request until it is answered or given up, and returns the replies in order, failed ones among them.

    Args:
        name: seeds the jitter in the waits between attempts.
        afford: called before a retry with the completion tokens of the broken attempt: whether the budget covers them
            on top of the worst case of the next attempt.

    Raises ModelError if the model cannot be used at all.
    """
    loop = asyncio.get_running_loop()
    wasted, attempt = 0, 0
    while True:
        try:
            await limiter.acquire(_tokens_at_most(asks) if limiter.counts_tokens else 0)
            try:
                start = loop.time()
                progress.sent = True
                replies = await model.answer(asks, progress)
                if len(replies) != len(asks):
                    raise ValueError(f"{len(replies)} replies to {len(asks)} asks")
                return _signed(replies, loop.time() - start, attempt + 1, wasted)
            finally:
                limiter.release()
        except Retryable as fault:
            wasted += fault.completion_tokens
            wait = retries.wait(attempt, Key(0, (name,)), fault.retry_after)
            if attempt == retries.max_retries or not await afford(fault.completion_tokens):
                return _failed(asks, f"{fault} (after {attempt + 1} attempts)", attempt + 1, wasted)
            if fault.retry_after:
                limiter.pause(wait)
        except PasselError:
            raise
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is None or task.cancelling():
                raise  # cancelled by the driver, and not from within the model
            return _failed(asks, "the model cancelled its own request", attempt + 1, wasted)
        except Exception as error:  # a bug in a model's code must not lose the other problems
            return _failed(asks, f"{type(error).__name__}: {error}", attempt + 1, wasted)
        attempt += 1
        progress.reset()
        await asyncio.sleep(wait)


def _signed(replies: Sequence[Reply], seconds: float, attempts: int, wasted: int) -> list[Reply]:
    share = seconds / len(replies)
    first = replies[0].signed(share, attempts, wasted)
    return [first, *(reply.signed(share, attempts) for reply in replies[1:])]


def _failed(asks: Sequence[Ask], error: str, attempts: int, wasted: int) -> list[Reply]:
    first = Reply(stop="failed", error=error, attempts=attempts, wasted=wasted)
    return [first, *(Reply(stop="failed", error=error, attempts=attempts) for _ in asks[1:])]


def _tokens_at_most(asks: Sequence[Ask]) -> int:
    total = 0
    for ask in asks:
        if isinstance(ask, Generate):
            total += ask.sampling.max_tokens or 0
    first = asks[0]
    return total + (0 if isinstance(first, Call) else prompt_bound(first))


async def run_tool(tool: Tool, ask: Call) -> Reply:
    """Calls a tool. An error in the tool is a failed reply; Passel's own errors, such as a usage error, are raised."""
    start = asyncio.get_running_loop().time()
    try:
        value: object = tool(**ask.arguments)
        if isinstance(value, Awaitable):
            value = await cast("Awaitable[object]", value)
        json.dumps(value)  # a value that is not JSON cannot be recorded
    except PasselError:
        raise
    except Exception as error:
        return Reply(stop="failed", error=f"{type(error).__name__}: {error}")
    return Reply(value=value, seconds=asyncio.get_running_loop().time() - start)


_NO_USAGE = Usage()
_NO_COST = Cost()
