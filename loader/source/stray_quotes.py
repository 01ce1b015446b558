"""Multi-line cells: genuine text, or rows that a stray quote has swallowed?

The contract (section 2) calls the second a broken file. pandas can't tell: it reads two stray quotes and all
between them as one long cell, and silently loses the rows in between.

If a line end inside a cell is really the end of a row, two rows meet in the cell. Before the line end are the
first row's columns to the right of the cell, after it the second row's columns to the left. Together they
contain a from-ID and a to-ID, whichever column the cell is in. The check looks for these two; a genuine note
contains them only by chance, for example in a list of numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Literal, NamedTuple

from loader.source.cell_rules import trim
from loader.source.columns import Layout
from loader.source.records import Records
from loader.source.scanner import Record
from loader.text import quote_cell

#: What to do about a stray quote, for the second half of a message.
STRAY_QUOTE = "There is a stray quotation mark: remove it, or double it inside a quoted cell."

_GOES_ON = "spans several lines and has text after its closing quote"
_ID = r"[0-9]+(?:\.0*)?|[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+"
#: An ID, intact or spoilt by a spreadsheet, or several IDs as HubSpot exports them.
_LIKE_AN_ID = re.compile(rf"=?'?(?:{_ID})(?:;(?:{_ID})?)*")
#: Numbers with nothing but white space around them, each before a NUL or the end.
_NUMBERS = re.compile(r"(?:\s*+[0-9]++\s*+(?:\0|\Z))*")
_LINE_END = re.compile(r"\r\n|\r|\n")


class Suspicion(NamedTuple):
    """Why a multi-line record means a broken file, in words that follow "a quoted cell", and what to do."""

    why: str
    hint: str = STRAY_QUOTE


class SwallowedRows:
    """Looks for rows that a stray quote has swallowed, in the records of one input."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._keys = layout.keys
        self._ids: tuple[int, ...] = (layout.from_side.column, layout.to_side.column)

    def first(self, records: Records, digits: tuple[int, int]) -> tuple[int, Suspicion] | None:
        """The index of the first multi-line record that means a broken file, and why.

        `digits` is how many digits a usual from-ID and to-ID of the file has (0: not known).
        """
        if not records.multiline:
            return None
        number = _number(self._layout.delimiter, min(map(_least, digits)))
        rows = list(map(records.rows.__getitem__, records.multiline))
        if self._ids_are_single_numbers(rows):
            others = [i for i in range(self._layout.width) if i not in self._ids]
            notes = [cell for cells in rows for i in others if "\n" in (cell := cells[i]) or "\r" in cell]
        else:
            notes = [cell for cells in rows for cell in cells if "\n" in cell or "\r" in cell]
        # Few notes contain anything like an ID, so most need no closer look.
        wide = max(map(len, rows)) > self._layout.width
        if not records.broken and not wide and not number.search("\n" + "\n".join(notes)):
            return None
        for i in records.multiline:
            if suspicion := self._suspicion(records.row(i), records.broken.get(i), digits, number):
                return i, suspicion
        return None

    def _ids_are_single_numbers(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether these are of the header's width, and each ID is a number with white space around it."""
        if set(map(len, rows)) != {self._layout.width}:
            return False
        return _NUMBERS.fullmatch("\0".join([cells[i] for cells in rows for i in self._ids])) is not None

    def _suspicion(
        self, cells: list[str], broken: Record | None, digits: tuple[int, int], number: re.Pattern[str]
    ) -> Suspicion | None:
        layout = self._layout
        if broken and any("\n" in cells[i] or "\r" in cells[i] for i in broken.broken):
            return Suspicion(_GOES_ON)
        for column in self._to_examine(cells):
            if not number.search("\n" + cells[column]) and len(cells) <= layout.width:
                continue
            key = trim(cells[column]) if column in self._keys else ""
            if _LINE_END.search(key) or (key and layout.delimiter in cells[column]):
                name = quote_cell(layout.name(column))
                return Suspicion(f"contains a line break in {name}", _genuine(layout, column))
            if found := _swallowed_rows(cells, column, layout, layout.width, digits):
                return found
        return None

    def _to_examine(self, cells: Sequence[str]) -> list[int]:
        """The multi-line cells of a record, without those that are a single ID and white space around it."""
        several = [n for n, cell in enumerate(cells) if "\n" in cell or "\r" in cell]
        if len(cells) != self._layout.width or self._keys.isdisjoint(several):
            return several
        return [n for n in several if n not in self._keys or not _LIKE_AN_ID.fullmatch(trim(cells[n]))]


def swallowed_by_header(header: Record, raw: str, layout: Layout) -> Suspicion | None:
    """Why a multi-line header means a broken file, or None; its names may contain line ends.

    `raw` is the header's text as it is in the file.
    """
    if set(header.multiline) & set(header.broken):
        return Suspicion(_GOES_ON)
    # A stray quote swallows the rest of its line, so the header may have too few cells. Its first line has as
    # many as the rows.
    first_line = _LINE_END.split(raw)[0]
    width = max(layout.width, first_line.count(layout.delimiter) + 1)
    found = (_swallowed_rows(header.cells, column, layout, width, (0, 0)) for column in header.multiline)
    return next(filter(None, found), None)


def _swallowed_rows(
    cells: Sequence[str], column: int, layout: Layout, width: int, digits: tuple[int, int]
) -> Suspicion | None:
    if _Cell(cells, column, layout, width, digits).holds_rows():
        return Suspicion("swallows lines that look like rows of their own", _genuine(layout, column))
    return None


def _genuine(layout: Layout, column: int) -> str:
    name = f"the text in {quote_cell(layout.name(column))}" if column < layout.width else "this text"
    return f"{STRAY_QUOTE} If {name} is genuine, add --trust-quotes."


class _View(NamedTuple):
    """What one line, split in one way, has in the ID columns of a row (None: no such cell).

    tight: no white space after the delimiters around these cells; prose has some.
    exact: the line has exactly the cells that a row has there.
    """

    from_id: str | None
    to_id: str | None
    tight: bool = True
    exact: bool = True


_EMPTY = _View(None, None)
_NOTHING = [_EMPTY]


class _Cell:
    """One multi-line cell; each of its line ends is taken for the end of a row."""

    def __init__(
        self, cells: Sequence[str], column: int, layout: Layout, width: int, digits: tuple[int, int]
    ) -> None:
        ids = layout.from_side.column, layout.to_side.column
        self._text = cells[column]
        self._delimiter = layout.delimiter
        self._width = width
        self._before, self._behind = column, len(cells) - 1 - column
        self._least = list(map(_least, digits))
        self._number = _number(layout.delimiter, min(self._least))
        # In a record of the right width, both quotes are in the same column: an ID to the left of it can
        # only be at the beginning of a line, one to the right only at the end. In any other record, the
        # quotes are in different columns, and an ID may be at either end.
        self._right = len(cells) == width
        self._heads = [i if i < column or not self._right else None for i in ids]
        self._tails = [width - 1 - i if i > column or not self._right else None for i in ids]
        # An ID column between the closing and the opening quote is outside the cell in both rows.
        closing = width - 1 - self._behind
        twice = [_id(cells[i - width]) if 0 <= closing < i < column < width else None for i in ids]
        self._twice = _View(twice[0], twice[1])

    def holds_rows(self) -> bool:
        """Whether the end of a row and the beginning of another meet at one of the line ends."""
        lines = _LINE_END.split(self._text)
        # The quotes that open and close the cell really belong to the rows.
        lines[0], lines[-1] = '"' + lines[0], lines[-1] + '"'
        last = len(lines) - 1
        for i, line in enumerate(lines):
            if self._twice is _EMPTY and not self._number.search("\n" + line):
                continue
            above = i > 0 and self._meet(lines[i - 1], line, i - 1, i == last)
            if above or (i < last and self._meet(line, lines[i + 1], i, i + 1 == last)):
                return True
        return False

    def _meet(self, above: str, below: str, place: int, ends: bool) -> bool:
        """Whether a row ends with the line above and another begins with the line below.

        `place` is the index of the line above in the cell; `ends`: the line below is the cell's last.
        """
        tails = self._views(above, self._tails, self._before if place == 0 else 0, -1)
        heads = self._views(below, self._heads, self._behind if ends else 0, 1)
        for tail, head in product(tails, heads):
            views = [view for view in (tail, head, self._twice) if view is not _EMPTY]
            if any(self._is_row(one, other) for one, other in product(views, views)):
                return True
        return False

    def _is_row(self, one: _View, other: _View) -> bool:
        """Whether the from-ID of one view and the to-ID of the other look like a row's."""
        if one.from_id is None or other.to_id is None:
            return False
        ids = one.from_id, other.to_id
        least = zip(ids, self._least, strict=True)
        if not any(ids) or any(0 < len(text) < digits for text, digits in least):
            return False
        tight, exact = one.tight and other.tight, one.exact and other.exact
        return (tight or exact) if all(ids) or not self._right else (tight and exact)

    def _views(self, line: str, places: list[int | None], outside: int, step: Literal[1, -1]) -> list[_View]:
        """What is in these places, counted from the line's beginning (`step` 1) or its end (-1).

        `outside`: how many of the row's cells are in the record beside this cell.
        """
        if places == [None, None]:
            return _NOTHING
        # A row of numbers with a price like 1,50 has one cell too many; a line with more is a list.
        if line.count(self._delimiter) > self._width and all(map(_id, line.split(self._delimiter))):
            return _NOTHING
        splits = self._splits(line[::step])
        views = [self._view(cells, places, outside, step) for cells in splits]
        if None not in places and not any(view.exact for view in views):
            # A row that is too long or too short has its IDs at one end or the other.
            other = [self._width - 1 - i - outside for i in places if i is not None]
            views += [self._view(cells, other, outside, -step) for cells in self._splits(line[::-step])]
        return [view for view in views if view[:2] != _EMPTY[:2]] or _NOTHING

    def _view(self, cells: list[str], places: Sequence[int | None], outside: int, step: int) -> _View:
        ids: list[str | None] = [None, None]
        tight = True
        exact = outside + len(cells) == self._width
        for side, place in enumerate(places):
            # The closing quote may be that of an ID, of which no more is in the cell.
            if place is not None and 0 <= place < len(cells) - (not exact or not outside):
                ids[side] = _id(cells[place][::step])
                around = cells[max(0, place + min(0, step)) : place + max(0, step) + 1]
                tight &= not any(cell[::step][:1].isspace() for cell in around)
        return _View(ids[0], ids[1], tight, exact)

    def _splits(self, line: str) -> list[list[str]]:
        """The line split everywhere, and outside quotes, into at most one cell more than a row has."""
        raw = line.split(self._delimiter, self._width)
        return [raw, self._around_quotes(line)] if '"' in line else [raw]

    def _around_quotes(self, line: str) -> list[str]:
        """Split at the delimiters outside quotes; a quote that never closes is text."""
        d = self._delimiter
        cells: list[str] = []
        position, closing = 0, True
        while len(cells) <= self._width:
            end = -1
            if closing and line.startswith('"', position):
                end = line.find('"' + d, position + 1) + 1
                if not end:
                    closing = False  # no later one does either
                    end = len(line) if line.endswith('"', position + 1) else -1
            if end < 0:
                end = line.find(d, position)
            cells.append(line[position:] if end < 0 else line[position:end])
            if end < 0 or end == len(line):
                break
            position = end + 1
        return cells


def _least(digits: int) -> int:
    """The fewest digits of a likely ID: a file's IDs have similar lengths, numbers in notes are shorter."""
    return (digits + 1) // 2


@cache
def _number(delimiter: str, least: int) -> re.Pattern[str]:
    """Finds an ID-like cell of at least `least` characters in text with a line end before each line."""
    d = re.escape(delimiter or ",")
    around = "".join(c for c in ' \t"\u00a0' if c != delimiter)
    rest = f"[0-9.,eE+;-]{{{max(0, least - 1)},}}?"
    return re.compile(rf"[\r\n{d}][{around}=+'-]*+[0-9]{rest}[{around}]*+(?=[\r\n{d}]|\Z)")


def _id(cell: str) -> str | None:
    """A cell's ID, intact or spoilt; '' if the cell is empty, None if it holds something else."""
    text = cell.replace('"', "").strip()
    return text if not text or _LIKE_AN_ID.fullmatch(text) else None
