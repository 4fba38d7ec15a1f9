"""Files with rows: reading CSV (UTF-8 or GB18030) and XLSX. Pure."""

import csv
import io
import zipfile
from collections.abc import Sequence
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from domain.kernel.errors import Refusal, Text

FILE_BYTES_MAX = 40 * 1024 * 1024
UNPACKED_BYTES_MAX = 400 * 1024 * 1024
ROWS_MAX = 200_000
COLUMNS_MAX = 200
XLSX_MAGIC = b"PK\x03\x04"
Sheet = Sequence[Sequence[Any]]


class FileUnreadable(Refusal):
    """The file is neither CSV nor XLSX, or beyond the limits."""

    code = "import-file-unreadable"
    status = 422
    title = Text("文件无法读取", "The file cannot be read")
    advice = Text(
        "请上传 CSV（UTF-8 或 GB18030）或 XLSX，首行为模板中的列名。",
        "Send CSV (UTF-8 or GB18030) or XLSX whose first row has the template's headings.",
    )


def _refuse(zh: str, en: str) -> FileUnreadable:
    return FileUnreadable(Text(zh, en), field="file")


def read_sheet(content: bytes) -> Sheet:
    """The rows of the file, headings first; raises `FileUnreadable`."""
    if not content or len(content) > FILE_BYTES_MAX:
        raise _refuse("文件为空或过大", "The file is empty or too large")
    rows = _read_xlsx(content) if content.startswith(XLSX_MAGIC) else _read_csv(content)
    if len(rows) < 2:  # noqa: PLR2004 - headings and one row
        raise _refuse("没有数据行", "There is no row of data")
    if len(rows) > ROWS_MAX + 1 or len(rows[0]) > COLUMNS_MAX:
        raise _refuse(f"超过 {ROWS_MAX} 行", f"More than {ROWS_MAX} rows")
    return rows


def _read_xlsx(content: bytes) -> Sheet:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(entry.file_size for entry in packed.infolist()) > UNPACKED_BYTES_MAX:
                raise _refuse("文件解压后过大", "The file is too large when unpacked")
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheet: Sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, zipfile.BadZipFile, IndexError, ValueError) as error:
        raise _refuse("不是有效的 XLSX", "Not a valid XLSX file") from error
    return sheet


def _read_csv(content: bytes) -> Sheet:
    text = None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    if text is None or "\x00" in text:
        raise _refuse("编码不是 UTF-8 或 GB18030", "The encoding is neither UTF-8 nor GB18030")
    csv.field_size_limit(1_000_000)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise _refuse("CSV 格式错误（引号不配对等）", "Broken CSV, such as an unclosed quote") from error
