"""Files that are a photograph and something else as well: archives, documents, scripts and programs riding along.

Looked for where another reader would find them: in metadata, and in whatever follows the picture. Marks are long enough
not to turn up by chance in the megabytes of a motion photo's video.
"""

import re
from collections.abc import Iterable

from media.formats.layout import foreign

ZIP_END, ZIP_DIRECTORY = b"PK\x05\x06", b"PK\x01\x02"
ZIP_END_BYTES = 22
ZIP_COMMENT_BYTES_MAX = 65_535
PDF_HEADER_WITHIN_BYTES = 1_024
COMMENT_AT = 4  # a first segment of 12,074 bytes: its length reads `/*`, and the whole file may be JavaScript
CODE = re.compile(rb"\*/[ -~\s]{8}")
MARKUP = re.compile(
    rb"<(?:(?:script|html|svg|iframe|body|embed|object)[\s/>]|!doctype html|\?php|\?=[ -~]{8}|%@ |jsp:)", re.IGNORECASE
)
ZIP_ENTRY, ELF = re.compile(rb"PK\x03\x04[\x00-\x3f]\x00"), re.compile(rb"\x7fELF[\x00-\x02][\x00-\x02]")
MARKS = (
    b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"%PDF-1.", b"%PDF-2.", b"MZ\x90\0\x03\0", b"#!/bin/", b"#!/usr/bin/",
    b"This program cannot be run in DOS mode",
)  # fmt: skip


def check(data: bytes, metadata: Iterable[tuple[int, int]]) -> None:
    """Raises `Unfit` when another kind of reader would accept this file. `metadata` are (start, end) spans."""
    if _is_archive(data):
        raise foreign("a zip archive")
    if b"%PDF-" in data[:PDF_HEADER_WITHIN_BYTES]:
        raise foreign("a PDF document")
    if data.startswith(b"/*", COMMENT_AT) and CODE.search(data, COMMENT_AT):
        raise foreign("a script")
    for start, end in metadata:
        check_span(data, start, end)


def check_span(data: bytes, start: int, end: int) -> None:
    """Raises `Unfit` when the bytes between hold markup, a script, a program, a document or an archive."""
    if MARKUP.search(data, start, end):
        raise foreign("markup or a script")
    marked = any(data.find(mark, start, end) >= 0 for mark in MARKS)
    if marked or ZIP_ENTRY.search(data, start, end) or ELF.search(data, start, end):
        raise foreign("a program, document or archive")


def _is_archive(data: bytes) -> bool:
    """Whether a zip reader, which starts at the end of the file, would find a directory."""
    at = data.rfind(ZIP_END, max(0, len(data) - ZIP_END_BYTES - ZIP_COMMENT_BYTES_MAX))
    if at < 0 or at + ZIP_END_BYTES > len(data):
        return False
    entries = int.from_bytes(data[at + 10 : at + 12], "little")
    size = int.from_bytes(data[at + 12 : at + 16], "little")
    if entries == 0:
        return size == 0 and at + ZIP_END_BYTES == len(data)
    return size <= at and data[at - size : at - size + 4] == ZIP_DIRECTORY
