"""Loading litellm: late, in a background thread, quiet, and without any network access of its own."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import sys
import warnings
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
    return await asyncio.to_thread(_load, with_openai)


def _load(with_openai: bool) -> Any:
    module = import_litellm()
    if with_openai:
        importlib.import_module("openai.resources")
    return module


def import_litellm() -> Any:
    """Import litellm and switch off what a library inside another program should not do.

    If the host program has imported litellm itself, its settings are left alone.
    """
    if "litellm" in sys.modules:
        return importlib.import_module("litellm")
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
