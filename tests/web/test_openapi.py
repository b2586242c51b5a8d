"""The document of the API, and the server measured against it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx

from tests.web.serving import Served, ended

EXAMPLES = 12


def test_the_document_names_every_route_with_its_faults(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"/v1/chat/completions", "/v1/models", "/api/runs", "/api/runs/{run}/skeleton"} <= set(
        document["paths"]
    )
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names)) > 20
    for path in document["paths"].values():
        for operation in path.values():
            assert {"400", "401", "403", "413"} <= set(operation["responses"])


def test_the_server_does_what_its_document_says(served: Served, client: httpx.Client, tmp_path: Path) -> None:
    run = client.post("/api/runs", json={"question": "What is it?"}).json()["id"]
    key = [ended(client, run), client.get(f"/api/runs/{run}/thoughts/root").json()["calls"][0]["key"]][1]
    config = tmp_path / "schemathesis.toml"
    # Runs and thoughts that are there, so that more than "not found" is seen.
    config.write_text(f'[parameters]\n"path.run" = "{run}"\n"path.thought" = "root"\n"path.key" = "{key}"\n')
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run",
            f"{served.url}/openapi.json", "--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "1",
            # A stream of events of a run at work does not end by itself, and a deleted run spoils the others' examples.
            "--exclude-operation-id", "deleteRun", "--phases", "examples,coverage,fuzzing", "--no-color",
            # That a conversation asks something, or that a cursor is one of ours, no schema can tell.
            "--exclude-checks", "positive_data_acceptance",
        ],
        capture_output=True, text=True, cwd=tmp_path, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, (
        json.dumps(done.stdout[-6000:])[1:-1].replace("\\n", "\n") + done.stderr[-2000:]
    )
