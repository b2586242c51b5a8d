"""Reads documents: text, Markdown, code, HTML, PDF and Word files, as text in parts.

Plain text is read in parts and may be of any size. The other kinds have to be unpacked in memory, so their size is
limited, and what they unpack to.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any, BinaryIO, Literal

from agot.errors import SetupError

Kind = Literal["text", "markdown", "html", "pdf", "docx"]

LARGEST_PACKED = 100_000_000
"""Bytes of a PDF, Word or HTML file."""

LARGEST_UNPACKED = 400_000_000
"""Bytes that a Word file may unpack to."""

_BLOCK = 1 << 20

_KINDS: dict[str, Kind] = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".pdf": "pdf", ".docx": "docx",
}  # fmt: skip
_OF_TYPE: dict[str, Kind] = {
    "text/html": "html", "application/xhtml+xml": "html", "application/pdf": "pdf", "text/markdown": "markdown",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
}  # fmt: skip


class Unreadable(Exception):
    """A document that cannot be read; says why, and what to do if anything can be done."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document to be read.

    Attributes:
        name: Of the file, for the titles of its passages.
        open: Opens its bytes.
        size: In bytes.
    """

    uri: str
    name: str
    kind: Kind
    open: Callable[[], BinaryIO]
    size: int


def of_file(path: Path) -> Document:
    """Return the document of a file.

    Raises:
        OSError: If it cannot be looked at.
    """
    kind = _KINDS.get(path.suffix.casefold(), "text")
    return Document(str(path), path.name, kind, lambda: open(path, "rb"), path.stat().st_size)


def of_bytes(data: bytes, *, uri: str, name: str = "", media_type: str = "") -> Document:
    """Return the document of bytes: of standard input, or of an address.

    Args:
        media_type: What the server said that it is; else the name tells.
    """
    kind = _OF_TYPE.get(media_type.partition(";")[0].strip().casefold()) or _KINDS.get(
        PurePath(name).suffix.casefold(), "text"
    )
    if data.startswith(b"%PDF-"):
        kind = "pdf"
    return Document(uri, name or uri, kind, lambda: io.BytesIO(data), len(data))


def hash_of(document: Document) -> str:
    """Return the SHA-256 of a document's bytes, as hexadecimal digits.

    Raises:
        OSError: If it cannot be read.
    """
    with document.open() as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def texts_of(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the document's text in parts, each with the heading it stands under, "" for none.

    Raises:
        Unreadable: If it cannot be read.
        OSError: If the file cannot.
        SetupError: If a library is needed that is not installed.
    """
    if document.kind in ("text", "markdown"):
        yield from (("", part) for part in _plain(document))
        return
    if document.size > LARGEST_PACKED:
        raise Unreadable(
            f"it has {document.size:,} bytes; a {document.kind} file may have {LARGEST_PACKED:,}. Split it."
        )
    with document.open() as file:
        try:
            yield from {"html": _html, "pdf": _pdf, "docx": _docx}[document.kind](file)
        except (Unreadable, OSError, SetupError, MemoryError):
            raise
        except RecursionError:
            raise Unreadable("it is nested too deeply") from None
        except Exception as error:  # noqa: BLE001 - parsers of damaged files raise anything
            raise Unreadable(
                f"it is damaged: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            ) from None


def _plain(document: Document) -> Iterator[str]:
    with document.open() as file:
        head = file.read(4)
        encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
        file.seek(0)
        if encoding != "utf-16" and b"\0" in file.read(8_192):
            raise Unreadable("it is no text: it holds zero bytes")
        file.seek(0)
        reader = io.TextIOWrapper(file, encoding=encoding, newline="")
        try:
            while part := reader.read(_BLOCK):
                if "\0" in part:
                    raise Unreadable("it is no text: it holds zero bytes")
                yield part
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"it is not {encoding.removesuffix('-sig').upper()}: {error.reason} (byte 0x{error.object[error.start]:02x}). "
                "Convert it, as with: iconv -f windows-1252 -t utf-8"
            ) from None
        finally:
            reader.detach()


def _needed(module: str, what: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise SetupError(f"Reading {what} needs a library. Install it: pip install 'agot[ingest]'") from None


def _html(file: BinaryIO) -> Iterator[tuple[str, str]]:
    soup_of = _needed("bs4", "HTML").BeautifulSoup
    markdownify = _needed("markdownify", "HTML")
    soup = soup_of(file.read(), "html.parser")
    for tag in soup(["script", "style", "noscript", "template", "nav", "svg", "iframe", "form"]):
        tag.decompose()
    converter = markdownify.MarkdownConverter(heading_style="ATX", strip=["a", "img"])
    yield "", converter.convert_soup(soup.find("main") or soup.body or soup)


def _pdf(file: BinaryIO) -> Iterator[tuple[str, str]]:
    pypdf: Any = _needed("pypdf", "PDF files")
    reader = pypdf.PdfReader(file)
    # Many files are encrypted with an empty password, only to forbid printing.
    if reader.is_encrypted and not _decrypted(reader):
        raise Unreadable("it is encrypted. Save it without a password, and read that.")
    empty = True
    for number, page in enumerate(reader.pages, start=1):
        text = page.extract_text()
        empty = empty and not text.strip()
        yield f"page {number}", f"{text}\n\n"
    if empty:
        raise Unreadable(
            "it holds no text; its pages may be pictures. Run text recognition (OCR) on it first."
        )


def _decrypted(reader: Any) -> bool:
    try:
        return bool(reader.decrypt(""))
    except Exception:  # noqa: BLE001 - an encryption that is not known cannot be undone
        return False


def _docx(file: BinaryIO) -> Iterator[tuple[str, str]]:
    docx: Any = _needed("docx", "Word files")
    with zipfile.ZipFile(file) as packed:
        # zipfile unpacks no more of a member than it declares.
        unpacked = sum(member.file_size for member in packed.infolist())
    if unpacked > LARGEST_UNPACKED:
        raise Unreadable(f"it unpacks to {unpacked:,} bytes; {LARGEST_UNPACKED:,} are allowed")
    file.seek(0)
    document = docx.Document(file)
    heading = ""
    for block in document.iter_inner_content():
        if hasattr(block, "rows"):
            rows = (" | ".join(dict.fromkeys(cell.text.strip() for cell in row.cells)) for row in block.rows)
            yield heading, "\n".join(rows) + "\n\n"
            continue
        if ((block.style is not None and block.style.name) or "").startswith(("Heading", "Title")):
            heading = block.text.strip() or heading
        yield heading, f"{block.text}\n\n"
