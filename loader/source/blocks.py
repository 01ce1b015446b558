"""Blocks of text into judged rows: pandas parses what is plainly well-formed, the scanner the rest.

Most lines of most files are beyond doubt (`loader.source.plain`), and pandas reads all of them that a block
has at once; it is held to the number of lines that went in. Every other line goes through the record
scanner and the rules, cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loader.csvtext import encode_cells
from loader.errors import InputError
from loader.model import Pair
from loader.source.kinds import Kinds, Numbers
from loader.source.layout import Layout
from loader.source.plain import parse, plain_lines, rest_texts
from loader.source.records import Record, RecordScanner, is_blank
from loader.source.rules import Fault, judge_id, judge_type, shown
from loader.source.suspicion import swallowed_lines
from loader.source.text import LONGEST_RECORD, line_ends

if TYPE_CHECKING:
    import pandas as pd


class Refused(NamedTuple):
    """A row that can't be sent, the line of the file on which it begins, and why."""

    pair: Pair
    line: int
    fault: Fault


class Block(NamedTuple):
    """The data rows of one block of text, in the file's order.

    `first_row` is the number of the first and `size` how many there are. `rows`, `from_ids`, `to_ids`,
    `kinds` (indices into the reader's `kinds`) and `rests` go together, one entry for each row that can be
    sent; `rests` is empty unless asked for.
    """

    first_row: int
    size: int
    rows: Numbers
    from_ids: Numbers
    to_ids: Numbers
    kinds: Numbers
    rests: list[str]
    refused: list[Refused]

    def chosen(self, index: Numbers) -> Block:
        """The same block with only these of its sendable rows, in this order."""
        return self._replace(
            rows=self.rows[index],
            from_ids=self.from_ids[index],
            to_ids=self.to_ids[index],
            kinds=self.kinds[index],
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
    refused: list[Refused] = field(default_factory=list)

    def line_of(self, row: int) -> int:
        stretch = next(s for s in self.stretches if s.first_row <= row < s.first_row + s.size)
        return stretch.first_line + row - stretch.first_row


class BlockReader:
    """Turns the text below the header into blocks of judged rows; counts rows and lines as it goes.

    `line` is the physical line on which the first data row may stand. `with_rests` asks for the other
    columns' text. `only` keeps the rows whose `status` cell is one of these words (the input is then a
    report); the others count as rows and do not come out.
    """

    def __init__(
        self, layout: Layout, name: str, line: int, *, with_rests: bool, only: frozenset[str] | None = None
    ) -> None:
        self.layout = layout
        self.kinds = Kinds()
        self.row = 0
        self.line = line
        self._name = name
        self._only = only
        self._with_rests = with_rests and bool(layout.others)
        self._scanner = RecordScanner(layout.delimiter)
        self._plain = plain_lines(layout)

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
                self.row, self.line, position = self.row + stretch.size, self.line + stretch.size, end
                continue
            record = self._scanner.record(text, position)
            if record is None:
                extension = more()
                if not extension or len(text) - position > LONGEST_RECORD:
                    raise self._unclosed(text, position)
                text, position = text[position:] + extension, 0
                continue
            self._careful(record, text[position : record.end], found)
            self.line += line_ends(text[position : record.end])
            position = record.end
        return self._block(found)

    def _careful(self, record: Record, raw: str, found: _Findings) -> None:
        if is_blank(record):
            return
        if record.multiline and (why := swallowed_lines(record, raw, self.layout)):
            raise self._stray(f"a quoted cell {why}")
        self.row += 1
        if self._only is not None and not self._selected(record, self._only):
            return
        judged = self._judge(record)
        if isinstance(judged, Fault):
            found.refused.append(self._refused(self._as_it_stands(record), self.line, judged))
            return
        found.rows.append((self.row, *judged))
        if self._with_rests:
            found.rests.append(self._rest(record.cells))

    def _selected(self, record: Record, only: frozenset[str]) -> bool:
        status = self.layout.status
        return (
            status is not None and status < len(record.cells) and record.cells[status].strip().lower() in only
        )

    def _judge(self, record: Record) -> tuple[int, int, int] | Fault:
        """The row's two IDs and its kind, or the first thing that is wrong with it."""
        layout, cells = self.layout, record.cells
        if len(cells) != layout.width:
            category = "TOO_MANY_FIELDS" if len(cells) > layout.width else "TOO_FEW_FIELDS"
            fields = "1 field" if len(cells) == 1 else f"{len(cells)} fields"
            return Fault(category, f"the row has {fields}, the header has {layout.width}")
        from_id = judge_id(cells[layout.from_id], self._column(layout.from_id))
        if isinstance(from_id, Fault):
            return from_id
        to_id = judge_id(cells[layout.to_id], self._column(layout.to_id))
        if isinstance(to_id, Fault):
            return to_id
        from_type = self._type(cells, layout.from_type, layout.default_from_type)
        if isinstance(from_type, Fault):
            return from_type
        to_type = self._type(cells, layout.to_type, layout.default_to_type)
        if isinstance(to_type, Fault):
            return to_type
        kind = self.kinds.of(from_type, to_type)
        if from_id == to_id and self.kinds[kind].reflexive:
            return _self_pair(from_id)
        return from_id, to_id, kind

    def _type(self, cells: list[str], column: int | None, default: str | None) -> str | Fault:
        if column is None:
            return judge_type("", default, "")
        return judge_type(cells[column], default, self._column(column))

    def _column(self, index: int) -> str:
        return self.layout.names[index].strip()

    def _refused(self, pair: Pair, line: int, fault: Fault) -> Refused:
        return Refused(pair, line, fault._replace(message=f"line {line}: {fault.message}"))

    def _as_it_stands(self, record: Record) -> Pair:
        layout = self.layout
        cells = record.cells + [""] * (layout.width - len(record.cells))
        from_type = (cells[layout.from_type] if layout.from_type is not None else "").strip()
        to_type = (cells[layout.to_type] if layout.to_type is not None else "").strip()
        return Pair(
            self.row,
            from_type or layout.default_from_type or "",
            cells[layout.from_id],
            to_type or layout.default_to_type or "",
            cells[layout.to_id],
            self._rest(cells) if self._with_rests else "",
        )

    def _rest(self, cells: list[str]) -> str:
        return encode_cells([cells[i] for i in self.layout.others])

    def _unclosed(self, text: str, position: int) -> InputError:
        index = self._scanner.open_quote(text, position)
        column = f" ({shown(self._column(index))})" if index < self.layout.width else ""
        return self._stray(f"a quote opens in column {index + 1}{column} and never closes")

    def _stray(self, what: str) -> InputError:
        hint = "A stray quotation mark stands there: remove it, or double it inside a quoted cell."
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
            np.concatenate((plain.kinds, careful.kinds)),
            plain.rests + careful.rests,
            sorted(found.refused),
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
            self.kinds.indices(*types),
            rest_texts([frame[i].tolist() for i in layout.others]) if self._with_rests else [],
            found.refused,
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
        selves &= self.kinds.reflexive()[block.kinds]
        for i in np.flatnonzero(selves).tolist():
            row, record_id, kind = int(block.rows[i]), int(block.from_ids[i]), self.kinds[int(block.kinds[i])]
            rest = block.rests[i] if block.rests else ""
            pair = Pair(row, kind.from_type, str(record_id), kind.to_type, str(record_id), rest)
            found.refused.append(self._refused(pair, found.line_of(row), _self_pair(record_id)))
        return block.chosen(np.flatnonzero(~selves))


def _self_pair(record_id: int) -> Fault:
    return Fault("SELF_PAIR", f"both sides are record {record_id}: a record can't be associated with itself")
