"""The mock endpoint's own limit: requests written once, on keep-alive connections, with nothing around them."""

import argparse
import asyncio
import json
import re
import time
from urllib.parse import urlsplit

LENGTH = re.compile(rb"content-length: *(\d+)", re.I)


class Client(asyncio.Protocol):
    """Sends the same request until `left` of all clients together have been answered."""

    def __init__(self, request: bytes, left: list[int], done: asyncio.Event) -> None:
        self.request, self.left, self.done, self.buffer = request, left, done, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        length = LENGTH.search(self.buffer, 0, end) if end >= 0 else None
        if length is None or len(self.buffer) < end + 4 + int(length[1]):
            return
        self.buffer = b""
        self.left[0] -= 1
        if self.left[0] > 0:
            self.transport.write(self.request)
        elif self.left[0] == 0:
            self.done.set()


async def run(base_url: str, requests: int, clients: int, n: int) -> dict[str, object]:
    url = urlsplit(base_url)
    body = json.dumps({"model": "mock", "messages": [{"role": "user", "content": "Problem: what is it?"}], "n": n})
    head = f"POST {url.path}/chat/completions HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(body)}\r\n\r\n"
    left, done, loop = [requests], asyncio.Event(), asyncio.get_running_loop()
    cpu, begun = time.process_time(), time.perf_counter()
    made = [
        await loop.create_connection(lambda: Client((head + body).encode(), left, done), url.hostname, url.port)
        for _ in range(clients)
    ]
    await done.wait()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    for transport, _ in made:
        transport.abort()
    return {
        "name": "raw",
        "requests": requests,
        "calls": requests * n,
        "seconds": round(seconds, 4),
        "cpu_seconds": round(cpu, 4),
        "calls_per_second": round(requests * n / seconds, 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("base_url")
    parser.add_argument("--requests", type=int, default=4000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--n", type=int, default=1)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(run(args.base_url, args.requests, args.clients, args.n))))
