"""A mock OpenAI-compatible endpoint, for benches and fault tests. Standard library only.

    python bench/mock_endpoint.py --port 0 [--delay 0.0] [--faults 0.0 --seed 0]

In a test: `runner, base_url = await start()`, and at the end `await runner.cleanup()`. The k-th
answer to a prompt depends on the prompt and on k only, however the requests interleave.
"""

import argparse
import asyncio
import json
import random
import re
import socket
import struct
import zlib
from typing import Any

FAULTS = ("429_retry_after", "429", "500", "malformed", "truncated", "hang", "reset")
HANG_SECONDS = 30.0
ROUTES = ("/v1/chat/completions", "/v1/completions")
MODELS = {"object": "list", "data": [{"id": "mock", "object": "model", "created": 0, "owned_by": "mock"}]}
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.I)
CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.I)


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def response(status: int, body: bytes, headers: str = "", length: int | None = None) -> bytes:
    return (
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body) if length is None else length}\r\n{headers}\r\n"
    ).encode() + body


def error(status: int, message: str, headers: str = "") -> bytes:
    return response(status, encode({"error": {"message": message, "type": "mock", "code": status}}), headers)


def success(parts: list[bytes], fault: str | None) -> bytes:
    """One part is a JSON body, more are the events of a stream. Two of the faults cut it in the middle."""
    size, at, stream = len(parts[0]), len(parts) // 2, len(parts) > 1
    if fault in ("malformed", "truncated"):
        parts = [*parts[:at], parts[at][: len(parts[at]) // 2] + b"\n\n" * (stream and fault == "malformed")]
    if not stream:
        return response(200, parts[0], length=size if fault == "truncated" else None)
    return b"".join(
        [
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            *(b"%x\r\n%s\r\n" % (len(part), part) for part in parts),
            b"" if fault == "truncated" else b"0\r\n\r\n",
        ]
    )


def logprobs(tokens: list[str], top: int, chat: bool) -> dict[str, Any]:  # the same figures every time
    ranked = [[(token, -0.1)] + [(f" alt{i}", -2.5 - i) for i in range(1, top)] for token in tokens]
    if not chat:
        return {
            "tokens": tokens,
            "token_logprobs": [-0.1] * len(tokens),
            "top_logprobs": [dict(r) for r in ranked],
            "text_offset": [len("".join(tokens[:i])) for i in range(len(tokens))],
        }
    named = [[{"token": t, "logprob": value, "bytes": list(t.encode())} for t, value in row] for row in ranked]
    return {"content": [{**row[0], "top_logprobs": row[:top]} for row in named], "refusal": None}


class MockServer:
    """What the connections share: the settings, the counts, and the making of answers."""

    server: asyncio.Server

    def __init__(self, delay: float, faults: float, seed: int) -> None:
        self.delay, self.faults, self.random = delay, faults, random.Random(seed)
        self.stats: dict[str, Any] = {"requests": 0, "choices": 0, "faults": dict.fromkeys(FAULTS, 0)}
        self.asked: dict[int, int] = {}
        self.connections: set[Connection] = set()

    async def cleanup(self) -> None:
        self.server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        await self.server.wait_closed()

    def answer(self, prompt: str, request: dict[str, Any]) -> tuple[list[str], str]:
        """The tokens of one answer, and its finish reason."""
        key = zlib.crc32(prompt.encode())
        self.asked[key] = self.asked.get(key, 0) + 1
        tokens = ["The", " answer", " is", f" {zlib.crc32(b'%d' % self.asked[key], key) % 5}", "."]
        limit = request.get("max_completion_tokens") or request.get("max_tokens") or len(tokens)
        text, stop = "".join(tokens[:limit]), request.get("stop") or []
        found = [at for s in ([stop] if isinstance(stop, str) else stop) if (at := text.find(s)) >= 0]
        if found:
            return re.findall(r" ?\w+|\W", text[: min(found)]), "stop"
        return tokens[:limit], "length" if limit < len(tokens) else "stop"

    def complete(self, request: dict[str, Any], chat: bool) -> tuple[list[bytes], int]:
        """A JSON body, or the events of a stream; and how many choices it holds."""
        given = request["messages"] if chat else request["prompt"]
        several = not chat and isinstance(given, list) and isinstance(given[0], (str, list))
        prompts = [p if isinstance(p, str) else repr(p) for p in (given if several else [given])]
        answers = [self.answer(prompt, request) for prompt in prompts for _ in range(request.get("n") or 1)]
        spent, read = sum(len(tokens) for tokens, _ in answers), sum(len(prompt) // 4 + 1 for prompt in prompts)
        usage = {"prompt_tokens": read, "completion_tokens": spent, "total_tokens": read + spent}
        stream, flag = bool(request.get("stream")), request.get("logprobs")
        wanted, top = (bool(flag), request.get("top_logprobs") or 0) if chat else (flag is not None, flag or 0)
        kind = "chat.completion" + ".chunk" * stream if chat else "text_completion"
        base = {"id": f"mock-{self.stats['requests']}", "object": kind, "created": 0, "model": request.get("model")}

        def choice(index: int, tokens: list[str], reason: str | None) -> dict[str, Any]:
            message = {"role": "assistant", "content": "".join(tokens)} if tokens or not stream else {}
            part = {"delta" if stream else "message": message} if chat else {"text": "".join(tokens)}
            scores = logprobs(tokens, top, chat) if wanted else None
            return {"index": index, **part, "finish_reason": reason, "logprobs": scores}

        if not stream:
            choices = [choice(i, *answer) for i, answer in enumerate(answers)]
            return [encode({**base, "choices": choices, "usage": usage})], len(answers)
        chunks = [{**base, "choices": [choice(i, [t], None)]} for i, (tokens, _) in enumerate(answers) for t in tokens]
        chunks += [{**base, "choices": [choice(i, [], reason)]} for i, (_, reason) in enumerate(answers)]
        if (request.get("stream_options") or {}).get("include_usage"):
            chunks += [{**base, "choices": [], "usage": usage}]
        return [b"data: " + encode(chunk) + b"\n\n" for chunk in chunks] + [b"data: [DONE]\n\n"], len(answers)


class Connection(asyncio.Protocol):
    """One client connection: HTTP/1.1 with keep-alive, one request answered at a time."""

    transport: asyncio.Transport
    timer: asyncio.TimerHandle | None

    def __init__(self, mock: MockServer) -> None:
        self.mock, self.buffer, self.timer = mock, bytearray(), None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.mock.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.mock.connections.discard(self)
        if self.timer:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self.timer is None and not self.transport.is_closing() and (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end])
            stop = end + 4 + (int(match[1]) if (match := LENGTH.search(head)) else 0)
            if len(self.buffer) < stop:
                return
            body = bytes(self.buffer[end + 4 : stop])
            del self.buffer[:stop]
            self.handle(*head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")[:2], body, bool(CLOSE.search(head)))

    def handle(self, method: str, path: str, body: bytes, close: bool) -> None:
        if method != "POST" or path not in ROUTES:
            page = {"/stats": self.mock.stats, "/v1/models": MODELS}.get(path) if method == "GET" else None
            self.send(response(200, encode(page)) if page else error(404, f"no such route: {method} {path}"), close)
            return
        self.mock.stats["requests"] += 1
        fault = self.mock.random.choice(FAULTS) if self.mock.random.random() < self.mock.faults else None
        if fault:
            self.mock.stats["faults"][fault] += 1
        if delay := self.mock.delay + HANG_SECONDS * (fault == "hang"):
            self.timer = asyncio.get_running_loop().call_later(delay, self.reply, path, body, fault, close)
        else:
            self.reply(path, body, fault, close)

    def reply(self, path: str, body: bytes, fault: str | None, close: bool) -> None:
        waited, self.timer = self.timer, None
        if fault == "reset":  # with a zero linger time the close sends RST in place of FIN
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        elif fault in ("429_retry_after", "429", "500"):
            self.send(error(int(fault[:3]), "mock fault", "Retry-After: 0.05\r\n" * (fault == FAULTS[0])), close)
        else:
            try:
                parts, count = self.mock.complete(json.loads(body), path == ROUTES[0])
                self.mock.stats["choices"] += 0 if fault in ("malformed", "truncated") else count
                self.send(success(parts, fault), close or fault == "truncated")
            except (ValueError, LookupError, TypeError, AttributeError) as problem:
                self.send(error(400, f"bad request: {problem!r}"), close)
        if waited:
            self.data_received(b"")  # a request may have come in meanwhile

    def send(self, data: bytes, close: bool) -> None:
        self.transport.write(data)
        if close:
            self.transport.close()


async def start(port: int = 0, delay: float = 0.0, faults: float = 0.0, seed: int = 0) -> tuple[MockServer, str]:
    mock, loop = MockServer(delay, faults, seed), asyncio.get_running_loop()
    mock.server = await loop.create_server(lambda: Connection(mock), "127.0.0.1", port, backlog=2048)
    return mock, f"http://127.0.0.1:{mock.server.sockets[0].getsockname()[1]}/v1"


async def main() -> None:
    parser = argparse.ArgumentParser(description="a mock OpenAI-compatible endpoint on 127.0.0.1")
    for name, default in (("port", 0), ("delay", 0.0), ("faults", 0.0), ("seed", 0)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    _, base_url = await start(**vars(parser.parse_args()))
    print(f"listening on {base_url}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
