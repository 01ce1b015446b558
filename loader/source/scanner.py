r"""One record at a time, exactly as written: the header, and every record that the csv module rejects.

pandas repairs what it reads: it pads, cuts and shifts rows, and closes quotes as it likes. This scanner
repairs nothing. A cell with text after its closing quote keeps all of it, quotes included, so that it can't
pass for an ID.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTED = r'[^"]*+(?:""[^"]*+)*+'


class Record(NamedTuple):
    """One record as it is written in the file.

    `end` is where the next record begins. `broken` are the indices of cells with text after a closing
    quote, `multiline` those of cells that hold line ends.
    """

    cells: list[str]
    end: int
    broken: tuple[int, ...] = ()
    multiline: tuple[int, ...] = ()


class RecordScanner:
    """Reads records separated by line ends whose cells are separated by `delimiter` (one character)."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        d = re.escape(delimiter)
        self._cell = re.compile(
            rf'"(?P<quoted>{_QUOTED})"(?={d}|\r|\n|\Z)'
            rf'|(?P<broken>"{_QUOTED}"[^{d}\r\n]*+)'
            r'|(?P<open>")'
            rf"|(?P<plain>[^{d}\r\n]*+)"
        )

    def record(self, text: str, start: int) -> Record | None:
        """Read the record that begins at `start`; None if a quote opens that `text` does not close."""
        cells: list[str] = []
        broken: list[int] = []
        multiline: list[int] = []
        position = start
        while True:
            match = self._cell.match(text, position)
            assert match is not None  # the last alternative matches the empty string
            kind, cell = match.lastgroup, match[match.lastindex or 0]
            if kind == "open":
                return None
            if kind != "plain" and ("\n" in cell or "\r" in cell):
                multiline.append(len(cells))
            if kind == "broken":
                broken.append(len(cells))
            cells.append(cell.replace('""', '"') if kind == "quoted" else cell)
            position = match.end()
            if not text.startswith(self.delimiter, position):
                break
            position += 1
        return Record(cells, position + _line_end(text, position), tuple(broken), tuple(multiline))

    def open_quote(self, text: str, start: int) -> int:
        """The index of the cell whose quote never closes, in a record for which `record` returns None."""
        index, position = 0, start
        while (match := self._cell.match(text, position)) and match.lastgroup != "open":
            index, position = index + 1, match.end() + 1
        return index


def _line_end(text: str, position: int) -> int:
    if text.startswith("\r\n", position):
        return 2
    return 1 if position < len(text) else 0
