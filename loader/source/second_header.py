"""Two files joined into one: a second header in the middle whose columns are in another order."""

from __future__ import annotations

from collections.abc import Sequence

from loader.source.columns import Layout, fold_name

SECOND_HEADER = "a second header, whose columns are not those of the first"
SAVE_APART = "Save each table in a file of its own."


class SecondHeader:
    """Recognises a header among the rows by the names of the ID columns."""

    def __init__(self, layout: Layout) -> None:
        self._names = [fold_name(name) for name in layout.names]
        self._keys = layout.keys
        self._ids = {self._names[layout.from_side.column], self._names[layout.to_side.column]}

    def differs(self, record: Sequence[str]) -> bool:
        """Whether a record that can't be sent is a header with other columns than the first one's.

        The rows below it may have valid IDs in the ID columns, but not those that the first header promises.
        The same header again is harmless: one row that can't be sent. A header may be glued to the row
        before it if that row has no line end.
        """
        text = "\0".join(record)
        if text.isascii() and not any(name in fold_name(text) for name in self._ids):
            return False  # nearly every row
        cells = [fold_name(cell).strip('"') for cell in record]
        missing = self._ids.difference(cells)
        if len(missing) > 1:
            return False
        width = len(self._names)
        glued = any(cell.endswith(name) for name in missing for cell in cells)
        if len(cells) > width and (glued or not missing):
            tail = cells[width - 1 :]
            same = tail[0].endswith(self._names[0]) and tail[1:] == self._names[1:]
            if same or glued:
                return not same
        if missing:
            return False
        if len(cells) != width and _named(cells) != _named(self._names):
            return True
        return any(self._names[i] in cells and cells[i : i + 1] != [self._names[i]] for i in self._keys)


def _named(header: list[str]) -> int:
    """How many columns a header names: a delimiter at its end, as some exports have, adds none."""
    return max((i for i, name in enumerate(header, 1) if name), default=0)
