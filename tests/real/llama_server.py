"""A real llama.cpp HTTP server on 127.0.0.1: `python llama_server.py MODEL [ADAPTER]` prints its address and waits."""

from __future__ import annotations

import sys
import threading
from typing import Any

import xllamacpp

if __name__ == "__main__":
    params: Any = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    if len(sys.argv) > 2:
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(sys.argv[2], 1.0)]
    params.n_parallel, params.n_ctx = 4, 4 * 512
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.verbosity = -1
    params.ui = False
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()
