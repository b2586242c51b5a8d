"""Starting servers: which one, how, until it is ready, and what is told if it is not."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from agot.errors import ModelUnreachable, SetupError
from agot.models.serving import SERVERS, Launch, Serving, free_port, launch

SERVER = """
    import http.server, subprocess, sys
    print("loading", flush=True)
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    print("worker", worker.pid, flush=True)
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()
        def log_message(self, *words): pass
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    file = tmp_path / "qwen3-8b-q4_k_m.gguf"
    file.write_bytes(b"GGUF")
    return file


@pytest.mark.parametrize(
    ("available", "target", "begins"),
    [
        (SERVERS, "{file}", ("llama-server", "-m", "{file}")),
        (("vllm", "xllamacpp"), "{file}", (sys.executable, "-m", "agot.models.llamacpp", "{file}")),
        (SERVERS, "Qwen/Qwen3-8B", ("vllm", "serve", "Qwen/Qwen3-8B")),
        (("sglang",), "Qwen/Qwen3-8B", (sys.executable, "-m", "sglang.launch_server", "--model-path", "Qwen/Qwen3-8B")),
        (SERVERS, "unsloth/Qwen3-8B-GGUF:Q4_K_M", ("llama-server", "-hf", "unsloth/Qwen3-8B-GGUF:Q4_K_M")),
    ],
)  # fmt: skip
def test_the_best_server_that_suits_is_chosen(
    gguf: Path, available: tuple[str, ...], target: str, begins: tuple[str, ...]
) -> None:
    planned = launch(target.format(file=gguf), available=available)
    wanted = tuple(word.format(file=gguf) for word in begins)
    assert planned.command[: len(wanted)] == wanted


def test_llama_cpp_gets_the_context_for_each_of_its_slots(gguf: Path) -> None:
    planned = launch(
        str(gguf), available=("llama-server",), context=4096, slots=6, port=9, extra=("--mlock",)
    )
    words = " ".join(planned.command)
    assert "-np 6 -c 24576" in words and "--port 9" in words and words.endswith(" --mlock")
    assert (planned.name, planned.base_url) == ("qwen3-8b-q4_k_m", "http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("target", "available", "server", "words"),
    [
        ("./missing.gguf", SERVERS, None, "no file ./missing.gguf"),
        ("Qwen/Qwen3-8B", ("xllamacpp",), None, "pip install vllm"),
        ("Qwen/Qwen3-8B", (), "sglang", "sglang"),
        ("x/y-GGUF", ("xllamacpp",), "xllamacpp", "serves files only"),
    ],
)
def test_what_is_missing_is_named(
    target: str, available: tuple[str, ...], server: str | None, words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        launch(target, available=available, server=server)


def has_ended(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(") ")[2].startswith("Z")


def test_a_server_is_ready_when_its_model_is_and_is_stopped_with_its_workers() -> None:
    port = free_port("127.0.0.1", 0)
    command = (sys.executable, "-c", textwrap.dedent(SERVER), str(port))
    with Serving(Launch("llama-server", command, "m", f"http://127.0.0.1:{port}/v1")) as serving:
        serving.wait_until_healthy(60)
        worker = int(serving.last_lines().rpartition("worker ")[2])
        os.kill(worker, 0)
    until_s = time.monotonic() + 10
    # A signal that was sent is not yet one that was obeyed.
    while not has_ended(worker) and time.monotonic() < until_s:
        time.sleep(0.02)
    assert has_ended(worker)


def test_a_server_that_ends_is_told_with_its_last_words() -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('CUDA out of memory')")
    with (
        Serving(Launch("vllm", command, "m", "http://127.0.0.1:9/v1")) as serving,
        pytest.raises(ModelUnreachable, match=r"vllm ended with 1(.|\n)*CUDA out of memory"),
    ):
        serving.wait_until_healthy(60)
    with (
        pytest.raises(SetupError, match="cannot be started"),
        Serving(Launch("x", ("/no/such",), "m", "http://h/v1")),
    ):
        pass


def test_dry_run_prints_the_command_and_starts_nothing(gguf: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agot", "models", "serve", str(gguf), "--dry-run", "--", "--verbose"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 2), done.stderr
    assert (
        str(gguf) in done.stdout and done.stdout.rstrip().endswith("--verbose")
    ) or "Install one" in done.stderr
