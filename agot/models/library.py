"""Loading litellm: late, in a background thread, quiet, and without any network access of its own.

The thread is a daemon: neither a cancelled call nor the end of the process waits for an import that
takes seconds.
"""

from __future__ import annotations

import asyncio
import atexit

# Compiled libraries take hold of its C interface and panic if that import is the one that is broken off.
import datetime
import importlib
import logging
import os
import sys
import threading
import time
import warnings
from concurrent.futures import Future
from functools import cache
from typing import Any

_QUIET = {
    # Without these litellm fetches its price table and its header list from GitHub,
    # and reads a `.env` file from the current directory.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_MODE": "PRODUCTION",
}


async def load_litellm(*, with_openai: bool) -> Any:
    """Return the module; the first import takes seconds, during which the event loop stays responsive.

    Args:
        with_openai: Load openai's client as well, which litellm would otherwise load within the first
            call, on the event loop, for half a second.
    """
    return await asyncio.wrap_future(_loading(with_openai))


_lock = threading.Lock()
_begun: dict[bool, Future[Any]] = {}
"""Loads under way or done, by `with_openai`: an import is the process's, not a caller's."""
_threads: list[threading.Thread] = []

STOP_WITHIN_S = 2.0
"""An import that is not stopped by then at the end of the process is left to itself."""


def _loading(with_openai: bool) -> Future[Any]:
    with _lock:
        future = _begun.get(with_openai)
        if future is None:
            future = _begun[with_openai] = Future()
            # So that a caller who is cancelled does not cancel it for the others.
            future.set_running_or_notify_cancel()
            thread = threading.Thread(
                target=_work, args=(future, with_openai), name="agot-litellm", daemon=True
            )
            if not _threads:
                atexit.register(_stop)
            _threads.append(thread)
            thread.start()
        return future


def _work(future: Future[Any], with_openai: bool) -> None:
    try:
        future.set_result(_load(with_openai))
    except BaseException as error:  # noqa: BLE001 - handed to whoever waits for it
        with _lock:
            _begun.pop(with_openai, None)
        if not future.done():
            future.set_exception(error)


class _NoMore:
    """Ends threads at the next module that they would import: a place where nothing is left half done."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Find nothing, and end the thread if it is one of ours."""
        if threading.current_thread() in _threads:
            raise SystemExit


def _stop() -> None:
    """Break off what is still being imported when the process ends.

    The interpreter would otherwise end the thread wherever it stands, and within compiled code (pydantic's,
    numpy's) that is a crash.
    """
    alive = [thread for thread in _threads if thread.is_alive()]
    if not alive:
        return
    # It stays to the end: an import may catch everything that goes wrong in it, and go on.
    sys.meta_path.insert(0, _NoMore())
    until_s = time.monotonic() + STOP_WITHIN_S
    for thread in alive:
        thread.join(max(0.0, until_s - time.monotonic()))


def _load(with_openai: bool) -> Any:
    module = import_litellm()
    if with_openai:
        importlib.import_module("openai.resources")
    return module


class HttpClient:
    """litellm's HTTP client for the providers that take one; load litellm first.

    Its replies are mended (`agot.models.transport`) and its attempts watched (`agot.models.joining`).

    Args:
        proxy: Address of a proxy that all calls take; None for the environment's, and none for servers of one's own.

    Attributes:
        handler: What litellm takes as its `client`.
    """

    def __init__(self, proxy: str | None = None) -> None:
        import_litellm()
        from agot.models.joining import JoiningTransport
        from agot.models.transport import MendingTransport

        module = importlib.import_module("litellm.llms.custom_httpx.http_handler")
        ssl = module.get_ssl_configuration()
        inner = module.AsyncHTTPHandler.create_aiohttp_transport(
            ssl_context=None if isinstance(ssl, (bool, str)) else ssl,
            ssl_verify=ssl if isinstance(ssl, bool) else None,
        )
        self._mending = MendingTransport(inner, proxy)
        self.handler = module.AsyncHTTPHandler(
            transport=JoiningTransport(self._mending), event_hooks={"request": [_log_in]}
        )

    async def close(self) -> None:
        """Close its connections."""
        await self.handler.close()
        await self._mending.close()


LOGIN_HEADER = "x-agot-login"
"""Stands for `Authorization` until a request is sent: litellm would write a key over that, if need be one of its own making."""


async def _log_in(request: Any) -> None:
    login = request.headers.pop(LOGIN_HEADER, None)
    if login is not None:
        request.headers["authorization"] = login


async def complete(litellm: Any, arguments: dict[str, Any]) -> Any:
    """Return what `litellm.acompletion` would for a server that is reached through an `http_client` and is free.

    litellm does the same request, but without what its proxy needs and takes more CPU than the request itself: an
    account for observers, a price, and a thread for providers that block. A program that observes litellm's calls
    still sees them.

    Raises:
        Exception: As `litellm.acompletion` does.
    """
    if any(getattr(litellm, name) for name in _OBSERVERS):
        return await litellm.acompletion(**arguments)
    quiet = _quiet_account()(
        model=arguments["model"], messages=arguments["messages"], stream=False, call_type="acompletion",
        start_time=datetime.datetime.now(), litellm_call_id="", function_id="", litellm_trace_id="-",
    )  # fmt: skip
    try:
        return await litellm.completion(**arguments, acompletion=True, litellm_logging_obj=quiet)
    except Exception as error:
        provider, _, _ = arguments["model"].partition("/")
        raise litellm.exception_type(
            model=arguments["model"], custom_llm_provider=provider, original_exception=error,
            completion_kwargs=arguments, extra_kwargs={},
        ) from error  # fmt: skip


_OBSERVERS = (
    "callbacks", "input_callback", "success_callback", "failure_callback", "_async_success_callback",
    "_async_failure_callback", "_async_input_callback",
)  # fmt: skip
"""Lists of litellm's that a program fills to be told of calls."""


@cache
def _quiet_account() -> Any:
    """Return a class of litellm's account of a call that keeps none."""
    logging_class: Any = importlib.import_module("litellm.litellm_core_utils.litellm_logging").Logging

    class Quiet(logging_class):  # type: ignore[misc]
        def pre_call(self, *args: Any, **named: Any) -> None:
            return None

        def post_call(self, *args: Any, **named: Any) -> None:
            return None

    return Quiet


def import_litellm() -> Any:
    """Import litellm and switch off what a library inside another program should not do.

    If the host program has imported litellm itself, its settings are left alone.
    """
    if "litellm" in sys.modules:
        return importlib.import_module("litellm")
    # Before the import, which reads them; this is the only way in our code to any module of litellm's.
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    module: Any = importlib.import_module("litellm")
    module.telemetry = False
    module.suppress_debug_info = True
    module.set_verbose = False
    # Our own errors say what went wrong; litellm would log each failed attempt once more.
    for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # Cancelling a call just as litellm builds its request leaves a coroutine behind; nothing is lost.
    warnings.filterwarnings("ignore", "coroutine 'BaseLLMHTTPHandler", RuntimeWarning)
    return module
