"""The page that shows runs: files that were built beforehand, and one run as a single file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from agot.errors import SetupError
from agot.ids import RunId
from agot.stores import remarks, views
from agot.stores.database import SqlStore

STATIC = Path(__file__).parent / "static"

_MISSING = "The page is not part of this installation: {folder} is missing. The APIs below /v1 and /api work without it."
_SCRIPT = re.compile(
    r'<script\b[^>]*\bsrc="(?:\./|/)?(?:static/)?([\w.-]+\.js)"[^>]*>\s*</script>', re.IGNORECASE
)
_STYLE = re.compile(r'<link\b[^>]*\bhref="(?:\./|/)?(?:static/)?([\w.-]+\.css)"[^>]*>', re.IGNORECASE)


def routes(folder: Path = STATIC) -> list[BaseRoute]:
    """Return the routes of the page; without its files, `/` says that they are missing."""
    if not (folder / "index.html").is_file():

        async def missing(request: Request) -> Response:
            return PlainTextResponse(_MISSING.format(folder=folder.name), 404)

        return [Route("/", missing)]
    page = (folder / "index.html").read_bytes()

    async def index(request: Request) -> Response:
        return Response(page, media_type="text/html", headers={"cache-control": "no-cache"})

    return [Route("/", index), Mount("/static", StaticFiles(directory=folder))]


async def one_file(store: SqlStore, run_id: RunId, folder: Path = STATIC) -> str:
    """Return the page with everything of one run inside, to be opened without a server.

    Raises:
        SetupError: If the page's files are missing.
        StoreError: If there is no such run.
    """
    if not (folder / "index.html").is_file():
        raise SetupError(f"{_MISSING.format(folder=folder)} Export the run as JSON instead: --json.")
    html = (folder / "index.html").read_text("utf-8")

    def read(connection: Any) -> dict[str, Any]:
        skeleton = views.skeleton(connection, run_id)
        row = views.run(connection, run_id)
        return {
            "run": row,
            "skeleton": skeleton,
            "events": [json.loads(body) for _, body in views.bodies(connection, run_id, after=0, limit=None)],
            "thoughts": {node[0]: views.thought(connection, run_id, node[0]) for node in skeleton["nodes"]},
            "searches": views.searches(connection, run_id, None),
            "annotations": [
                remark.model_dump(exclude={"created_s"}) | {"created_at": views.instant(remark.created_s)}
                for remark in remarks.list_remarks(connection, run_id)
            ],
        }

    told = await store.view(read)
    inline: dict[str, list[str]] = {"style": [], "script": []}

    def element(name: str, file: str) -> str:
        inline[name].append(text := _file(folder, file, name))
        return f"<{name}>{text}</{name}>"

    html = _STYLE.sub(lambda match: element("style", match[1]), html)
    worker = _file(folder, "worker.js", "script") if (folder / "worker.js").is_file() else ""
    # Before the scripts, which look for it when they start.
    data = f'<script type="application/json" id="agot-run">{in_script(told)}</script>'
    data += f'<script type="text/plain" id="agot-worker">{worker}</script>'
    inlined = _SCRIPT.sub(lambda match: element("script", match[1]), html)
    policy = f'<meta http-equiv="content-security-policy" content="{_policy(**inline)}">'
    # First of all, as it holds for what follows it.
    before, mark, after = inlined.partition("<head>")
    inlined = f"{before}{mark}{policy}{after}" if mark else policy + inlined
    before, mark, after = inlined.partition("</head>")
    return f"{before}{data}{mark}{after}" if mark else data + inlined


def _policy(*, style: list[str], script: list[str]) -> str:
    """Return what a saved page may do: run what was built into it, known by its hashes, and reach nothing."""

    def hashes(texts: list[str]) -> str:
        # As browsers hash it: their parsers read every line end as one line feed.
        digests = [hashlib.sha256(re.sub(r"\r\n?", "\n", text).encode()).digest() for text in texts]
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests) or "'none'"

    return (
        f"default-src 'none'; script-src {hashes(script)}; style-src {hashes(style)}; worker-src blob:; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def in_script(value: Any) -> str:
    """Return JSON that nothing within can end a script element with, whatever models and people wrote."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _file(folder: Path, name: str, element: str) -> str:
    """Return a file's text such that it neither ends its element nor begins another within it."""
    text = (folder / name).read_text("utf-8")
    if element == "script":
        # Within literals, where such text stands, this is the same; after "<!--" and "<script" an end would not be one.
        return re.sub(r"<(?=/script|script|!--)", r"\\x3c", text, flags=re.IGNORECASE)
    return re.sub(r"<(?=/style)", r"\\3c ", text, flags=re.IGNORECASE)
