"""The sheet of an Excel workbook as rows of text. https://github.com/dimastbk/python-calamine

Excel stores a number as a float, which holds fifteen digits. A longer one reads as Excel shows it,
``1.23456789012346E+16``, and is not an ID. A formula reads as its stored value, an error or a missing value
as empty.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date, datetime
from functools import reduce
from itertools import chain, islice
from math import isfinite

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from loader.errors import InputError, UsageError
from loader.source.archives import DAMAGED, zip_directory
from loader.source.header import SPLIT_LINES, WHOLE_LINES, Header, holds_whole_line
from loader.source.input_file import Part
from loader.source.records import Records
from loader.text import quote_cell

#: Whole numbers below this have at most fifteen digits.
_TOO_LARGE = 10**15
#: Rows at a time.
_MOST = 4096
#: Cells of one sheet, empty ones included, each of which takes some 30 bytes of memory.
_MOST_CELLS = 1 << 28
_WIDE_COLUMN = re.compile(rb"""\br=["']([A-Z]{2,3})[0-9]+["']""")
_LAST_ROW = re.compile(rb"""[<:]row [^>]*?\br=["']([0-9]{1,7})["']""")


class Sheet:
    """One sheet of a workbook. Its header is the first row that is not empty.

    name: the sheet's. header: its column names, without empty ones at the end.
    """

    def __init__(self, data: bytes, part: Part, wanted: str | None) -> None:
        """`data` are the bytes of the file; `wanted` names the sheet (None: the first).

        Raises InputError if the workbook can't be read or the sheet is empty, and UsageError if there is no
        such sheet.
        """
        sheet = _open(data, part, wanted)
        self.name = sheet.name
        self._rows = _numbered(sheet)
        number, cells = next((row for row in self._rows if any(map(str.strip, row[1]))), (0, []))
        if not cells:
            what = f"{part.name}: the sheet {quote_cell(self.name)} is empty"
            raise InputError(what, "Name another sheet with --sheet.")
        while not cells[-1].strip():
            cells.pop()
        if holds_whole_line(cells, ",;\t|"):
            raise part.error(number, WHOLE_LINES, SPLIT_LINES)
        self.header = Header(tuple(cells), "", number)

    def records(self) -> Iterator[Records]:
        """The rows below the header, some at a time."""
        width = len(self.header.cells)
        while rows := list(islice(self._rows, _MOST)):
            yield Records([_cut(cells, width) for _, cells in rows], [number for number, _ in rows], [], {})


def _open(data: bytes, part: Part, wanted: str | None) -> CalamineSheet:
    try:
        with zip_directory(io.BytesIO(data)) as archive:
            damaged = archive.testzip()  # calamine does not look at every checksum
            sheets = map(archive.read, filter(_is_sheet, archive.namelist() if damaged is None else ()))
            far = next(filter(None, map(_far_cell, sheets)), "")
        if damaged is not None:
            raise InputError(f"{part.name} is damaged in {damaged}", "Fetch it again.")
        if far:  # calamine holds all cells between the first and the last one in memory
            raise InputError(
                f"{part.name}: a sheet reaches to column {far}, so most of it is empty",
                "Delete what is far from the data (select it in Excel, then Delete), and save it again.",
            )
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return workbook.get_sheet_by_name(_choose(workbook, part, wanted))
    except (CalamineError, RuntimeError, ValueError, OSError, *DAMAGED) as error:
        raise InputError(
            f"{part.name} is not a readable workbook: {error}", "Save it again in Excel, or as CSV UTF-8."
        ) from error


def _is_sheet(member: str) -> bool:
    return member.startswith("xl/worksheets/") and member.endswith(".xml")


def _far_cell(xml: bytes) -> str:
    """Like ``XFD, row 1048576``: where a sheet ends that is too large to hold; empty if it can be held."""
    columns = {match[1] for match in _WIDE_COLUMN.finditer(xml)}
    last = _LAST_ROW.match(xml, max(xml.rfind(b"<row "), xml.rfind(b":row "), 0))
    if not columns or last is None:
        return ""
    furthest = max(columns, key=lambda name: (len(name), name))
    number = reduce(lambda value, letter: value * 26 + letter - 64, furthest, 0)
    return f"{furthest.decode()}, row {int(last[1])}" if number * int(last[1]) > _MOST_CELLS else ""


def _choose(workbook: CalamineWorkbook, part: Part, wanted: str | None) -> str:
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    if wanted is None:
        visible = [sheet for sheet in sheets if sheet.visible == SheetVisibleEnum.Visible]
        names = [sheet.name for sheet in visible or sheets]
    else:
        folded = wanted.strip().casefold()
        names = [sheet.name for sheet in sheets if sheet.name == wanted]
        names = names or [sheet.name for sheet in sheets if sheet.name.strip().casefold() == folded]
    if not names:
        listed = ", ".join(quote_cell(sheet.name) for sheet in sheets) or "none"
        raise UsageError(
            f"{part.name} has no sheet {quote_cell(wanted or '')}; its sheets: {listed}",
            "Name one of them with --sheet, or leave --sheet out for the first.",
        )
    return names[0]


def _numbered(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    """The rows with their numbers from 1. Empty rows at the top may be left out."""
    if sheet.start is None:  # an empty sheet
        return
    rows = sheet.iter_rows()
    first = next(rows)
    # calamine also yields the empty rows above the first cell; a later version may leave them out.
    begin = sheet.start[0] + 1 if any(cell != "" for cell in first) else 1
    for number, row in enumerate(chain([first], rows), begin):
        yield number, list(map(_text, row))


def _cut(cells: list[str], width: int) -> list[str]:
    """A row without the empty cells beyond the header."""
    return cells[:width] if len(cells) > width and not any(cells[width:]) else cells


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return value.isoformat() if isinstance(value, date) else str(value)


def _number(value: float) -> str:
    if not isfinite(value):
        return str(value)
    whole = value == int(value)
    if whole and abs(value) < _TOO_LARGE:
        return str(int(value))
    shown = f"{value:.15g}".upper()
    return repr(value) if not whole and shown.lstrip("-").isdigit() else shown
