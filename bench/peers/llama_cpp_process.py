"""llama.cpp's HTTP server on a free port of 127.0.0.1: prints its address, and serves until it is ended.

python bench/peers/llama_cpp_process.py MODEL.gguf [--parallel 64] [--context 256] [--threads 2]
"""

from __future__ import annotations

import argparse
import threading
from typing import Any

import xllamacpp


def serve(model: str, parallel: int, context: int, threads: int) -> None:
    """Serves `parallel` slots of `context` tokens each."""
    params: Any = xllamacpp.CommonParams()
    params.model.path = model
    params.n_parallel, params.n_ctx = parallel, parallel * context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.verbosity, params.ui = -1, False
    server: Any = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--parallel", type=int, default=64)
    parser.add_argument("--context", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    serve(args.model, args.parallel, args.context, args.threads)
