"""What a request costs that `agot serve` passes on, and how many `agot/direct` answers, beside litellm's own proxy.

All servers stand before one model server without latency and answer the same clients in turn, in one run.

*  Added CPU: CPU time of the server's process, threads included, per request with tools, one after another. The model
   server and the client do the same with and without it, so it is all that passing on adds.
*  Requests a second: 32 clients, each asking again as soon as it is answered. The ratio is litellm's proxy over ours: how
   many times as many requests it answers. It does no run and keeps none; an `agot/direct` request is checked and stored.

The proxy needs packages that this project does not: `python -m venv DIR && DIR/bin/pip install
'litellm[proxy]!=1.82.7,!=1.82.8'`, then `python -m benchmarks.relay --proxy DIR/bin/litellm`. Without, it is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.load import Served, agot_serving
from benchmarks.report import Figure, Report, main
from benchmarks.server import Server, serving

if TYPE_CHECKING:
    import aiohttp

CLIENTS = 32
_LONGEST_S = 120.0

_TOOL = {
    "type": "function",
    "function": {
        "name": "weather", "description": "Returns the weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}  # fmt: skip


def _relayed(number: int) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"Report item {number}."}]
    return {"model": "agot", "messages": messages, "tools": [_TOOL]}


def _direct(number: int) -> dict[str, Any]:
    return {"model": "agot/direct", "messages": [{"role": "user", "content": f"Report item {number}."}]}


def measure(quick: bool, proxy: str = "") -> Report:
    """Measure one after the other, alternating.

    Args:
        proxy: litellm's command, "" to leave its proxy out.
    """
    count, repeats = (5, 1) if quick else (150, 5)
    clients = 4 if quick else CLIENTS
    report = Report("relay")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model = stack.enter_context(serving(folder))
        served = stack.enter_context(agot_serving(folder, model, clients))
        beside = stack.enter_context(_proxy(proxy, folder, model)) if proxy else ""
        cpu_ms, ours, theirs = asyncio.run(_measured(served, beside, count, repeats, clients))
    report.figures += [
        Figure("relayed request, added CPU", "ms", cpu_ms, at_most=6.0),
        Figure(f"agot/direct, {clients} clients", "requests/s", ours),
    ]
    if theirs:
        ratios = tuple(their / our for our, their in zip(ours, theirs, strict=True))
        report.figures += [
            Figure(f"litellm's proxy, {clients} clients", "requests/s", theirs),
            Figure("litellm's proxy over agot/direct", "x", ratios, at_most=1.3),
        ]
    return report


async def _measured(
    served: Served, beside: str, count: int, repeats: int, clients: int
) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
    import aiohttp

    cpu_ms: list[float] = []
    ours: list[float] = []
    theirs: list[float] = []
    limit = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=limit, timeout=aiohttp.ClientTimeout(_LONGEST_S), raise_for_status=True
    ) as session:
        # The first repeat opens connections and loads what is loaded late.
        for repeat in range(repeats + 1):
            began_s = served.cpu_s()
            for number in range(count):
                await _ask(session, f"{served.url}v1", _relayed(repeat * count + number))
            cpu_ms.append((served.cpu_s() - began_s) * 1000.0 / count)
            ours.append(await _rate(session, f"{served.url}v1", count, clients, repeat))
            if beside:
                theirs.append(await _rate(session, beside, count, clients, repeat))
    return tuple(cpu_ms[1:]), tuple(ours[1:]), tuple(theirs[1:])


async def _rate(session: aiohttp.ClientSession, url: str, count: int, clients: int, repeat: int) -> float:
    """Return the requests that were answered in a second."""
    numbers = iter(range(repeat * count, (repeat + 1) * count))

    async def client() -> None:
        for number in numbers:
            await _ask(session, url, _direct(number))

    began_s = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return count / (time.perf_counter() - began_s)


async def _ask(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> None:
    async with session.post(f"{url}/chat/completions", json=body) as response:
        got = json.loads(await response.read())
    assert got["choices"][0]["message"]["content"], got


@contextlib.contextmanager
def _proxy(command: str, folder: Path, model: Server) -> Iterator[str]:
    """Start litellm's proxy before the model server; yield the address of its API."""
    told = {
        "model_list": [{
            "model_name": "agot/direct",
            "litellm_params": {"model": "hosted_vllm/test-model", "api_base": model.base_url, "api_key": "none"},
        }],
        "general_settings": {"disable_spend_logs": True},
        "litellm_settings": {"telemetry": False},
    }  # fmt: skip
    config = folder / "proxy.yaml"
    config.write_text(json.dumps(told))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = os.environ | {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION",
        # Ours asks nobody for a token on loopback either.
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }  # fmt: skip
    asked = [
        command,
        "--config",
        str(config),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--num_workers",
        "1",
    ]
    log = (folder / "proxy.log").open("w")
    with log, subprocess.Popen(asked, stdout=log, stderr=log, env=own, cwd=folder) as process:
        try:
            until_s = time.monotonic() + _LONGEST_S
            while not _is_up(f"http://127.0.0.1:{port}/health/liveliness"):
                if process.poll() is not None or time.monotonic() > until_s:
                    raise RuntimeError(f"litellm's proxy did not start: {Path(log.name).read_text()[-2000:]}")
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()


def _is_up(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as got:
            return bool(got.status == 200)
    except OSError:
        return False


def _main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: a smoke test, not a figure")
    parser.add_argument(
        "--proxy", default="", metavar="COMMAND", help="litellm's command, with its proxy installed"
    )
    options = parser.parse_args()

    def measured(quick: bool) -> Report:
        return measure(quick, options.proxy)

    main(measured, [f"--{name}" for name in ("json", "quick") if getattr(options, name)])


if __name__ == "__main__":
    _main()
