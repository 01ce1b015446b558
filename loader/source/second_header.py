"""Two files joined into one: a second header in the middle whose columns are in another order."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loader.source.column_search import ID_NAME
from loader.source.columns import Layout, fold_name

SECOND_HEADER = "a second header, whose columns are not those of the first"
SAVE_APART = "Save each table in a file of its own."


#: What the folded names of ID columns contain.
_HINT = re.compile("object_id|record id|associated")
#: As ``Deal ID`` does, a name that only the options can give.
_ENDS_WITH_ID = re.compile(r"(?:^|[ _-])ids?$")


class SecondHeader:
    """Recognises a header among the rows by the names of the ID columns."""

    def __init__(self, layout: Layout) -> None:
        self._names = [fold_name(name) for name in layout.names]
        self._keys = layout.keys
        self._sides = layout.from_side.column, layout.to_side.column
        self._ids = {self._names[column] for column in self._sides}

    def differs(self, record: Sequence[str]) -> bool:
        """Whether a record that can't be sent is a header with other columns than the first one's.

        The rows below it may have an ID in each place, only not the ID that the first header promises. The
        same header again is harmless: one row that can't be sent. A header may be glued to the row before
        it, if that had no line end.
        """
        text = fold_name("\0".join(record))
        if text.isascii() and not _HINT.search(text) and not any(name in text for name in self._ids):
            return False  # as nearly every row
        cells = [fold_name(cell).strip('"') for cell in record]
        width = len(self._names)
        tail = cells[width - 1 :] if len(cells) > width else []
        if self._is_foreign(cells) or (tail and self._is_foreign([self._unglued(tail[0]), *tail[1:]])):
            return True
        missing = self._ids.difference(cells)
        if len(missing) > 1:
            return False
        glued = any(cell.endswith(name) for name in missing for cell in cells)
        if tail and (glued or not missing):
            same = tail[0].endswith(self._names[0]) and tail[1:] == self._names[1:]
            if same or glued:
                return not same
        if missing:
            return False
        if len(cells) != width and _named(cells) != _named(self._names):
            return True
        return any(self._names[i] in cells and cells[i : i + 1] != [self._names[i]] for i in self._keys)

    def _is_foreign(self, cells: list[str]) -> bool:
        """Whether the cells name two ID columns that are not the first header's, or replace one of these."""
        ours = [cells[i : i + 1] == [self._names[i]] for i in self._sides]
        if all(ours):
            return False
        if any(ours):
            other = "".join(cells[self._sides[ours.index(False)] :][:1])
            is_name = ID_NAME.match(other) or _ENDS_WITH_ID.search(other)
            return is_name is not None and not other.endswith(tuple(self._ids))
        return sum(cell in self._ids or ID_NAME.match(cell) is not None for cell in cells) > 1

    def _unglued(self, cell: str) -> str:
        """The name at the end of a cell that also holds the last cell of the row before it."""
        if cell.endswith(self._names[0]):
            return self._names[0]
        name = ID_NAME.search(cell)
        return name[0] if name else cell


def _named(header: list[str]) -> int:
    """How many columns a header names: a delimiter at its end, as some exports have, adds none."""
    return max((i for i, name in enumerate(header, 1) if name), default=0)
