"""Importing and describing models needs neither litellm nor the network."""

import subprocess
import sys

from tests.servers.loopback import Loopback, Reply

_BLOCKED = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("network used")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
socket.create_connection = refuse
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED + code], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_profile_imports_no_litellm() -> None:
    out = run("""
from agot.models.gateway import Gateway
from agot.settings import RoleSettings, Settings
gateway = Gateway(Settings(roles={
    "fast": RoleSettings(model="embedded/pico"),
    "strong": RoleSettings(model="hosted_vllm/x", base_url="http://127.0.0.1:8000/v1"),
    "judge": RoleSettings(model="openai/gpt-4o-mini"),
}))
for role in ("fast", "strong", "judge"):
    profile = gateway.profile(role)
    print(profile.model, profile.local, profile.usd_per_output_token > 0)
heavy = ("litellm", "openai", "httpx", "aiohttp", "tomlkit", "json_repair")
print(sorted(name for name in heavy if name in sys.modules))
""")
    assert out.splitlines() == [
        "embedded/pico True False",
        "hosted_vllm/x True False",
        "openai/gpt-4o-mini False True",
        "[]",
    ]


def test_every_module_imports_without_network_or_heavy_library() -> None:
    out = run("""
import importlib, pkgutil, agot.models
for found in pkgutil.iter_modules(agot.models.__path__, "agot.models."):
    # Transports of httpx, which is loaded with litellm.
    if not found.ispkg and found.name not in ("agot.models.joining", "agot.models.transport"):
        importlib.import_module(found.name)
print(sorted(name for name in ("litellm", "openai", "httpx", "aiohttp", "numpy") if name in sys.modules))
""")
    assert out == "[]"


def test_a_first_call_that_is_relayed_asks_no_other_machine_and_does_not_block_the_loop() -> None:
    program = """
import asyncio, os, socket, sys, threading
beyond, loading = [], set()
plain, plain_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo
def watched(real):
    def connect(self, address, *rest):
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1"):
            beyond.append(address)
            raise OSError("no network")
        return real(self, address, *rest)
    return connect
socket.socket.connect, socket.socket.connect_ex = watched(plain), watched(plain_ex)
def getaddrinfo(host, *rest, **more):
    if host not in ("127.0.0.1", "localhost", "::1"):
        beyond.append(host)
        raise socket.gaierror("no network")
    return resolve(host, *rest, **more)
socket.getaddrinfo = getaddrinfo
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "litellm":
            loading.add(threading.current_thread() is threading.main_thread())
sys.meta_path.insert(0, Watch())
os.environ.pop("LITELLM_LOCAL_MODEL_COST_MAP", None)
from agot.models.gateway import Gateway
from agot.protocols import ModelRequest
from agot.settings import RoleSettings, Settings
async def main():
    gateway = Gateway(Settings(roles={"fast": RoleSettings(model="hosted_vllm/x", base_url=sys.argv[1])}))
    said = {"role": "user", "content": "Hello"}
    asked = ModelRequest(purpose="relay", messages=(), verbatim={"messages": [said]})
    got = (await gateway.complete(asked, timeout_s=None, on_text=None)).completions[0]
    await gateway.close()
    print(got.message["content"])
asyncio.run(main())
print(beyond, loading)
"""
    with Loopback(lambda _request: Reply("forty two")).in_thread() as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.base_url], capture_output=True, text=True, timeout=120
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["forty two", "[] {False}"]


def test_the_way_to_litellms_client_sets_litellm_up_first() -> None:
    out = run("""
import os, sys
for name in [name for name in os.environ if name.startswith("LITELLM_")]:
    del os.environ[name]
import agot.models.library
agot.models.library.HttpClient()
print(sys.modules["litellm"].suppress_debug_info, os.environ.get("LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"))
""")
    assert out == "True True"


def test_loading_litellm_uses_no_network_and_prints_nothing() -> None:
    out = run("""
from agot.models.library import import_litellm
module = import_litellm()
assert module is import_litellm()
assert module.telemetry is False and module.suppress_debug_info is True
assert len(module.model_cost) > 100
""")
    assert out == ""
