"""Importing and describing models needs neither litellm nor the network."""

import subprocess
import sys

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
    if not found.ispkg:
        importlib.import_module(found.name)
print(sorted(name for name in ("litellm", "openai", "httpx", "aiohttp", "numpy") if name in sys.modules))
""")
    assert out == "[]"


def test_loading_litellm_uses_no_network_and_prints_nothing() -> None:
    out = run("""
from agot.models.library import import_litellm
module = import_litellm()
assert module is import_litellm()
assert module.telemetry is False and module.suppress_debug_info is True
assert len(module.model_cost) > 100
""")
    assert out == ""
