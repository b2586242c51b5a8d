"""The page, and one run as a file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from agot.errors import SetupError
from agot.ids import RunId
from agot.stores.database import SqlStore
from agot.web.pages import in_script, one_file
from tests.scripted import ScriptedModels
from tests.web.serving import answering, ended, serving

INDEX = """<!doctype html><html><head><link rel="stylesheet" href="/static/style.css"></head>
<body><div id="app"></div><script src="/static/main.js"></script></body></html>"""
EVIL = "</script><script>alert(1)</script><!-- & \u2028"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "static"
    made.mkdir()
    (made / "index.html").write_text(INDEX)
    (made / "main.js").write_text('const end = "<!--<script></script>"; const one = /\\1/;')
    (made / "worker.js").write_text("postMessage(1)")
    (made / "style.css").write_text("body { color: red }")
    return made


def test_the_page_is_served_with_its_files(tmp_path: Path, folder: Path) -> None:
    models = ScriptedModels(answering, dialect="standard")
    with serving(tmp_path, models, static=folder) as served, served.client() as client:
        assert client.get("/").text == INDEX
        script = client.get("/static/main.js")
        assert (
            "javascript" in script.headers["content-type"] and script.headers["cache-control"] == "no-cache"
        )
        for path in ("/static/../conftest.py", "/static/%2e%2e/agot.db", "/static/nothing.js"):
            assert client.get(path).status_code == 404


def test_without_its_files_the_page_says_so(tmp_path: Path) -> None:
    models = ScriptedModels(answering, dialect="standard")
    with serving(tmp_path, models, static=tmp_path / "none") as served, served.client() as client:
        assert client.get("/").status_code == 404 and "missing" in client.get("/").text
        assert client.get("/v1/models").status_code == 200


async def test_a_run_as_one_file_holds_everything_and_nothing_breaks_out(
    tmp_path: Path, folder: Path
) -> None:
    models = ScriptedModels(answering, dialect="standard")
    with serving(tmp_path, models) as served, served.client() as client:
        run = client.post("/api/runs", json={"question": f"What is it? {EVIL}"}).json()["id"]
        row = ended(client, run)
    async with await SqlStore.open(served.database) as store:
        page = await one_file(store, RunId(run), folder)
        with pytest.raises(SetupError, match="missing"):
            await one_file(store, RunId(run), tmp_path / "none")
    assert "/static/" not in page and "body { color: red }" in page
    assert "alert(1)</script>" not in page and "<script>alert" not in page
    assert 'const end = "\\x3c!--\\x3cscript>\\x3c/script>"; const one = /\\1/;' in page
    found = re.search(r'<script type="application/json" id="agot-run">(.*?)</script>', page, re.DOTALL)
    assert found
    told = json.loads(found[1])
    assert told["run"]["question"] == row["question"] and told["thoughts"]["root"]["answer"] == "42"
    assert [event["seq"] for event in told["events"]] == list(range(1, row["seq"] + 1))
    policy = re.search(r'<head><meta http-equiv="content-security-policy" content="(.*?)">', page)
    assert policy and policy[1].startswith("default-src 'none'; ") and "unsafe" not in policy[1]
    for name in ("script", "style"):
        for text in re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{name}-src 'sha256-{digest}'" in policy[1]


def test_json_in_a_page_is_the_same_json() -> None:
    value = {"a": EVIL, "b": [None, 1.5, "\ud800"]}
    assert json.loads(in_script(value)) == value and "<" not in in_script(value)
