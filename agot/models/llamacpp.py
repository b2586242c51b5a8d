"""llama.cpp's own OpenAI-compatible server, as the package xllamacpp embeds it: `python -m agot.models.llamacpp FILE`."""

from __future__ import annotations

import argparse
import os
import signal
import sys


def main() -> None:
    """Serve a GGUF file until a signal ends the process."""
    ask = argparse.ArgumentParser(prog="python -m agot.models.llamacpp", description="Serve a GGUF file.")
    ask.add_argument("file")
    ask.add_argument("--host", default="127.0.0.1")
    ask.add_argument("--port", type=int, default=8080)
    ask.add_argument("--alias", required=True, help="what the server calls the model")
    ask.add_argument("--slots", type=int, default=4, help="requests and samples answered at the same time")
    ask.add_argument("--context", type=int, default=8192, help="tokens for each of them")
    ask.add_argument("--threads", type=int, default=_threads())
    ask.add_argument("--embeddings", action="store_true", help="give embeddings instead of text")
    options = ask.parse_args()
    try:
        import xllamacpp
    except ImportError:
        sys.exit("xllamacpp is not installed. Install it: pip install 'agot[llamacpp]'")
    settings = xllamacpp.CommonParams()
    settings.model.path = options.file
    settings.hostnames, settings.port = [options.host], options.port
    settings.n_parallel, settings.n_ctx = options.slots, options.context * options.slots
    settings.use_jinja, settings.model_alias = True, {options.alias}
    settings.cpuparams.n_threads = options.threads
    settings.embedding = options.embeddings
    # Before the server starts threads, which inherit it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    server = xllamacpp.Server(settings)
    print("serving", options.alias, "at", server.listening_address, flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    # llama.cpp's own end waits for requests at work; whoever stops a server does not want to wait.
    os._exit(0)


def _threads() -> int:
    """Return the processors but one: threads that wait for one which has none crawl, and the caller needs one too."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, mine - 1)


if __name__ == "__main__":
    main()
