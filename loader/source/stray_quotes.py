"""Cells that span several lines: honest text, or a stray quote that has swallowed rows?

The contract (section 2) calls the second a broken file. pandas can't tell: stray quotes that pair up read
as one long cell, and the rows in between are gone without a word.

Where a line end inside a cell is in truth the end of a row, two rows meet in the cell: what stands before the
line end are the first one's columns to the right of the cell, and what stands behind it are the second one's
to the left. Between them they hold a from-ID and a to-ID, wherever in the row the cell is. That is what is
looked for; an honest note holds it by chance only, for example in a list of numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Literal, NamedTuple

from loader.source.cell_rules import shown
from loader.source.scanner import Record

if TYPE_CHECKING:
    from loader.source.header import Layout

#: What to do about a stray quote, for the messages' second half.
STRAY_QUOTE = "A stray quotation mark stands there: remove it, or double it inside a quoted cell."

_GOES_ON = "spans several lines and goes on behind its closing quote"
#: An ID, as good or as spoilt as spreadsheets leave it.
_LIKE_AN_ID = re.compile(r"[0-9]+(?:\.0*)?|[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
#: IDs of one file are of like length; the numbers in a note are often shorter than a third of that.
_SHORTER = 3


class Suspicion(NamedTuple):
    """Why a record of several lines must be a broken file, in words that follow "a quoted cell", and what to
    do about it."""

    why: str
    hint: str = STRAY_QUOTE


def swallowed_lines(record: Record, layout: Layout) -> Suspicion | None:
    """Whether a record with cells of several lines must be a broken file."""
    keys = [i for i in record.multiline if i in layout.keys]
    if keys:
        return Suspicion(f"holds a line end in {shown(layout.names[keys[0]].strip())}")
    if set(record.multiline) & set(record.broken):
        return Suspicion(_GOES_ON)
    return _swallowed_rows(record, layout, layout.width)


def swallowed_by_header(header: Record, raw: str, layout: Layout) -> Suspicion | None:
    """The same of a header of several lines, whose names may break lines wherever they like.

    `raw` is the header's text as it stands in the file.
    """
    if set(header.multiline) & set(header.broken):
        return Suspicion(_GOES_ON)
    # A stray quote takes the rest of its line along, so the header's own width may be too small: its first
    # line has as many fields as the rows.
    first_line = _LINE_END.split(raw)[0]
    return _swallowed_rows(header, layout, max(layout.width, first_line.count(layout.delimiter) + 1))


def _swallowed_rows(record: Record, layout: Layout, width: int) -> Suspicion | None:
    for column in record.multiline:
        if _Cell(record, column, layout, width).holds_rows():
            name = shown(layout.names[column].strip()) if column < layout.width else "its column"
            genuine = f"If this is a genuine text, write it on one line, or leave {name} out of the file."
            return Suspicion("swallows lines that look like rows of their own", f"{STRAY_QUOTE} {genuine}")
    return None


class _View(NamedTuple):
    """The cells that one line, split in one way, has where a row would have its IDs (None: no such cell).

    `tight`: no white space behind the delimiters around them, where prose has it. `exact`: the line has as
    many fields as a row has there.
    """

    from_id: str | None
    to_id: str | None
    tight: bool = True
    exact: bool = True


_EMPTY = _View(None, None)
_NOTHING = [_EMPTY]


class _Cell:
    """One cell of several lines, each of its line ends taken for the end of a row."""

    def __init__(self, record: Record, column: int, layout: Layout, width: int) -> None:
        cells, ids = record.cells, (layout.from_id, layout.to_id)
        self._lines = _LINE_END.split(cells[column])
        self._delimiter = layout.delimiter
        self._promising = _promising(layout.delimiter)
        self._width = width
        self._before, self._behind = column, len(cells) - 1 - column
        self._own = [len(_id(cells[i]) or "") if i < len(cells) else 0 for i in ids]
        # In a record of the right width, one ID of each kind stands outside the cell, on the same side as in
        # the rows that the cell may hold. In any other, the two rows' quotes stood in different columns.
        right = len(cells) == width
        self._heads = [i if i < column or not right else None for i in ids]
        self._tails = [width - 1 - i if i > column or not right else None for i in ids]
        # What lies between these two columns can show outside the cell both times.
        closing = width - 1 - self._behind
        twice = [_id(cells[i - width]) if 0 <= closing < i < column < width else None for i in ids]
        self._twice = _View(twice[0], twice[1]) if any(twice) else _EMPTY

    def holds_rows(self) -> bool:
        """Whether the end of a row and the beginning of another meet at one of the line ends."""
        first, *inner, last = self._lines
        # The quotes that open and close the cell are in truth some of the rows' own.
        tails = self._ends('"' + first, self._before)
        for line in inner:
            if not self._promising.search(line):  # as good as every line of a note
                tails = _NOTHING
                continue
            if self._meet(tails, self._begins(line, 0)):
                return True
            tails = self._ends(line, 0)
        return self._meet(tails, self._begins(last + '"', self._behind))

    def _meet(self, tails: list[_View], heads: list[_View]) -> bool:
        for tail, head in product(tails, heads):
            views = [view for view in (tail, head, self._twice) if view is not _EMPTY]
            if any(self._is_row(one, other) for one, other in product(views, views)):
                return True
        return False

    def _is_row(self, one: _View, other: _View) -> bool:
        """Whether the from-ID of one view and the to-ID of the other are like a row's."""
        if one.from_id is None or other.to_id is None:
            return False
        cells = one.from_id, other.to_id
        if not any(cell and len(cell) * _SHORTER >= own for cell, own in zip(cells, self._own, strict=True)):
            return False
        tight, exact = one.tight and other.tight, one.exact and other.exact
        return (tight or exact) if all(cells) else (tight and exact)

    def _begins(self, line: str, outside: int) -> list[_View]:
        """A line as the beginning of a row, `outside` of whose fields follow the cell."""
        return self._views(line, self._heads, outside, 1)

    def _ends(self, line: str, outside: int) -> list[_View]:
        """A line as the end of a row, `outside` of whose fields stand before the cell."""
        return self._views(line, self._tails, outside, -1)

    def _views(self, line: str, places: list[int | None], outside: int, step: Literal[1, -1]) -> list[_View]:
        """What stands in these places, counted from the line's beginning (`step` 1) or end (-1)."""
        if places == [None, None] or not self._promising.search(line):
            return _NOTHING
        splits = self._splits(line[::step])
        # A row of numbers with a price like 1,50 has one field too many; what has more of them is a list.
        too_many = line.count(self._delimiter) > self._width
        if too_many and all(map(_LIKE_AN_ID.fullmatch, splits[0][: self._width])):
            return _NOTHING
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
            # The closing quote may be that of an ID, of which no more stands in the cell.
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
        """PartialResult at the delimiters that no quotes enclose; a quote that closes nowhere is text."""
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


@cache
def _promising(delimiter: str) -> re.Pattern[str]:
    """Finds a cell in a line, between delimiters, that is empty or begins as a number does."""
    d = re.escape(delimiter)
    return re.compile(rf'(?:^|{d})(?:(?!{d})[\s"])*+(?:[+-]?[0-9]|{d}|\Z)')


def _id(cell: str) -> str | None:
    """What a cell has of an ID, good or spoilt; '' where it is empty, None where it holds something else."""
    text = cell.replace('"', "").strip()
    return text if not text or _LIKE_AN_ID.fullmatch(text) else None
