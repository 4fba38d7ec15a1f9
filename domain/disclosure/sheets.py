"""A dataset's columns in files: headings and the template. Reading files is in `domain.kernel.sheets`. Pure."""

import io

from domain.disclosure.dataset import Dataset
from domain.disclosure.fields import Field
from domain.kernel.sheets import ROWS_MAX


def heading(field: Field) -> str:
    """The column's heading in files."""
    return f"{field.label.zh}（{field.unit}）" if field.unit and "（" not in field.label.zh else field.label.zh


def template(dataset: Dataset) -> bytes:
    """An empty XLSX with headings, required ones marked, a drop-down for choices, and a sheet that explains."""
    out = io.BytesIO()
    import xlsxwriter  # noqa: PLC0415 - 12 MiB in every process, for a template now and then

    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet, about = book.add_worksheet("数据"), book.add_worksheet("说明")
    bold, required = book.add_format({"bold": True}), book.add_format({"bold": True, "font_color": "#C00000"})
    about.write_row(0, 0, ["列名", "必填", "类型", "可选值", "说明"], bold)
    for column, field in enumerate(dataset.imported):
        sheet.write(0, column, heading(field), required if field.required else bold)
        sheet.set_column(column, column, 18)
        choices = [label.zh for label in field.choices.values()]
        if choices:
            sheet.data_validation(1, column, ROWS_MAX, column, {"validate": "list", "source": choices})
        row = [heading(field), "是" if field.required else "", field.kind, "、".join(choices)]
        about.write_row(column + 1, 0, [*row, field.about.zh if field.about else ""])
    book.close()
    return out.getvalue()
