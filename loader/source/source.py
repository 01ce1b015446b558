"""The whole input: read once for the survey, and again to stream its pairs."""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from loader.errors import InputError, Stopped
from loader.source.chunk import Chunk, InvalidRow, Survey
from loader.source.columns import Columns
from loader.source.decoding import text_encoding
from loader.source.duplicates import FirstRows, pair_keys, repeated_keys
from loader.source.input_file import InputFile
from loader.source.reading import find_layout, read_chunks
from loader.source.row_reader import RowReader
from loader.source.type_pairs import TypePairs

_EXAMPLES = 3


class Source:
    """One input whose columns are found.

    name: how messages call it, the path as given.
    layout: its columns.
    type_pairs: the pairs of object types met so far, which `Chunk.types` refers to.

    Raises InputError if the header does not fit, and UsageError for options that make no sense.

        source = Source(open_input("pairs.csv"), Columns(from_type="contacts", to_type="companies"))
        survey = source.survey()
        for chunk in source.chunks(survey): ...
    """

    def __init__(self, file: InputFile, columns: Columns, *, encoding: str = "auto") -> None:
        self.name = file.name
        self.type_pairs = TypePairs()
        self._file = file
        self._encoding = text_encoding(encoding)
        self.layout, self._columns = find_layout(file, columns, self._encoding)

    @property
    def other_names(self) -> tuple[str, ...]:
        """The header's names of the columns that pass through to the report."""
        return self.layout.other_names

    @property
    def description(self) -> str:
        """Which columns were taken, and as what, in words for the first output line."""
        return self.layout.describe()

    @property
    def reading(self) -> dict[str, str | bool | None]:
        """How to read the input in the same way again: `encoding`, and arguments of `Columns`."""
        layout = self.layout
        return {
            **layout.from_side.arguments(layout.names),
            **layout.to_side.arguments(layout.names),
            "delimiter": layout.delimiter or "auto",
            "encoding": self._encoding,
            "sheet": self._columns.sheet,
            "allow_empty": self._columns.allow_empty,
            "trust_quotes": self._columns.trust_quotes,
        }

    def survey(
        self,
        *,
        seen: Callable[[int], None] = lambda _rows: None,
        visit: Callable[[Chunk], None] = lambda _chunk: None,
    ) -> Survey:
        """Read the whole input once.

        `seen` is called with the number of rows read so far, `visit` with each chunk, without `rests` and
        `duplicates`. Raises InputError if the file can't be trusted as a whole, with the line.
        """
        keys, checksums = array("Q"), array("L")
        empty = 0
        refused: Counter[str] = Counter()
        examples: dict[str, list[InvalidRow]] = {}
        counts: Counter[int] = Counter()
        rows = RowReader(self.layout, self.type_pairs, with_rests=False)
        for chunk in read_chunks(self._file, self._columns, self._encoding, rows, checksums.append):
            canonical = self.type_pairs.canonical()[chunk.types]
            keys.frombytes(pair_keys(chunk.from_ids, chunk.to_ids, canonical).tobytes())
            counts.update(dict(enumerate(np.bincount(chunk.types).tolist())))
            empty += len(chunk.empty)
            for row in chunk.invalid:
                refused[row.fault.category] += 1
                if len(shown := examples.setdefault(row.fault.category, [])) < _EXAMPLES:
                    shown.append(row)
            visit(chunk)
            seen(rows.rows)
        repeated, duplicates = repeated_keys(keys)
        return Survey(
            rows=rows.rows,
            pairs=counts.total(),
            duplicates=duplicates,
            empty=empty,
            blank_rows=rows.blank_rows,
            refused=refused,
            examples=examples,
            type_pairs=Counter({self.type_pairs[i][:2]: n for i, n in counts.items() if n}),
            fingerprint=zlib.crc32(checksums.tobytes()),
            repeated=repeated,
            checksums=checksums,
        )

    def chunks(self, survey: Survey, *, with_rests: bool = False) -> Iterator[Chunk]:
        """Read the input again and stream its rows in order; `with_rests` asks for the other columns.

        Raises Stopped if the input is no longer what `survey` read.
        """
        expected = iter(survey.checksums)

        def unchanged(checksum: int) -> None:
            if next(expected, None) != checksum:
                raise self._changed()

        rows = RowReader(self.layout, self.type_pairs, with_rests=with_rests)
        first_rows = FirstRows(survey.repeated)
        try:
            for chunk in read_chunks(self._file, self._columns, self._encoding, rows, unchanged):
                canonical = self.type_pairs.canonical()[chunk.types]
                again = first_rows.first_rows(chunk.rows_of, chunk.from_ids, chunk.to_ids, canonical)
                yield chunk._replace(duplicates=again)
        except InputError as error:  # the first reading succeeded
            raise self._changed() from error
        if next(expected, None) is not None:
            raise self._changed()

    def _changed(self) -> Stopped:
        return Stopped(
            "input_changed",
            f"{self.name} was changed while it was being read",
            "Run the same command again: it compares the file as it is now with what was sent.",
        )
