"""The header: its delimiter, its names, and what is wrong with it, decided before anything else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from loader.errors import InputError, UsageError
from loader.model import OWN_COLUMNS, RESULT_COLUMNS
from loader.source.cell_rules import judge_id
from loader.source.column_search import Found, find_columns, is_report
from loader.source.columns import Columns, Layout, fold_name
from loader.source.decoding import line_ends
from loader.source.input_file import Part
from loader.source.scanner import Record, RecordScanner
from loader.source.stray_quotes import swallowed_by_header
from loader.source.suggestion import suggest_command
from loader.text import quote_cell

_CANDIDATES = (",", ";", "\t", "|")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_SPACES = r" \t\x0b\x0c\x1c-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
#: Rows to read when guessing which columns hold IDs.
_SAMPLE = 5

WHOLE_LINES = (
    "each line is one quoted cell (pasted into one spreadsheet column): "
    "split it into columns or remove the outer quotes"
)
SPLIT_LINES = "Export the file again, or split its lines into columns (in Excel: Data, Text to Columns)."


def holds_whole_line(cells: Sequence[str], delimiters: str) -> bool:
    """Whether a record is a single cell that contains one of these delimiters."""
    return len(cells) == 1 and any(d in cells[0] for d in delimiters)


class Header(NamedTuple):
    """The header as written.

    cells: the column names.
    delimiter: the character between them (empty for a workbook).
    line: the line of the file, or the row of the sheet, on which it begins.
    start, end: where it begins and ends in the text.
    record: the header as scanned (None for a workbook).
    """

    cells: tuple[str, ...]
    delimiter: str
    line: int
    start: int = 0
    end: int = 0
    record: Record | None = None


def read_delimiter(text: str) -> str:
    """The delimiter that an option means: one character, ``tab``, or ``auto``. Raises UsageError."""
    if text.lower() == "auto":
        return "auto"
    if text.lower() in ("tab", r"\t"):
        return "\t"
    if len(text) != 1 or text.isalnum() or text in "\"\r\n\0-_.='" or (text.isspace() and text not in "\t "):
        raise UsageError(
            f"--delimiter {quote_cell(text)} can't separate cells",
            "Use one character such as , ; or |, or tab, or auto.",
        )
    return text


def read_header(text: str, columns: Columns, part: Part) -> Header:
    """Find the first record of `text`, and the delimiter under which it has the columns that are needed.

    Raises InputError if there is none, or if a stray quote in it has swallowed rows.
    """
    delimiter, begin = _spreadsheet_hint(text, read_delimiter(columns.delimiter))
    if not text[begin:].strip("\ufeff \t\r\n"):
        what = f"{part.label} is empty: there is no header"
        raise InputError(what, "The first line must name the columns.")
    candidates = _CANDIDATES if delimiter == "auto" else (delimiter,)
    starts = {d: _behind_blank_lines(text, begin, d) for d in candidates}
    records = [(d, r) for d, at in starts.items() if (r := RecordScanner(d).record(text, at)) is not None]
    if not records:
        raise part.error(
            line_ends(text[: max(starts.values())]) + 1,
            "a quote opens in the header and never closes",
            "Remove the stray quotation mark.",
        )
    # The delimiter is the one under which the ID columns appear; failing that, the one with most columns.
    delimiter, record = records[0]
    if len(records) > 1:
        delimiter, record = max(records, key=lambda one: (_fits(one[1], columns), len(one[1].cells)))
    start = starts[delimiter]
    line = line_ends(text[:start]) + 1
    header = Header(tuple(record.cells), delimiter, line, start, record.end, record)
    if text[start : start + 1] == '"' and holds_whole_line(record.cells, "".join(candidates)):
        raise part.error(line, WHOLE_LINES, SPLIT_LINES)
    return header


def lay_out(
    header: Header,
    columns: Columns,
    part: Part,
    *,
    text: str = "",
    rows: Sequence[Sequence[str]] = (),
    encoding: str = "auto",
) -> Layout:
    """Find the columns of a header in `text`, or above the first `rows` of a workbook.

    Raises InputError that names everything that is missing, the columns found, and a command to try; and
    if a stray quote in the header has swallowed rows.
    """
    found = find_columns(header.cells, columns, workbook=part.is_sheet)
    if found.problems or found.from_side is None or found.to_side is None:
        command = suggest_command(part.name, header.cells, rows or _sample(text, header), columns, encoding)
        raise _unusable(header, found, part, command)
    taken = {*found.from_side.columns, *found.to_side.columns}
    if is_report(header.cells):
        own = header.cells[: len(OWN_COLUMNS)]
        taken |= {i for i, name in enumerate(own) if fold_name(name) in RESULT_COLUMNS}
    layout = Layout(
        names=header.cells,
        delimiter=header.delimiter,
        from_side=found.from_side,
        to_side=found.to_side,
        others=tuple(i for i in range(len(header.cells)) if i not in taken),
        trust_quotes=columns.trust_quotes,
    )
    record = header.record
    if record is None or not record.multiline or columns.trust_quotes:
        return layout
    if suspicion := swallowed_by_header(record, text[header.start : header.end], layout):
        raise part.error(header.line, f"a quoted column name {suspicion.why}", suspicion.hint)
    return layout


def _spreadsheet_hint(text: str, delimiter: str) -> tuple[str, int]:
    """The delimiter, which Excel's own first line ``sep=;`` may name, and where the text below it begins."""
    start = _behind_blank_lines(text, 0, "")
    end = start + len("sep=;")
    if text[start:end].lower().startswith("sep=") and text[end : end + 1] in ("\r", "\n"):
        return (text[end - 1 : end] if delimiter == "auto" else delimiter), end
    return delimiter, 0


def _behind_blank_lines(text: str, start: int, delimiter: str) -> int:
    """The start of the first line that holds more than white space and delimiters."""
    blank = re.compile(rf"[{_SPACES}{re.escape(delimiter)}]*+(?:\r\n|\r|\n)")
    while match := blank.match(text, start):
        start = match.end()
    return start


def _fits(record: Record, columns: Columns) -> bool:
    found = find_columns(record.cells, columns)
    return found.from_side is not None and found.to_side is not None


def _sample(text: str, header: Header) -> list[list[str]]:
    rows: list[list[str]] = []
    scanner, position = RecordScanner(header.delimiter), header.end
    while len(rows) < _SAMPLE and position < len(text) and (record := scanner.record(text, position)):
        position = record.end
        if any(cell.strip() for cell in record.cells):
            rows.append(record.cells)
    return rows


def _unusable(header: Header, found: Found, part: Part, command: str) -> InputError:
    names = header.cells
    if all(isinstance(judge_id(cell, ""), int) for cell in names[:2]):
        return part.error(
            header.line,
            f"there is no header; the first line holds data ({_listed(names)})",
            "Put a line with the column names above it, such as from_object_id,to_object_id.",
        )
    hint = f"For example: {command}" if command else _ask_for(found.missing)
    if "\0" in "".join(names):
        hint = "The file looks like UTF-16 without a byte-order mark: try --encoding utf-16-le."
    elif any(name[:1].isspace() and name.strip().startswith('"') for name in names):
        hint = 'There is a space before the quotation marks: write "a","b" instead of "a", "b".'
    separated = f"separated by {_NAMES.get(header.delimiter, quote_cell(header.delimiter))}"
    columns = "The columns found" if part.is_sheet else f"The columns found ({separated})"
    return part.error(header.line, f"{'; '.join(found.problems)}. {columns}: {_listed(names)}", hint)


def _ask_for(missing: Sequence[str]) -> str:
    """The options that say what is missing, with their arguments."""
    words = [
        f"--{name.replace('_', '-')} {'NAME' if name.endswith('column') else 'TYPE'}" for name in missing
    ]
    custom = " (TYPE of a custom object is its ID, such as 2-12345)" if "TYPE" in " ".join(words) else ""
    return f"Add {' '.join(dict.fromkeys(words))}{custom}." if words else ""


def _listed(names: Sequence[str], most: int = 20) -> str:
    text = ", ".join(quote_cell(n) for n in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"
