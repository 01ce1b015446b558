"""What reading the input gives: chunks of judged rows, and the survey of the whole."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from loader.model import Pair
from loader.source.cell_rules import Fault
from loader.source.duplicates import Keys
from loader.source.type_pairs import Numbers


class InvalidRow(NamedTuple):
    """A report line without a pair to send: an invalid row or ID, or (in `Chunk.empty`) an empty ID cell.

    position: its place among the report lines of its chunk, from 0.
    row: the number of its data row, from 1.
    line: the line of the file on which the row begins (of a workbook: the row of the sheet).
    from_type, from_id, to_type, to_id: the cells as written; of several IDs in a cell, this line's.
    fault: the category for `error_category`, and the message, which begins with the line.
    rest: the row's other columns as CSV text with a comma before each (empty unless asked for).
    """

    position: int
    row: int
    line: int
    from_type: str
    from_id: str
    to_type: str
    to_id: str
    fault: Fault
    rest: str = ""

    @property
    def pair(self) -> Pair:
        """The cells as a pair that can't be sent."""
        return Pair(self.row, self.from_type, self.from_id, self.to_type, self.to_id, self.rest)


class Chunk(NamedTuple):
    """A stretch of the input: `n` sendable pairs among `size` report lines, in the input's order.

    A row gives one report line, or one for each ID if a cell holds several; a blank line gives none.

    size: report lines.
    first_row, rows: the first data row's number, and how many data rows there are.
    positions: int64[n], ascending; the place of each pair among the report lines, from 0.
    rows_of: int64[n]; the data row of each pair.
    lines: int64[n]; the line of the file on which that row begins (of a workbook: the row of the sheet).
    from_ids, to_ids: int64[n].
    types: int64[n]; indices into `Source.type_pairs`.
    rests: the other columns of each pair's row as CSV text, a comma before each cell; [] unless asked for.
    duplicates: index into the `n` pairs -> the first data row with the same pair.
    invalid, empty: the other report lines, by position.
    """

    size: int
    first_row: int
    rows: int
    positions: Numbers
    rows_of: Numbers
    lines: Numbers
    from_ids: Numbers
    to_ids: Numbers
    types: Numbers
    rests: list[str]
    duplicates: dict[int, int]
    invalid: list[InvalidRow]
    empty: list[InvalidRow]


@dataclass(frozen=True)
class Survey:
    """What the first reading of the input found.

    rows: data rows. lines: report lines, which are the pairs, the invalid and the empty ones.
    pairs: well-formed pairs, duplicates included. duplicates: those that repeat an earlier pair.
    empty: rows without an ID to associate. blank_rows: lines of empty cells, not counted as rows.
    refused: invalid report lines by category; examples: the first few of each category.
    type_pairs: well-formed pairs by pair of object types, as the input spells them.
    fingerprint: a checksum of the whole content.
    """

    rows: int
    pairs: int
    duplicates: int
    empty: int
    blank_rows: int
    refused: Counter[str]
    examples: dict[str, list[InvalidRow]]
    type_pairs: Counter[tuple[str, str]]
    fingerprint: int
    repeated: Keys = field(repr=False, compare=False)
    checksums: array[int] = field(repr=False, compare=False)

    @property
    def invalid(self) -> int:
        """Report lines that can't be sent."""
        return sum(self.refused.values())

    @property
    def lines(self) -> int:
        """Report lines."""
        return self.pairs + self.invalid + self.empty

    @property
    def sendable(self) -> int:
        """Pairs to send if none is settled yet."""
        return self.pairs - self.duplicates

    @property
    def pairs_by_types(self) -> Counter[tuple[str, str]]:
        """Pairs by their object types; without duplicates if there is one pair of types, else with them."""
        if len(self.type_pairs) != 1:
            return self.type_pairs
        return Counter({types: rows - self.duplicates for types, rows in self.type_pairs.items()})
