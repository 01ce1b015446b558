"""One reading of the input: all its parts from the first row to the last, as chunks."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import IO

from loader.errors import InputError, UsageError
from loader.source.chunk import Chunk
from loader.source.columns import Columns, Layout, fold_name
from loader.source.decoding import LONGEST_RECORD, TextBlock, line_ends, text_blocks
from loader.source.header import Header, lay_out, read_header
from loader.source.input_file import InputFile, Part
from loader.source.records import RecordReader
from loader.source.row_reader import RowReader
from loader.source.stray_quotes import STRAY_QUOTE
from loader.source.workbook import Sheet
from loader.text import quote_cell

#: A line above the header: blank, delimiters alone, or Excel's ``sep=;``.
_NO_HEADER = re.compile(r"(?i)\ufeff?(?:sep=.?)?[\s,;|]*")
_TOO_LONG = f"does not close within {LONGEST_RECORD >> 20} million characters"


def find_layout(file: InputFile, columns: Columns, encoding: str) -> tuple[Layout, Columns]:
    """The layout of an input, and `columns` with the sheet that was chosen.

    Raises InputError if the header does not fit, and UsageError for options that make no sense.
    """
    with file.read() as parts:
        part, stream = next(parts)
        if part.is_sheet:
            sheet = Sheet(_all_of(stream, part), part, columns.sheet)
            first = next(sheet.records(), None)
            rows = first.rows if first else []
            return lay_out(sheet.header, columns, part, rows=rows), replace(columns, sheet=sheet.name)
        if columns.sheet is not None:
            raise UsageError(
                f"{part.name} is not a workbook, so it has no sheet {quote_cell(columns.sheet)}",
                "Leave --sheet out.",
            )
        header, text = _first_lines(text_blocks(stream, encoding, part), columns, part)
        return lay_out(header, columns, part, text=text, encoding=encoding), columns


def read_chunks(
    file: InputFile, columns: Columns, encoding: str, rows: RowReader, check: Callable[[int], None]
) -> Iterator[Chunk]:
    """Read the whole input into chunks with `rows`.

    `check` is called for each block with a checksum of the part so far, and may raise.
    Raises InputError if the file can't be trusted as a whole.
    """
    with file.read() as parts:
        for part, stream in parts:
            if part.is_sheet:
                data = _all_of(stream, part)
                check(zlib.crc32(data))
                sheet = Sheet(data, part, columns.sheet)
                _same_columns(sheet.header, rows.layout, part)
                for records in sheet.records():
                    yield rows.records(records, part)
            else:
                yield from _read_text(_blocks(stream, encoding, part, check), columns, rows, part)


def _blocks(
    stream: IO[bytes], encoding: str, part: Part, check: Callable[[int], None]
) -> Iterator[TextBlock]:
    for block in text_blocks(stream, encoding, part):
        check(block.checksum)
        yield block


def _read_text(blocks: Iterator[TextBlock], columns: Columns, rows: RowReader, part: Part) -> Iterator[Chunk]:
    layout = rows.layout
    header, text = _first_lines(blocks, replace(columns, delimiter=layout.delimiter), part)
    _same_columns(header, layout, part)
    line = line_ends(text[: header.end]) + 1
    text = text[header.end :]
    reader = RecordReader(layout.delimiter, layout.width)
    while True:
        if text and (chunk := rows.plain(text, line)):
            yield chunk
            line += line_ends(text)
            text = ""
        elif text:
            for records in reader.read(text, line):
                yield rows.records(records, part)
            line += line_ends(text[: reader.end])
            text = text[reader.end :]
        block = next(blocks, None)
        if block is None:
            break
        begun = bool(text)
        text += block.text
        # A record longer than a block is not split into cells until it is complete.
        while begun and reader.is_open(text):
            block = next(blocks, None)
            if block is None or len(text) > LONGEST_RECORD:
                raise _unclosed(
                    reader, text, line, "never closes" if block is None else _TOO_LONG, layout, part
                )
            text += block.text
    if text:
        raise _unclosed(reader, text, line, "never closes", layout, part)


def _first_lines(blocks: Iterator[TextBlock], columns: Columns, part: Part) -> tuple[Header, str]:
    """The header, and the text that was read to find it."""
    text, quotes, begun = "", 0, False
    for block in blocks:
        text += block.text
        for line in io.StringIO(block.text, newline=""):
            quotes += line.count('"')
            begun = begun or not _NO_HEADER.fullmatch(line)
            if begun and quotes % 2 == 0:  # else a quoted name goes on in the next line
                return read_header(text, columns, part), text
        if len(text) > LONGEST_RECORD:
            break
    return read_header(text, columns, part), text


def _same_columns(header: Header, layout: Layout, part: Part) -> None:
    names = layout.names
    if header.cells == names or list(map(fold_name, header.cells)) == list(map(fold_name, names)):
        return
    if part.member:
        raise part.error(
            header.line,
            "its columns are not those of the archive's first file",
            "Every file of the archive must have the same header: load the files one by one.",
        )
    raise InputError(f"{part.name} was changed while it was being read", "Run the same command again.")


def _unclosed(reader: RecordReader, text: str, line: int, how: str, layout: Layout, part: Part) -> InputError:
    column = reader.open_quote(text)
    name = f" ({quote_cell(layout.name(column))})" if column < layout.width else ""
    return part.error(line, f"a quote opens in column {column + 1}{name} and {how}", STRAY_QUOTE)


def _all_of(stream: IO[bytes], part: Part) -> bytes:
    try:
        return stream.read()
    except OSError as error:
        raise InputError(f"{part.name} can't be read: {error.strerror or error}") from error
