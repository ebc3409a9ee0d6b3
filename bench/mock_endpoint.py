"""A mock OpenAI-compatible endpoint, for benches and fault tests. Standard library only.

    python bench/mock_endpoint.py --port 0 [--delay 0.0] [--faults 0.0 --seed 0]

The first line printed is the base URL. In a test: `runner, base_url = await start()`, and at
the end `await runner.cleanup()`. The k-th answer to a prompt depends on the prompt and on k
only, so the answers a prompt gets as a set do not depend on how requests interleave.
"""

import argparse
import asyncio
import json
import random
import re
import signal
import socket
import struct
import zlib
from collections import Counter
from http import HTTPStatus
from typing import Any

FAULTS = ("429_retry_after", "429", "500", "malformed", "truncated", "hang", "reset")
HANG_SECONDS = 30.0
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.I)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.I)
CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.I)


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def response(status: int, body: bytes, headers: str = "") -> bytes:
    return (f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{headers}\r\n").encode() + body


def error(status: int, message: str, headers: str = "") -> bytes:
    return response(status, encode({"error": {"message": message, "type": "mock", "code": status}}), headers)


def body_response(parts: list[bytes], fault: str | None) -> bytes:
    """One part is a JSON body, more are the events of a stream; two of the faults cut it in the middle."""
    size, at, stream = len(parts[0]), len(parts) // 2, len(parts) > 1
    if fault in ("malformed", "truncated"):
        parts = [*parts[:at], parts[at][:len(parts[at]) // 2] + b"\n\n" * stream]
    if not stream:
        whole = response(200, parts[0])
        return whole.replace(b": %d\r" % len(parts[0]), b": %d\r" % size, 1) if fault == "truncated" else whole
    return b"".join([b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
                     *(b"%x\r\n%s\r\n" % (len(part), part) for part in parts),
                     b"" if fault == "truncated" else b"0\r\n\r\n"])


def logprobs(tokens: list[str], top: int, chat: bool) -> dict[str, Any]:
    """The same plausible figures for every token: the token first, then made-up rivals."""
    ranked = [[(token, -0.1)] + [(f" alt{i}", -2.5 - i) for i in range(1, top)] for token in tokens]
    if chat:
        def entry(token: str, value: float) -> dict[str, Any]:
            return {"token": token, "logprob": value, "bytes": list(token.encode())}
        return {"content": [{**entry(*row[0]), "top_logprobs": [entry(*pair) for pair in row[:top]]}
                            for row in ranked], "refusal": None}
    return {"tokens": tokens, "token_logprobs": [-0.1] * len(tokens), "top_logprobs": [dict(row) for row in ranked],
            "text_offset": [len("".join(tokens[:i])) for i in range(len(tokens))]}


class MockServer:
    """Holds the state that the connections share; `cleanup` closes them all."""

    def __init__(self, delay: float = 0.0, faults: float = 0.0, seed: int = 0) -> None:
        self.delay, self.faults, self.random = delay, faults, random.Random(seed)
        self.requests = self.choices = 0
        self.fault_counts: Counter[str] = Counter()
        self.asked: Counter[int] = Counter()
        self.connections: set[Connection] = set()
        self.server: asyncio.Server | None = None

    @property
    def stats(self) -> dict[str, Any]:
        return {"requests": self.requests, "choices": self.choices,
                "faults": {kind: self.fault_counts[kind] for kind in FAULTS}}

    async def cleanup(self) -> None:
        assert self.server is not None
        self.server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        await self.server.wait_closed()

    def draw_fault(self) -> str | None:
        if not self.faults or self.random.random() >= self.faults:
            return None
        kind = self.random.choice(FAULTS)
        self.fault_counts[kind] += 1
        return kind

    def answer(self, prompt: str, request: dict[str, Any]) -> tuple[list[str], str]:
        """The tokens of one answer, and its finish reason."""
        key = zlib.crc32(prompt.encode())
        self.asked[key] += 1
        tokens = ["The", " answer", " is", f" {zlib.crc32(b'%d' % self.asked[key], key) % 5}", "."]
        reason = "stop"
        limit = request.get("max_completion_tokens") or request.get("max_tokens") or len(tokens)
        if limit < len(tokens):
            tokens, reason = tokens[:limit], "length"
        if stop := request.get("stop"):
            text = "".join(tokens)
            found = [at for s in ([stop] if isinstance(stop, str) else stop) if (at := text.find(s)) >= 0]
            if found:
                tokens, reason = re.findall(r" ?\w+|\W", text[:min(found)]), "stop"
        return tokens, reason

    def complete(self, request: dict[str, Any], chat: bool) -> tuple[list[bytes], int]:
        """A JSON body, or the events of a stream; and how many choices it holds."""
        given = request["messages"] if chat else request["prompt"]
        prompts = given if not chat and isinstance(given, list) and isinstance(given[0], (str, list)) else [given]
        prompts = [prompt if isinstance(prompt, str) else repr(prompt) for prompt in prompts]
        answers = [self.answer(prompt, request) for prompt in prompts for _ in range(request.get("n") or 1)]
        spent = sum(len(tokens) for tokens, _ in answers)
        asked = sum(len(prompt) // 4 + 1 for prompt in prompts)
        usage = {"prompt_tokens": asked, "completion_tokens": spent, "total_tokens": asked + spent}
        stream, flag = bool(request.get("stream")), request.get("logprobs")
        top = (request.get("top_logprobs") or 0) if chat else int(flag or 0)
        wanted = bool(flag) if chat else flag is not None
        kind = ("chat.completion" + ".chunk" * stream) if chat else "text_completion"
        base = {"id": f"mock-{self.requests}", "object": kind, "created": 0, "model": request.get("model", "mock")}

        def choice(index: int, tokens: list[str], reason: str | None) -> dict[str, Any]:
            text = "".join(tokens)
            name, content = "delta" if stream else "message", {"role": "assistant", "content": text}
            part = {name: content if tokens or not stream else {}} if chat else {"text": text}
            return {"index": index, **part, "finish_reason": reason,
                    "logprobs": logprobs(tokens, top, chat) if wanted else None}

        if not stream:
            choices = [choice(i, tokens, reason) for i, (tokens, reason) in enumerate(answers)]
            return [encode({**base, "choices": choices, "usage": usage})], len(answers)
        chunks = [{**base, "choices": [choice(i, [token], None)]}
                  for i, (tokens, _) in enumerate(answers) for token in tokens]
        chunks += [{**base, "choices": [choice(i, [], reason)]} for i, (_, reason) in enumerate(answers)]
        if (request.get("stream_options") or {}).get("include_usage"):
            chunks.append({**base, "choices": [], "usage": usage})
        return [b"data: " + encode(chunk) + b"\n\n" for chunk in chunks] + [b"data: [DONE]\n\n"], len(answers)


class Connection(asyncio.Protocol):
    """One client connection: HTTP/1.1 with keep-alive, one request answered at a time."""

    transport: asyncio.Transport

    def __init__(self, mock: MockServer) -> None:
        self.mock, self.buffer = mock, bytearray()
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.mock.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.mock.connections.discard(self)
        if self.timer:
            self.timer.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self.timer is None and not self.transport.is_closing():
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.buffer[:end])
            length = int(match[1]) if (match := LENGTH.search(head)) else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = bytes(self.buffer[end + 4:end + 4 + length])
            del self.buffer[:end + 4 + length]
            self.handle(head, body)

    def handle(self, head: bytes, body: bytes) -> None:
        method, path, _ = (head.split(b"\r\n", 1)[0].decode("latin-1") + "  ").split(" ", 2)
        close = CLOSE.search(head) is not None
        if method == "GET" and path in ("/stats", "/v1/models"):
            models = {"object": "list", "data": [{"id": "mock", "object": "model", "created": 0, "owned_by": "mock"}]}
            return self.send(response(200, encode(self.mock.stats if path == "/stats" else models)), close)
        if method != "POST" or path not in ("/v1/chat/completions", "/v1/completions"):
            return self.send(error(404, f"no such route: {method} {path}"), close)
        if CHUNKED.search(head):
            return self.send(error(400, "this mock takes no chunked request bodies"), True)
        self.mock.requests += 1
        fault = self.mock.draw_fault()
        delay = self.mock.delay + (HANG_SECONDS if fault == "hang" else 0.0)
        if delay:
            self.timer = asyncio.get_running_loop().call_later(delay, self.resume, path, body, fault, close)
        else:
            self.reply(path, body, fault, close)

    def resume(self, path: str, body: bytes, fault: str | None, close: bool) -> None:
        self.timer = None
        self.reply(path, body, fault, close)
        self.data_received(b"")

    def reply(self, path: str, body: bytes, fault: str | None, close: bool) -> None:
        if fault == "reset":
            # a zero linger time makes the close send RST in place of FIN
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return self.transport.abort()
        if fault in ("429", "429_retry_after"):
            return self.send(error(429, "rate limit", "Retry-After: 0.05\r\n" if fault != "429" else ""), close)
        if fault == "500":
            return self.send(error(500, "mock failure"), close)
        try:
            parts, served = self.mock.complete(json.loads(body), path == "/v1/chat/completions")
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            return self.send(error(400, f"bad request: {problem!r}"), close)
        self.mock.choices += 0 if fault in ("malformed", "truncated") else served
        self.send(body_response(parts, fault), close or fault == "truncated")

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
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--faults", type=float, default=0.0, help="the share of requests that get a fault")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the faults")
    runner, base_url = await start(**vars(parser.parse_args()))
    print(f"listening on {base_url}", flush=True)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
