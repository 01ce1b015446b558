"""The input from end to end: read once to know it, and once more to stream its pairs.

The first reading (`Source.survey`) decides whether the file can be used at all, counts its rows and finds the
keys of repeated pairs. The second (`Source.batches`) is the same code on the same bytes, which it checks.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loader.errors import InputError, Stopped, UsageError
from loader.model import Outcome, Pair, Status
from loader.source.blocks import Block, BlockReader
from loader.source.chunk import Chunk, InvalidRow, Survey
from loader.source.decoding import LONGEST_RECORD, TextBlock, line_ends, text_blocks, text_encoding
from loader.source.duplicates import FirstRows, pair_keys, repeated_keys
from loader.source.fast_path import PlainLines, plain_lines
from loader.source.header import Columns, Layout, read_header
from loader.source.input_file import InputFile
from loader.source.type_pairs import Numbers, TypePairs

_EXAMPLES = 3

#: `Pair._make` without a call of Python code for each row, which would be a third of the time of `_pairs`.
_pair: Callable[[Iterable[int | str]], Pair] = partial(tuple.__new__, Pair)


class Batch(NamedTuple):
    """A stretch of the input, in its order: what is to be sent, and what is settled without sending."""

    pairs: list[Pair]
    outcomes: list[Outcome]


class Source:
    """One input file with its columns found.

    `only` keeps the rows with these statuses of an input that is itself a report. `now` is the wall clock in
    seconds. `plain` says which lines pandas may read; a pattern that matches nothing sends every line through
    the record scanner. Raises InputError where the header does not fit, and UsageError for options that make
    no sense.
    """

    def __init__(
        self,
        file: InputFile,
        columns: Columns,
        *,
        encoding: str = "auto",
        only: frozenset[str] | None = None,
        now: Callable[[], float] = time.time,
        plain: PlainLines = plain_lines,
    ) -> None:
        self.name = file.name
        self.type_pairs = TypePairs()
        self._file = file
        self._encoding = text_encoding(encoding)
        self._only = only
        self._now = now
        self._plain = plain
        self.layout, self._body, self._first_line = self._read_header(columns)
        if only is not None and self.layout.status is None:
            raise UsageError(
                f"--only needs a report, and {file.name} is none: it lacks the report's own columns",
                "Name a report that `load` wrote, or leave --only out.",
            )

    def _read_header(self, columns: Columns) -> tuple[Layout, int, int]:
        with self._file.read() as stream:
            text = ""
            for block in text_blocks(stream, self._encoding, self.name):
                text += block.text
                # A quoted header may go on in the next block.
                if text.strip() and (
                    text.count('"', 0, LONGEST_RECORD) % 2 == 0 or len(text) > LONGEST_RECORD
                ):
                    break
            layout, body = read_header(text, columns, self.name)
        return layout, body, line_ends(text[:body]) + 1

    def survey(
        self,
        *,
        identities: bool = False,
        seen: Callable[[int], None] | None = None,
        visit: Callable[[Chunk], None] = lambda _chunk: None,
    ) -> Survey:
        """Read the whole file once.

        `identities` asks for a hash of each row's content, to compare a report with; `seen` is told how
        many rows have been read, `visit` is shown each chunk, without `rests` and `duplicates`.
        Raises InputError where the file is broken, with the line.
        """
        keys = array("Q")
        refused: Counter[str] = Counter()
        examples: dict[str, list[InvalidRow]] = {}
        counts: Counter[int] = Counter()
        hashes: list[Numbers] = []
        checksums = array("L")
        reader = self._reader(with_rests=identities)
        for block in self._blocks(reader, lambda block: checksums.append(block.checksum)):
            canonical = reader.type_pairs.canonical()[block.type_pairs]
            keys.frombytes(pair_keys(block.from_ids, block.to_ids, canonical).tobytes())
            counts.update(dict(enumerate(np.bincount(block.type_pairs).tolist())))
            for row in block.refused:
                refused[row.fault.category] += 1
                if len(shown := examples.setdefault(row.fault.category, [])) < _EXAMPLES:
                    shown.append(row)
            visit(_chunk(block, [], {}))
            if identities:
                hashes.append(_identities(block, reader.type_pairs))
            if seen:
                seen(reader.row)
        repeated, duplicates = repeated_keys(keys)
        return Survey(
            rows=reader.row,
            chosen=counts.total() + refused.total(),
            pairs=counts.total(),
            duplicates=duplicates,
            empty=0,
            blank_rows=0,
            refused=refused,
            examples=examples,
            type_pairs=Counter({reader.type_pairs[i][:2]: n for i, n in counts.items() if n}),
            repeated=repeated,
            checksums=checksums,
            identities=np.concatenate(hashes) if hashes else None,
        )

    def chunks(self, survey: Survey, *, with_rests: bool = False) -> Iterator[Chunk]:
        """Read the file again and stream its rows in order; `with_rests` asks for the other columns.

        Raises Stopped when the file is no longer what `survey` read.
        """
        reader = self._reader(with_rests=with_rests)
        expected = iter(survey.checksums)

        def unchanged(block: TextBlock) -> None:
            if next(expected, None) != block.checksum:
                raise self._changed()

        first_rows = FirstRows(survey.repeated)
        try:
            for block in self._blocks(reader, unchanged):
                canonical = reader.type_pairs.canonical()[block.type_pairs]
                again = first_rows.first_rows(block.rows, block.from_ids, block.to_ids, canonical)
                yield _chunk(block, block.rests, again)
        except InputError as error:  # it could be read before
            raise self._changed() from error
        if next(expected, None) is not None:
            raise self._changed()

    @property
    def other_names(self) -> tuple[str, ...]:
        """The header's names of the columns that pass through to the report."""
        return self.layout.other_names

    @property
    def description(self) -> str:
        """Which columns were taken, and as what, in words for the first output line."""
        return self.layout.description

    @property
    def reading(self) -> dict[str, str | bool | None]:
        """How to read the input in the same way again: `encoding`, and arguments of `Columns`."""
        return {**self.layout.reading, "encoding": self._encoding, "sheet": None}

    def batches(
        self, survey: Survey, *, settled: npt.NDArray[np.uint8] | None = None, limit: int | None = None
    ) -> Iterator[Batch]:
        """Read the file again and stream its rows in order, without the `settled` and beyond `limit`.

        `settled` holds one byte a row of the input, 0 where the row is still open. Raises Stopped when the
        file is no longer what `survey` read.
        """
        reader = self._reader(with_rests=True)
        expected = iter(survey.checksums)

        def unchanged(block: TextBlock) -> None:
            if next(expected, None) != block.checksum:
                raise self._changed()

        first_rows = FirstRows(survey.repeated)
        try:
            for block in self._blocks(reader, unchanged):
                canonical = reader.type_pairs.canonical()[block.type_pairs]
                again = first_rows.first_rows(block.rows, block.from_ids, block.to_ids, canonical)
                yield self._batch(block, reader.type_pairs, again, settled, limit)
                if limit is not None and reader.row >= limit:
                    return
        except InputError as error:  # it could be read before
            raise self._changed() from error
        if next(expected, None) is not None:
            raise self._changed()

    def pair_at(self, row: int) -> Pair:
        """One data row by its number, read anew; KeyError where there is none (or `only` leaves it out)."""
        reader = self._reader(with_rests=True)
        for block in self._blocks(reader, lambda _block: None):
            if block.first_row <= row < block.first_row + block.size:
                pairs = _pairs(block, reader.type_pairs) + [refused.pair for refused in block.refused]
                return {pair.row: pair for pair in pairs}[row]
        raise KeyError(row)

    def texts(self) -> Iterator[str]:
        """All that the report takes over in text, as it writes it, read anew, some rows at a time."""
        reader = self._reader(with_rests=True)
        for block in self._blocks(reader, lambda _block: None):
            yield "".join([*block.rests, *(refused.pair.rest for refused in block.refused)])

    def lines(self, rows: Collection[int]) -> dict[int, int]:
        """The physical lines on which these data rows begin, found by reading anew up to the last of them."""
        reader = self._reader(with_rests=False)
        wanted = sorted(rows)
        found: dict[int, int] = {}
        for block in self._blocks(reader, lambda _block: None) if wanted else ():
            end = block.first_row + block.size
            found |= {row: block.line_of(row) for row in wanted if block.first_row <= row < end}
            if len(found) == len(wanted):
                break
        return found

    def _changed(self) -> Stopped:
        return Stopped(
            "input_changed",
            f"{self.name} was changed while it was being loaded",
            "Run the same command again: it compares the report with the file as it is now.",
        )

    def _reader(self, *, with_rests: bool) -> BlockReader:
        return BlockReader(
            self.layout,
            self.name,
            self._first_line,
            self.type_pairs,
            with_rests=with_rests,
            only=self._only,
            plain=self._plain,
        )

    def _blocks(self, reader: BlockReader, check: Callable[[TextBlock], None]) -> Iterator[Block]:
        with self._file.read() as stream:
            blocks = text_blocks(stream, self._encoding, self.name)

            def more() -> str:
                block = next(blocks, None)
                if block is None:
                    return ""
                check(block)
                return block.text

            skip = self._body
            while text := more():
                while skip > len(text) and (extension := more()):
                    text += extension
                text, skip = text[skip:], 0
                yield reader.read(text, more)

    def _batch(
        self,
        block: Block,
        type_pairs: TypePairs,
        again: dict[int, int],
        settled: npt.NDArray[np.uint8] | None,
        limit: int | None,
    ) -> Batch:
        def is_open(row: int) -> bool:
            return (limit is None or row <= limit) and (settled is None or settled[row - 1] == 0)

        now = self._now()
        outcomes = [_invalid(row, now) for row in block.refused if is_open(row.pair.row)]
        duplicates = block.chosen(np.array(list(again), dtype=np.int64))
        outcomes += [
            _duplicate(pair, first, now)
            for pair, first in zip(_pairs(duplicates, type_pairs), again.values(), strict=True)
            if is_open(pair.row)
        ]
        keep = np.ones(len(block.rows), dtype=np.bool_)
        keep[list(again)] = False
        if settled is not None:
            keep &= settled[block.rows - 1] == 0
        if limit is not None:
            keep &= block.rows <= limit
        return Batch(
            _pairs(block if keep.all() else block.chosen(np.flatnonzero(keep)), type_pairs), outcomes
        )


def _chunk(block: Block, rests: list[str], duplicates: dict[int, int]) -> Chunk:
    invalid = [row._replace(position=row.row - block.first_row) for row in block.refused]
    return Chunk(
        size=block.size,
        first_row=block.first_row,
        rows=block.size,
        positions=block.rows - block.first_row,
        rows_of=block.rows,
        lines=np.array([block.line_of(row) for row in block.rows.tolist()], dtype=np.int64),
        from_ids=block.from_ids,
        to_ids=block.to_ids,
        types=block.type_pairs,
        rests=rests,
        duplicates=duplicates,
        invalid=sorted(invalid),
        empty=[],
    )


def _pairs(block: Block, type_pairs: TypePairs) -> list[Pair]:
    which = block.type_pairs.tolist()
    from_types = map([kind.from_type for kind in type_pairs].__getitem__, which)
    to_types = map([kind.to_type for kind in type_pairs].__getitem__, which)
    from_ids, to_ids = map(str, block.from_ids.tolist()), map(str, block.to_ids.tolist())
    rests = block.rests or [""] * len(which)
    return list(
        map(
            _pair,
            zip(
                block.rows.tolist(),
                from_types,
                from_ids,
                to_types,
                to_ids,
                rests,
                [0] * len(which),
                strict=True,
            ),
        )
    )


def _identities(block: Block, type_pairs: TypePairs) -> Numbers:
    hashes = np.zeros(block.size, dtype=np.int64)
    pairs = _pairs(block, type_pairs) + [refused.pair for refused in block.refused]
    for pair in pairs:
        hashes[pair.row - block.first_row] = hash(pair[1:6])
    return hashes


def _invalid(refused: InvalidRow, now: float) -> Outcome:
    category, message = refused.fault
    return Outcome(refused.pair, Status.INVALID, now, error_category=category, error_message=message)


def _duplicate(pair: Pair, first: int, now: float) -> Outcome:
    message = f"the same pair stands in row {first}"
    return Outcome(pair, Status.DUPLICATE, now, error_category="DUPLICATE", error_message=message)
