"""Peers that serve HTTP, llama.cpp and vLLM: started, asked, put to sleep and ended.

Each server is a session of processes of its own on 127.0.0.1. An idle one still spins, so while another side runs it
is stopped with SIGSTOP and it goes on with SIGCONT. All are spoken to with OpenAI's completions protocol and prompts of
token ids: no chat template and no tokenizer stands between them.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from parts.timed import Timed, session_cpu

__all__ = ["Server", "llama_cpp", "vllm"]

HERE = Path(__file__).parent
REPLY_SECONDS = 600.0  # the longest a batch may take
LOG_BYTES = 1 << 20  # of what a server says at its start
END_SECONDS = 15.0  # how long a server may take to end before it is killed


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Args:
        name: the peer. base_url: ends in /v1. group: its processes' group, and session. extra: added to each request.
    """

    name: str
    base_url: str
    group: int
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def pause(self) -> None:
        """Stops all its processes where they are: they use no processor until `resume`."""
        os.killpg(self.group, signal.SIGSTOP)

    def resume(self) -> None:
        """Lets them go on."""
        os.killpg(self.group, signal.SIGCONT)

    def generate(self, prompts: Sequence[Sequence[int]], n_tokens: int) -> Timed:
        """Sends all prompts at once, one request each, and waits for the last reply.

        Temperature 1 and no truncation. The clock runs from the first byte sent to the last one received.

        Raises:
            RuntimeError: a request was refused, or a reply has not exactly `n_tokens` tokens.
        """
        return asyncio.run(self._generate(prompts, n_tokens))

    async def _generate(self, prompts: Sequence[Sequence[int]], n_tokens: int) -> Timed:
        timeout, connector = aiohttp.ClientTimeout(total=REPLY_SECONDS), aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:

            async def complete(prompt: Sequence[int]) -> int:
                body = {"model": "model", "prompt": list(prompt), "max_tokens": n_tokens}
                body |= {"temperature": 1.0, "top_p": 1.0, "ignore_eos": True, **self.extra}
                async with session.post(f"{self.base_url}/completions", json=body) as reply:
                    if reply.status != 200:
                        raise RuntimeError(f"{self.name}: {reply.status} {(await reply.text())[:300]}")
                    return (await reply.json())["usage"]["completion_tokens"]

            cpu, begun = session_cpu(self.group), time.perf_counter()
            lengths = await asyncio.gather(*(complete(prompt) for prompt in prompts))
            seconds, cpu = time.perf_counter() - begun, session_cpu(self.group) - cpu
        if set(lengths) != {n_tokens}:
            raise RuntimeError(f"{self.name}: {n_tokens} tokens were asked for, replies have {sorted(set(lengths))}")
        return Timed(sum(lengths), seconds, cpu)


@contextmanager
def llama_cpp(model: Path, *, parallel: int, context: int = 256, threads: int = 2) -> Iterator[Server]:
    """llama.cpp's server of a GGUF file, through xllamacpp in a process of its own.

    Of its chain of samplers only the temperature is left; by itself it would keep 40 tokens.

    Args:
        parallel: slots. context: tokens of each slot.
    """
    command = [sys.executable, str(HERE / "llama_cpp_process.py"), str(model)]
    command += ["--parallel", str(parallel), "--context", str(context), "--threads", str(threads)]
    plain = {"samplers": ["temperature"], "top_k": 0, "min_p": 0.0, "cache_prompt": False}

    def ready(said: bytes) -> str | None:
        found = re.search(rb"^(http://[0-9.:]+)\n", said, re.M)
        return found[1].decode() if found else None

    with _started("llama_cpp", command, {}, ready, 120.0) as (address, group):
        yield Server("llama_cpp", f"{address}/v1", group, plain)


@contextmanager
def vllm(python: str, folder: Path, *, parallel: int, context: int = 256, bind: str = "0-1") -> Iterator[Server]:
    """vLLM's OpenAI server on the CPU, in the environment of `requirements-vllm.txt`.

    Its cache of prefixes is off: a prompt that comes twice is read twice. No request carries a seed, which its CPU
    build does not stand. Intel's OpenMP, which comes with it, is loaded first, as its manual advises.

    Args:
        python: the environment's interpreter. folder: a Hugging Face folder in bfloat16.
        parallel: sequences decoded at once. context: tokens of each at most.
        bind: processors of its OpenMP threads, one thread each; by itself ("auto") it leaves one core to its scheduler.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder)]
    command += ["--served-model-name", "model", "--host", "127.0.0.1", "--port", str(port), "--dtype", "bfloat16"]
    command += ["--max-model-len", str(context), "--max-num-seqs", str(parallel), "--no-enable-prefix-caching"]
    environment = {
        "VLLM_TARGET_DEVICE": "cpu",
        "VLLM_CPU_KVCACHE_SPACE": "2",  # GiB
        "VLLM_CPU_OMP_THREADS_BIND": bind,
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    openmp = Path(python).parent.parent / "lib" / "libiomp5.so"
    if openmp.is_file():
        environment["LD_PRELOAD"] = str(openmp)
    address = f"http://127.0.0.1:{port}"

    def ready(said: bytes) -> str | None:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{address}/health", timeout=5):
            return address
        return None

    with _started("vllm", command, environment, ready, 900.0) as (found, group):
        yield Server("vllm", f"{found}/v1", group)


Ready = Callable[[bytes], str | None]
"""What the server has said so far -> its address, or None while it starts."""


@contextmanager
def _started(
    name: str, command: Sequence[str], environment: Mapping[str, str], ready: Ready, seconds: float
) -> Iterator[tuple[str, int]]:
    """The address and the process group of a server, once it is ready; the group is ended at the end.

    Raises:
        RuntimeError: it ended, or was not ready after `seconds`; with the end of what it said.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, **environment}, start_new_session=True
        )
        try:
            end = time.monotonic() + seconds
            # read by position: the file's offset is the server's too, who writes there
            while (address := ready(said := os.pread(log.fileno(), LOG_BYTES, 0))) is None:
                if process.poll() is not None or time.monotonic() > end:
                    last = said[-3000:].decode(errors="replace")
                    raise RuntimeError(f"{name} does not start: {' '.join(command)}\n{last}")
                time.sleep(0.5)
            yield address, process.pid
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a server and what it started, by its group's number. A stopped process hears SIGTERM only after SIGCONT."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGCONT)
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
