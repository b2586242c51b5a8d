"""`agot serve` as a process: what it refuses, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.servers.loopback import Loopback, Reply
from tests.web.serving import WAIT_S, ended, sse

ROOT = Path(__file__).parents[2]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "agot", "serve", "--port", "0", *arguments]


@contextmanager
def _serve(home: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AGOT_HOME": str(home)}
    process = subprocess.Popen(
        _command(*arguments), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )  # fmt: skip
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+:\d+/", line)
        assert found, line + process.stderr.read()
        yield process, found[0]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_ended_leaves_its_run_to_be_resumed(home: Path, number: signal.Signals) -> None:
    held = True

    def reply(request: dict[str, object]) -> Reply:
        if held:
            return Reply(fault="hang")
        return Reply("42")

    with Loopback(reply).in_thread() as model:
        flags = ("-m", "hosted_vllm/test", "--base-url", model.base_url)
        with _serve(home, *flags) as (process, url), httpx.Client(base_url=url, timeout=WAIT_S) as client:
            run = client.post("/api/runs", json={"question": "What is it?"}).json()["id"]
            with client.stream("GET", f"/api/runs/{run}/events") as stream:
                events = sse(stream.iter_lines())
                while "call_started" not in next(events)[2]:
                    continue
                process.send_signal(number)
                # The stream ends by itself, in good order.
                list(events)
            _, err = process.communicate(timeout=WAIT_S)
            assert process.returncode == 0 and "Traceback" not in err, err
        held = False
        with _serve(home, *flags) as (process, url), httpx.Client(base_url=url, timeout=WAIT_S) as client:
            assert client.get(f"/api/runs/{run}").json()["status"] == "interrupted"
            assert client.post(f"/api/runs/{run}/resume").status_code == 202
            row = ended(client, run)
            assert (row["status"], row["answer"], row["attempts"]) == ("answered", "42", 2)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_ended_concludes_a_request_with_tools(
    home: Path, number: signal.Signals, stream: bool
) -> None:
    asked = threading.Event()

    def reply(request: dict[str, object]) -> Reply:
        asked.set()
        return Reply(fault="hang")

    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    body = {
        "model": "agot",
        "messages": [{"role": "user", "content": "Rain?"}],
        "tools": [tool],
        "stream": stream,
    }
    with Loopback(reply).in_thread() as model:
        flags = ("-m", "hosted_vllm/test", "--base-url", model.base_url)
        with _serve(home, *flags) as (process, url), httpx.Client(base_url=url, timeout=WAIT_S) as client:
            got: list[httpx.Response] = []
            asking = threading.Thread(
                target=lambda: got.append(client.post("/v1/chat/completions", json=body))
            )
            asking.start()
            assert asked.wait(WAIT_S)
            process.send_signal(number)
            asking.join(WAIT_S)
            _, err = process.communicate(timeout=WAIT_S)
            assert process.returncode == 0 and "Traceback" not in err, err
        error = json.loads(got[0].text.strip().rpartition("data: ")[2])["error"]
        assert error["code"] == "stopping" and got[0].status_code == (200 if stream else 503)
        with _serve(home, *flags) as (process, url), httpx.Client(base_url=url, timeout=WAIT_S) as client:
            (row,) = client.get("/api/runs").json()["runs"]
            assert row["status"] == "interrupted"


def test_a_server_that_is_killed_leaves_its_run_to_be_resumed(home: Path) -> None:
    killed = False

    def reply(request: dict[str, object]) -> Reply:
        # All but the first answer are samples that it is compared with.
        return Reply("42") if killed or len(model.requests) == 1 else Reply(fault="hang")

    with Loopback(reply).in_thread() as model:
        flags = ("-m", "hosted_vllm/test", "--base-url", model.base_url)
        with _serve(home, *flags) as (process, url), httpx.Client(base_url=url, timeout=WAIT_S) as client:
            question = "How many legs do 3 dogs and 2 birds have?"
            run = client.post("/api/runs", json={"question": question}).json()["id"]
            with client.stream("GET", f"/api/runs/{run}/events") as stream:
                events = sse(stream.iter_lines())
                while '"strategy":"cross-check"' not in next(events)[2]:
                    continue
                process.kill()
        killed = True
        with _serve(home, *flags) as (process, url), httpx.Client(base_url=url, timeout=WAIT_S) as client:
            assert client.get(f"/api/runs/{run}").json()["status"] == "unfinished"
            assert client.post(f"/api/runs/{run}/resume").status_code == 202
            row = ended(client, run)
            assert row["status"] == "answered" and row["usage"]["replayed_calls"] == 1
        # The first answer was asked for once.
        first = model.requests[0]
        assert [one["temperature"] for one in model.requests if one["messages"] == first["messages"]].count(
            0.0
        ) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--host", "0.0.0.0"), "token is needed"),
        (("--token", "short"), "8 or more"),
        (("--host", "no.such.host.invalid", "--token", "long-enough"), "cannot be used"),
        (("--workers", "2", "--database", "sqlite://"), "a database that they share"),
    ],
)
def test_what_it_cannot_serve_is_refused_in_words(home: Path, arguments: tuple[str, ...], says: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AGOT_HOME": str(home)}
    done = subprocess.run(
        _command(*arguments), capture_output=True, text=True, env=environment, cwd=ROOT, timeout=60
    )
    assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr


def test_the_token_may_come_from_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGOT_SERVE_TOKEN", "a-long-secret")
    with _serve(home) as (_, url), httpx.Client(base_url=url, timeout=WAIT_S) as client:
        assert client.get("/v1/models").status_code == 401
        assert client.get("/v1/models", headers={"authorization": "Bearer a-long-secret"}).status_code == 200
