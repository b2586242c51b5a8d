"""The OpenAPI document as one page of HTML, which runs nothing and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
details { border-top: 1px solid #8885; padding: .4rem 0; }
summary { cursor: pointer; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { overflow: auto; max-height: 24rem; padding: .6rem; border: 1px solid #8885; border-radius: .3rem; }
table { border-collapse: collapse; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; }
"""

POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page's Content-Security-Policy: its own style and nothing else."""


def page(document: Mapping[str, Any]) -> str:
    """Return the page."""
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_json(schema)}</details>'
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    info = document["info"]
    about = f"{info['description']} The same for programs: <a href='/openapi.json'>/openapi.json</a>."
    parts = "".join(f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in by_tag.items())
    title = escape(f"{info['title']} {info['version']}")
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{title}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1><p>{about}</p>{parts}<h2>values</h2>{schemas}</body></html>"
    )


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> str:
    rows = [
        (
            f"{one['name']} ({one['in']})",
            f"{escape(one.get('description', ''))} <code>{_short(one['schema'])}</code>",
        )
        for one in operation["parameters"]
    ]
    if "requestBody" in operation:
        rows.append(("body", _content(operation["requestBody"]["content"])))
    rows += [
        (status, f"{escape(response['description'])} {_content(response.get('content', {}))}")
        for status, response in operation["responses"].items()
    ]
    cells = "".join(f"<tr><td>{escape(name)}</td><td>{told}</td></tr>" for name, told in rows)
    head = f"<code><b>{escape(method.upper())}</b> {escape(path)}</code> {escape(operation['summary'])}"
    return f"<details id='{escape(operation['operationId'])}'><summary>{head}</summary><table>{cells}</table></details>"


def _content(content: Mapping[str, Any]) -> str:
    told = []
    for kind, given in content.items():
        name = str(given.get("schema", {}).get("$ref", "")).rpartition("/")[2]
        told.append(f'<a href="#{escape(name)}">{escape(name)}</a>' if name else escape(kind))
    return ", ".join(told)


def _short(schema: Mapping[str, Any]) -> str:
    return escape(json.dumps(schema, ensure_ascii=False))


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1, ensure_ascii=False))}</pre>"
