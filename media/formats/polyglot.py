"""Files that are a photograph and something else as well: archives, documents, scripts hidden in metadata."""

from collections.abc import Iterable

from media.formats.layout import foreign

ZIP_END, ZIP_DIRECTORY = b"PK\x05\x06", b"PK\x01\x02"
ZIP_END_BYTES = 22
ZIP_COMMENT_BYTES_MAX = 65_535
PDF_HEADER_WITHIN_BYTES = 1_024
SCRIPTS = (b"<script", b"<?php", b"<html", b"<!doctype html", b"<svg", b"<%@ page", b"<jsp:")
PROGRAMS = (b"\x7fELF", b"MZ\x90\0", b"#!/bin/", b"#!/usr/bin")


def check(data: bytes, metadata: Iterable[tuple[int, int]]) -> None:
    """Raises `Unfit` when another kind of reader would accept this file. `metadata` are (start, end) spans."""
    if _is_archive(data):
        raise foreign("a zip archive")
    if b"%PDF-" in data[:PDF_HEADER_WITHIN_BYTES]:
        raise foreign("a PDF document")
    for start, end in metadata:
        block = data[start:end]
        lower = block.lower()
        if any(script in lower for script in SCRIPTS) or any(program in block for program in PROGRAMS):
            raise foreign("a script in the metadata")


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
