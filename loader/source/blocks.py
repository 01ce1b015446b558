"""Blocks of text into judged rows: pandas parses what is plainly well-formed, the scanner the rest.

Most lines of most files are plainly well-formed (`loader.source.fast_path`), and pandas reads all of them in
a block at once; it is held to the number of lines that went in. Every other line goes through the record
scanner and the rules, cell by cell.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loader.errors import InputError
from loader.model import Pair
from loader.source.cell_rules import Fault, shown
from loader.source.chunk import InvalidRow
from loader.source.decoding import LONGEST_RECORD, line_ends
from loader.source.fast_path import PlainLines, parse, plain_lines, rest_texts
from loader.source.header import Layout
from loader.source.scanner import Record, RecordScanner
from loader.source.stray_quotes import STRAY_QUOTE, swallowed_lines
from loader.source.type_pairs import Numbers, TypePairs
from loader.source.validation import RowJudge, self_pair

if TYPE_CHECKING:
    import pandas as pd

#: What a power loss leaves of a block: rows of the report are missing, and two halves may look like one.
_HOLE = "\0" * 512
_TOO_LONG = f"does not close within {LONGEST_RECORD >> 20} million characters"


class Block(NamedTuple):
    """The data rows of one block of text, in the file's order.

    `first_row` is the number of the first and `size` how many there are. `rows`, `from_ids`, `to_ids`,
    `type_pairs` (indices into the reader's `type_pairs`) and `rests` go together, one entry for each row that
    can be sent; `rests` is empty unless asked for.
    """

    first_row: int
    size: int
    rows: Numbers
    from_ids: Numbers
    to_ids: Numbers
    type_pairs: Numbers
    rests: list[str]
    refused: list[InvalidRow]
    lines: list[tuple[int, int]]  # row and physical line; from each entry on both go up together

    def line_of(self, row: int) -> int:
        """The physical line of the file on which one of the block's rows begins."""
        return _line_of(self.lines, row)

    def chosen(self, index: Numbers) -> Block:
        """The same block with only these of its sendable rows, in this order."""
        return self._replace(
            rows=self.rows[index],
            from_ids=self.from_ids[index],
            to_ids=self.to_ids[index],
            type_pairs=self.type_pairs[index],
            rests=[self.rests[i] for i in index.tolist()] if self.rests else [],
        )


class Stretch(NamedTuple):
    """Plain lines one after another: the first one's row and line number, how many, and their text."""

    first_row: int
    first_line: int
    size: int
    text: str


@dataclass
class _Findings:
    """What a block has yielded so far: stretches for pandas, and rows judged one by one."""

    first_row: int
    stretches: list[Stretch] = field(default_factory=list)
    rows: list[tuple[int, int, int, int]] = field(default_factory=list)  # row, from ID, to ID, kind
    rests: list[str] = field(default_factory=list)
    refused: list[InvalidRow] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)


def _line_of(lines: list[tuple[int, int]], row: int) -> int:
    first_row, first_line = lines[bisect_right(lines, row, key=itemgetter(0)) - 1]
    return first_line + row - first_row


class BlockReader:
    """Turns the text below the header into blocks of judged rows; counts rows and lines as it goes.

    `line` is the physical line on which the first data row may stand. `with_rests` asks for the other
    columns' text. `only` keeps the rows whose `status` cell is one of these words (the input is then a
    report); the others count as rows and do not come out. `plain` says which lines pandas may read: a pattern
    that matches whole lines.
    """

    def __init__(
        self,
        layout: Layout,
        name: str,
        line: int,
        type_pairs: TypePairs,
        *,
        with_rests: bool,
        only: frozenset[str] | None = None,
        plain: PlainLines = plain_lines,
    ) -> None:
        self.layout = layout
        self.type_pairs = type_pairs
        self.row = 0
        self.line = line
        self._name = name
        self._only = only
        self._with_rests = with_rests and bool(layout.others)
        self._scanner = RecordScanner(layout.delimiter)
        self._judge = RowJudge(layout, self.type_pairs)
        self._plain = plain(layout)

    def read(self, text: str, more: Callable[[], str]) -> Block:
        """Judge all records that begin in `text`; `more` gives the text that follows ('' at the end).

        Raises InputError for a quote that never closes or that swallows lines.
        """
        found = _Findings(self.row + 1)
        position = 0
        while position < len(text):
            plain = self._plain.match(text, position)
            if plain and (end := plain.end()) > position:
                stretch = Stretch(
                    self.row + 1, self.line, text.count("\n", position, end), text[position:end]
                )
                found.stretches.append(stretch)
                found.lines.append((stretch.first_row, stretch.first_line))
                self.row, self.line, position = self.row + stretch.size, self.line + stretch.size, end
                continue
            record = self._scanner.record(text, position)
            if record is None:
                extension = more()
                if not extension or len(text) - position > LONGEST_RECORD:
                    raise self._unclosed(text, position, "never closes" if not extension else _TOO_LONG)
                text, position = text[position:] + extension, 0
                continue
            self._careful(record, text[position : record.end], found)
            self.line += line_ends(text[position : record.end])
            position = record.end
        return self._block(found)

    def _careful(self, record: Record, raw: str, found: _Findings) -> None:
        if not raw.strip() and len(record.cells) == 1:
            return  # a blank line is no record
        if self.layout.status is not None and _HOLE in raw:
            raise self._hole()
        if record.multiline and (suspicion := swallowed_lines(record, self.layout)):
            raise self._stray(f"a quoted cell {suspicion.why}", suspicion.hint)
        self.row += 1
        found.lines.append((self.row, self.line))
        if self._only is not None and not self._selected(record, self._only):
            if self._judge.begins_another_table(record):
                raise self._another_table()
            return
        judged = self._judge.judge(record)
        if isinstance(judged, Fault):
            if self._judge.begins_another_table(record):
                raise self._another_table()
            pair = self._judge.raw_pair(self.row, record.cells, with_rest=self._with_rests)
            found.refused.append(self._refused(pair, self.line, judged))
            return
        found.rows.append((self.row, *judged))
        if self._with_rests:
            found.rests.append(self._judge.rest(record.cells))

    def _selected(self, record: Record, only: frozenset[str]) -> bool:
        status = self.layout.status
        return (
            status is not None and status < len(record.cells) and record.cells[status].strip().lower() in only
        )

    def _refused(self, pair: Pair, line: int, fault: Fault) -> InvalidRow:
        row, from_type, from_id, to_type, to_id, rest = pair[:6]
        fault = fault._replace(message=f"line {line}: {fault.message}")
        return InvalidRow(0, row, line, from_type, from_id, to_type, to_id, fault, rest)

    def _unclosed(self, text: str, position: int, end: str) -> InputError:
        index = self._scanner.open_quote(text, position)
        column = f" ({shown(self.layout.names[index].strip())})" if index < self.layout.width else ""
        return self._stray(f"a quote opens in column {index + 1}{column} and {end}")

    def _another_table(self) -> InputError:
        return InputError(
            f"{self._name}, line {self.line}: a second header, whose columns are not those of the first",
            "Save each table in a file of its own.",
            line=self.line,
        )

    def _hole(self) -> InputError:
        return InputError(
            f"{self._name}, line {self.line}: a hole of NUL bytes, as a power loss leaves in a report",
            "Give the command that wrote the report once more: it keeps every whole record and settles the "
            "rest. Then give this one again.",
            line=self.line,
        )

    def _stray(self, what: str, hint: str = STRAY_QUOTE) -> InputError:
        return InputError(f"{self._name}, line {self.line}: {what}", hint, line=self.line)

    def _block(self, found: _Findings) -> Block:
        size = self.row - found.first_row + 1
        table = np.array(found.rows, dtype=np.int64).reshape(-1, 4)
        careful = Block(
            found.first_row,
            size,
            table[:, 0],
            table[:, 1],
            table[:, 2],
            table[:, 3],
            found.rests,
            found.refused,
            found.lines,
        )
        if not found.stretches:
            return careful
        plain = self._parse(found, size)
        if not found.rows and not found.refused:
            return plain
        both = Block(
            found.first_row,
            size,
            np.concatenate((plain.rows, careful.rows)),
            np.concatenate((plain.from_ids, careful.from_ids)),
            np.concatenate((plain.to_ids, careful.to_ids)),
            np.concatenate((plain.type_pairs, careful.type_pairs)),
            plain.rests + careful.rests,
            sorted(found.refused, key=attrgetter("row")),
            found.lines,
        )
        return both.chosen(np.argsort(both.rows, kind="stable"))

    def _parse(self, found: _Findings, size: int) -> Block:
        """Let pandas read the plain lines, and hold it to what went in."""
        layout, only = self.layout, self._only
        text = "".join(stretch.text for stretch in found.stretches)
        frame = parse(text, layout, others=self._with_rests, status=only is not None)
        rows = np.concatenate([np.arange(s.first_row, s.first_row + s.size) for s in found.stretches])
        if len(frame) != len(rows):
            raise AssertionError(
                f"pandas read {len(frame)} of {len(rows)} lines from row {found.first_row} on"
            )
        if only is not None:
            chosen = frame[layout.status].str.strip().str.lower().isin(only).to_numpy()
            frame, rows = frame[chosen], rows[chosen]
        types = (
            self._codes(frame, layout.from_type, layout.default_from_type),
            self._codes(frame, layout.to_type, layout.default_to_type),
        )
        block = Block(
            found.first_row,
            size,
            rows,
            frame[layout.from_id].to_numpy(),
            frame[layout.to_id].to_numpy(),
            self.type_pairs.indices(*types),
            rest_texts([frame[i].tolist() for i in layout.others]) if self._with_rests else [],
            found.refused,
            found.lines,
        )
        return self._without_self_pairs(block, found)

    def _codes(
        self, frame: pd.DataFrame, column: int | None, default: str | None
    ) -> tuple[Numbers, list[str]]:
        if column is None:
            return np.zeros(len(frame), dtype=np.int64), [default or ""]
        categories = frame[column].cat
        return categories.codes.to_numpy().astype(np.int64), [str(name) for name in categories.categories]

    def _without_self_pairs(self, block: Block, found: _Findings) -> Block:
        selves = block.from_ids == block.to_ids
        if not selves.any():
            return block
        selves &= self.type_pairs.reflexive()[block.type_pairs]
        for i in np.flatnonzero(selves).tolist():
            row, record_id, kind = (
                int(block.rows[i]),
                int(block.from_ids[i]),
                self.type_pairs[int(block.type_pairs[i])],
            )
            rest = block.rests[i] if block.rests else ""
            pair = Pair(row, kind.from_type, str(record_id), kind.to_type, str(record_id), rest)
            found.refused.append(self._refused(pair, _line_of(found.lines, row), self_pair(record_id)))
        return block.chosen(np.flatnonzero(~selves))
