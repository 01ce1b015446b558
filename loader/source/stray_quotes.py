"""Cells of several lines: honest text, or a stray quote that has swallowed rows?

The contract (section 2) calls the second a broken file. pandas can't tell: stray quotes that pair up read as
one long cell, and the rows in between are gone without a word.

If a line end inside a cell is in truth the end of a row, two rows meet in the cell: before the line end are
the first one's columns to the right of the cell, and behind it the second one's to the left. Between them
they show a from-ID and a to-ID, wherever in the row the cell is. That is what is looked for; an honest note
shows it by chance only, for example in a list of numbers.
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

_GOES_ON = "spans several lines and goes on behind its closing quote"
_ID = r"[0-9]+(?:\.0*)?|[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+"
#: An ID, as good or as spoilt as spreadsheets leave it, or several as HubSpot exports them.
_LIKE_AN_ID = re.compile(rf"=?'?(?:{_ID})(?:;(?:{_ID})?)*")
_LINE_END = re.compile(r"\r\n|\r|\n")


class Suspicion(NamedTuple):
    """Why a record of several lines must be a broken file, in words that follow "a quoted cell", and what to
    do about it."""

    why: str
    hint: str = STRAY_QUOTE


class SwallowedRows:
    """Looks for rows that a stray quote has swallowed, in the records of one input."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._keys = layout.keys

    def first(self, records: Records, digits: tuple[int, int]) -> tuple[int, Suspicion] | None:
        """The first of the records that span several lines that must be a broken file, by its index, and why.

        `digits` is how many digits a usual from-ID and to-ID of the file has (0: not known).
        """
        if not records.multiline:
            return None
        number = _number(self._layout.delimiter, min(map(_least, digits)))
        rows = list(map(records.rows.__getitem__, records.multiline))
        notes = [cell for cells in rows for cell in cells if "\n" in cell or "\r" in cell]
        # Few notes hold anything to look at, so most are done with at once.
        wide = max(map(len, rows)) > self._layout.width
        if not records.broken and not wide and not number.search("\n" + "\n".join(notes)):
            return None
        for i in records.multiline:
            if suspicion := self._suspicion(records.row(i), records.broken.get(i), digits, number):
                return i, suspicion
        return None

    def _suspicion(
        self, cells: list[str], broken: Record | None, digits: tuple[int, int], number: re.Pattern[str]
    ) -> Suspicion | None:
        layout = self._layout
        several = [n for n, cell in enumerate(cells) if "\n" in cell or "\r" in cell]
        if broken and set(several) & set(broken.broken):
            return Suspicion(_GOES_ON)
        for column in several:
            if not number.search("\n" + cells[column]) and len(cells) <= layout.width:
                continue
            key = trim(cells[column]) if column in self._keys else ""
            if _LINE_END.search(key) or (key and layout.delimiter in cells[column]):
                name = quote_cell(layout.name(column))
                return Suspicion(f"holds a line end in {name}", _genuine(layout, column))
            if found := _swallowed_rows(cells, column, layout, layout.width, digits):
                return found
        return None


def swallowed_by_header(header: Record, raw: str, layout: Layout) -> Suspicion | None:
    """Whether a header of several lines must be a broken file; its names may break lines wherever they like.

    `raw` is the header's text as it is in the file.
    """
    if set(header.multiline) & set(header.broken):
        return Suspicion(_GOES_ON)
    # A stray quote takes the rest of its line along, so the header's own width may be too small: its first
    # line has as many cells as the rows.
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
    """The cells that one line, split in one way, has where a row would have its IDs (None: no such cell).

    tight: no white space behind the delimiters around them, where prose has it.
    exact: the line has as many cells as a row has there.
    """

    from_id: str | None
    to_id: str | None
    tight: bool = True
    exact: bool = True


_EMPTY = _View(None, None)
_NOTHING = [_EMPTY]


class _Cell:
    """One cell of several lines, each of its line ends taken for the end of a row."""

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
        # In a record of the right width, one ID of each kind is outside the cell, on the same side as in
        # the rows that the cell may hold. In any other, the two rows' quotes were in different columns.
        self._right = len(cells) == width
        self._heads = [i if i < column or not self._right else None for i in ids]
        self._tails = [width - 1 - i if i > column or not self._right else None for i in ids]
        # What is between these two columns can show outside the cell both times.
        closing = width - 1 - self._behind
        twice = [_id(cells[i - width]) if 0 <= closing < i < column < width else None for i in ids]
        self._twice = _View(twice[0], twice[1]) if any(twice) else _EMPTY

    def holds_rows(self) -> bool:
        """Whether the end of a row and the beginning of another meet at one of the line ends."""
        lines = _LINE_END.split(self._text)
        # The quotes that open and close the cell are in truth some of the rows' own.
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
        """Whether the from-ID of one view and the to-ID of the other are like a row's."""
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

        `outside` of the row's cells are in the record beside this cell.
        """
        if places == [None, None]:
            return _NOTHING
        # A row of numbers with a price like 1,50 has one cell too many; what has more of them is a list.
        if line.count(self._delimiter) > self._width and all(map(_id, line.split(self._delimiter))):
            return _NOTHING
        splits = self._splits(line[::step])
        views = [self._view(cells, places, outside, step) for cells in splits]
        if None not in places and not any(view.exact for view in views):
            # A row that is too long or too short has its IDs at the one or the other end.
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
        """The line's cells, or one more than a row has: split at each delimiter, and around quoted cells."""
        raw = line.split(self._delimiter, self._width)
        return [raw, self._around_quotes(line)] if '"' in line else [raw]

    def _around_quotes(self, line: str) -> list[str]:
        """Split at the delimiters that no quotes enclose; a quote that closes nowhere is text."""
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
    """The shortest number that may be an ID: IDs of one file are of like length, numbers in notes shorter."""
    return (digits + 1) // 2


@cache
def _number(delimiter: str, least: int) -> re.Pattern[str]:
    """Finds a cell like an ID, of at least so many characters, in text with a line end before each line."""
    d = re.escape(delimiter or ",")
    around = "".join(c for c in ' \t"\u00a0' if c != delimiter)
    rest = f"[0-9.,eE+;-]{{{max(0, least - 1)},}}?"
    return re.compile(rf"[\r\n{d}][{around}=+'-]*+[0-9]{rest}[{around}]*+(?=[\r\n{d}]|\Z)")


def _id(cell: str) -> str | None:
    """What a cell has of an ID, good or spoilt; '' if it is empty, None if it holds something else."""
    text = cell.replace('"', "").strip()
    return text if not text or _LIKE_AN_ID.fullmatch(text) else None
