"""Prices and context windows from the table that litellm ships, read without importing litellm.

Importing litellm takes seconds; its table is a JSON file beside it that takes a few hundredths. So a
budget in dollars holds from the first call on.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TABLE = "model_prices_and_context_window_backup.json"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the table says of one model; zero and None where it says nothing."""

    usd_per_prompt_token: float = 0.0
    usd_per_output_token: float = 0.0
    context_window: int | None = None


class PriceTable:
    """litellm's table, read at the first look-up. Without the file every model is unpriced."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._rows: dict[str, Any] | None = None

    def terms(self, provider: str, name: str) -> Terms:
        """Return the terms of a model; of the provider's own entry first, then of the bare name."""
        rows = self._load()
        for key in (f"{provider}/{name}", name):
            row = rows.get(key)
            if isinstance(row, dict) and (
                key != name or row.get("litellm_provider", provider).startswith(provider)
            ):
                return Terms(
                    usd_per_prompt_token=_number(row.get("input_cost_per_token")),
                    usd_per_output_token=_number(row.get("output_cost_per_token")),
                    context_window=int(_number(row.get("max_input_tokens") or row.get("max_tokens"))) or None,
                )
        return Terms()

    def _load(self) -> dict[str, Any]:
        if self._rows is None:
            self._rows = _read(self._path or _bundled())
        return self._rows


def _bundled() -> Path | None:
    found = importlib.util.find_spec("litellm")
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]) / _TABLE if places else None


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        table = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and value > 0 else 0.0
