r"""Plain lines, which pandas reads; most files have no others.

A regular expression checks that every line of a text has the header's number of cells, digits in the ID
columns, type names in the type columns, and quotes in pairs. In such a text pandas has nothing to repair, so
its C parser can work at full speed. In other texts pandas pads short rows, cuts or shifts long ones, and
takes stray quotes in pairs for text.
"""

from __future__ import annotations

import importlib
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loader.csvtext import encode_cell
from loader.source.columns import Layout
from loader.source.decoding import line_ends
from loader.source.type_pairs import Numbers

if TYPE_CHECKING:
    import pandas as pd

#: Wider lines are split faster by the csv module than matched by a pattern.
_WIDEST = 40
_NUMBER = "[1-9][0-9]{0,17}+"
_ZEROS_AND_NUMBER = "(?=[0-9]{1,19}(?![0-9]))0*+[1-9][0-9]*+"
_TYPE = "(?:[A-Za-z][A-Za-z0-9_]*+|[0-9]++-[0-9]++)"


class PlainRows(NamedTuple):
    """The rows of a plain text.

    from_ids, to_ids: the IDs.
    from_types, to_types: for each row an index into the names, and the names.
    rests: the other columns as CSV text, a comma before each cell; [] unless asked for.
    """

    from_ids: Numbers
    to_ids: Numbers
    from_types: tuple[Numbers, list[str]]
    to_types: tuple[Numbers, list[str]]
    rests: list[str]


class PlainReader:
    """Reads plain texts of one layout."""

    def __init__(self, layout: Layout, *, with_rests: bool) -> None:
        self._layout = layout
        self._with_rests = with_rests
        self._lines = _plain_lines(layout)

    def read(self, text: str) -> PlainRows | None:
        """The rows of a text, or None if there is any doubt about it."""
        if not any(lines.fullmatch(text) for lines in self._lines):
            return None
        try:
            frame = self._parse(text)
        except (ValueError, OverflowError):  # an ID beyond int64; pandas before 3.0 gives uint64 instead
            return None
        layout = self._layout
        from_ids, to_ids = (frame[side.column].to_numpy() for side in (layout.from_side, layout.to_side))
        if not from_ids.dtype == to_ids.dtype == np.int64:
            return None
        lines = line_ends(text) + (not text.endswith(("\r", "\n")))
        if len(frame) != lines:
            raise AssertionError(f"pandas read {len(frame)} of {lines} lines")
        from_types = self._types(frame, layout.from_side.type_column)
        to_types = self._types(frame, layout.to_side.type_column)
        if from_types is None or to_types is None:
            return None
        return PlainRows(
            from_ids,
            to_ids,
            from_types,
            to_types,
            encode_columns([frame[i].tolist() for i in layout.others], len(frame))
            if self._with_rests
            else [],
        )

    def _parse(self, text: str) -> pd.DataFrame:
        """IDs as int64, types as categories, the others as text, in columns named by their index."""
        import pandas as pd  # late, so that `--help` does not wait for it

        layout = self._layout
        types: dict[int, str] = dict.fromkeys(layout.keys, "category")
        types |= {layout.from_side.column: "int64", layout.to_side.column: "int64"}
        if self._with_rests:
            types |= dict.fromkeys(layout.others, "object")
        # pandas drops a U+FEFF at the start of its input, and of each of its buffers within the first line,
        # as a byte-order mark. The real mark is already gone; an empty line to skip protects the text.
        marked = "\ufeff" in text
        encoded = ("\n" * marked + text).encode()  # pandas would encode it in small pieces, half as fast
        return pd.read_csv(
            io.BytesIO(encoded),
            sep=layout.delimiter,
            header=None,
            names=list(range(layout.width)),
            skiprows=int(marked),
            usecols=sorted(types),
            dtype=types,
            engine="c",
            na_filter=False,
            skip_blank_lines=False,
            low_memory=False,
        )

    def _types(self, frame: pd.DataFrame, column: int | None) -> tuple[Numbers, list[str]] | None:
        if column is None:
            return np.zeros(len(frame), dtype=np.int64), [""]
        categories = frame[column].cat
        names = categories.categories.tolist()
        if not all(isinstance(name, str) for name in names):  # pandas took `true` or `infinity` for a value
            return None
        return categories.codes.to_numpy().astype(np.int64), names


@contextmanager
def importing_pandas() -> Iterator[None]:
    """Import pandas in a thread meanwhile: 0.3 s in which SQLite reads a checkpoint without Python's lock."""
    thread = threading.Thread(target=importlib.import_module, args=("pandas",), name="import")
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _plain_lines(layout: Layout) -> list[re.Pattern[str]]:
    """Patterns, one of which matches a text of whole plain lines; [] if no line can be plain.

    Other spellings of an ID are left to `loader.source.cell_rules`.
    """
    d = layout.delimiter
    if layout.width > _WIDEST or not d or ord(d) > 127:  # pandas' C parser takes single bytes only
        return []
    pad = "[" + " \t".replace(d, "") + "]*+"
    padded = f"{pad}{_ZEROS_AND_NUMBER}{pad}"
    type_name = f"{pad}{_TYPE}{pad}"
    # Most files have bare IDs. Trying these first saves a fifth of the matching, the slowest part of reading.
    lines = (_line(layout, number, type_name) for number in (_NUMBER, f'(?:{padded}|"{padded}")'))
    return [re.compile(rf"(?:{line}(?:\n|\r\n?))*(?:{line})?") for line in lines]


def _line(layout: Layout, record_id: str, type_name: str) -> str:
    """The pattern of a line without its line end, from the patterns of an ID and of a type.

    It matches a line in one way only, so that a text that does not match fails at once. No group that can
    backtrack is possessive: before 3.11.5, Python matched that wrongly (gh-106052).
    """
    d = re.escape(layout.delimiter)
    text = r'[^"\r\n\0]*+'
    cells = [rf'(?:"{text}(?:""{text})*+"|[^"{d}\r\n\0]*+)'] * layout.width
    for column in layout.keys:
        cells[column] = f'(?:{type_name}|"{type_name}")'
    for side in (layout.from_side, layout.to_side):
        cells[side.column] = record_id
    runs = [(cell, len(list(run))) for cell, run in groupby(cells[1:])]
    # A group with {1} costs a quarter of the matching time, so it is written without.
    return cells[0] + "".join(d + cell if n == 1 else f"(?:{d}{cell}){{{n}}}" for cell, n in runs)


def encode_columns(columns: list[list[str]], size: int) -> list[str]:
    """Columns of `size` cells as CSV text, one text a row, each cell with a comma before it.

    Gives the same text as `loader.csvtext.encode_cells` for each row, at a fraction of the cost: most
    columns have no cell that needs quotes, and one look at the whole column shows that.
    """
    texts = [_encoded(cells) for cells in columns]
    return list(map(",".join, zip([""] * size, *texts, strict=True)))


def _encoded(cells: list[str]) -> list[str]:
    whole = "\n".join(cells)
    plain = whole.count("\n") == len(cells) - 1 and not any(mark in whole for mark in '",\r')
    return cells if plain else list(map(encode_cell, cells))
