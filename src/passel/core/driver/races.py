"""The winners of a race in tokens: the shortest replies, as if all had been decoded in step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from passel.core.reply import Reply

__all__ = ["settle"]


def settle(replies: Sequence[Reply], k: int) -> list[Reply]:
    """Returns the replies of a race. The k usable replies with the fewest completion tokens win (ties go to the earlier
    reply); the others are cancelled at the length of the last winner, and cost what they took up to there.

    With fewer than k usable replies, all are returned as they are.

    >>> from passel.core.reply import Usage
    >>> long, short = Reply(usage=Usage(9, 30)), Reply(usage=Usage(9, 10))
    >>> [reply.stop for reply in settle([long, short], 1)]
    ['cancelled', 'end']
    """
    usable = [index for index, reply in enumerate(replies) if reply.ok]
    if len(usable) < k:
        return list(replies)
    order = sorted(usable, key=lambda index: (replies[index].usage.completion_tokens, index))
    winners = set(order[:k])
    length = replies[order[k - 1]].usage.completion_tokens
    return [reply if index in winners else _cut(reply, length) for index, reply in enumerate(replies)]


def _cut(reply: Reply, length: int) -> Reply:
    if reply.stop in ("cancelled", "failed"):
        return reply
    share = min(1.0, length / max(1, reply.usage.completion_tokens))
    usage = replace(reply.usage, completion_tokens=min(length, reply.usage.completion_tokens))
    return Reply("cancelled", usage=usage, seconds=reply.seconds * share, attempts=reply.attempts)
