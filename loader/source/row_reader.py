"""Rows into chunks: each row is judged and gives a report line, or one for each of several IDs in a cell."""

from __future__ import annotations

from itertools import chain, islice, repeat

import numpy as np
import numpy.typing as npt

from loader.csvtext import encode_cells
from loader.source.cell_rules import EMPTY, Fault, read_ids, split_ids
from loader.source.chunk import Chunk, InvalidRow
from loader.source.columns import Layout, Side
from loader.source.fast_path import PlainReader, encode_columns
from loader.source.header import SPLIT_LINES, WHOLE_LINES, holds_whole_line
from loader.source.input_file import Part
from loader.source.records import Records
from loader.source.second_header import SAVE_APART, SECOND_HEADER, SecondHeader
from loader.source.stray_quotes import Suspicion, SwallowedRows
from loader.source.type_pairs import Numbers, TypePairs
from loader.source.validation import PairIds, RowJudge


class RowReader:
    """Turns the rows of one input into chunks.

    layout: its columns.
    rows: data rows so far. blank_rows: lines of empty cells so far, not counted as rows.
    """

    def __init__(self, layout: Layout, type_pairs: TypePairs, *, with_rests: bool) -> None:
        self.layout = layout
        self.rows = 0
        self.blank_rows = 0
        self._type_pairs = type_pairs
        self._with_rests = with_rests
        self._plain = PlainReader(layout, with_rests=with_rests)
        self._judge = RowJudge(layout, type_pairs)
        self._second_header = SecondHeader(layout)
        self._swallowed = SwallowedRows(layout)

    def plain(self, text: str, line: int) -> Chunk | None:
        """The rows of a text that begins at this line, or None if it is not certainly plain."""
        found = self._plain.read(text)
        types = None if found is None else self._plain_types(found.from_types, found.to_types)
        if found is None or types is None:
            return None
        selves = found.from_ids == found.to_ids
        if selves.any() and self._type_pairs.reflexive()[types[selves]].any():
            return None
        size, first = len(types), self.rows + 1
        self.rows += size
        places = np.arange(size)
        return Chunk(
            size=size,
            first_row=first,
            rows=size,
            positions=places,
            rows_of=places + first,
            lines=places + line,
            from_ids=found.from_ids,
            to_ids=found.to_ids,
            types=types,
            rests=found.rests,
            duplicates={},
            invalid=[],
            empty=[],
        )

    def records(self, records: Records, part: Part) -> Chunk:
        """Judge these records. Raises InputError if they show that the file can't be trusted as a whole."""
        self._refuse_whole_lines(records, part)
        lines = _ReportLines(records, self.layout)
        if not self.layout.trust_quotes:
            digits = _usual_digits(lines.from_ids), _usual_digits(lines.to_ids)
            if found := self._swallowed.first(records, digits):
                self._refuse(records, *found, part)
        types = self._types(records)[lines.rows]
        sendable = (lines.from_ids > 0) & (lines.to_ids > 0) & (types >= 0)
        if (selves := sendable & (lines.from_ids == lines.to_ids)).any():
            sendable[selves] = ~self._type_pairs.reflexive()[types[selves]]
        faults = self._judge_others(records, lines, sendable)
        places = _Places(records, lines, [i for i, fault in faults.items() if fault is None], self.rows)
        first = self.rows + 1
        self.rows += places.rows
        self.blank_rows += places.blank_rows
        good = np.flatnonzero(sendable)
        chunk = Chunk(
            size=places.size,
            first_row=first,
            rows=places.rows,
            positions=places.positions[good],
            rows_of=places.numbers[good],
            lines=places.lines[good],
            from_ids=lines.from_ids[good],
            to_ids=lines.to_ids[good],
            types=types[good],
            rests=self._rests(records, lines.rows[good]),
            duplicates={},
            invalid=[],
            empty=[],
        )
        for i, fault in faults.items():
            if fault is not None:
                row = self._invalid(records, lines, places, i, fault, part)
                (chunk.empty if fault.category == EMPTY else chunk.invalid).append(row)
        return chunk

    def _judge_others(
        self, records: Records, lines: _ReportLines, sendable: npt.NDArray[np.bool_]
    ) -> dict[int, Fault | None]:
        """Judge each line that is not sendable so far: mark it, or return why not (None: it is blank)."""
        faults: dict[int, Fault | None] = {}
        for i in np.flatnonzero(~sendable).tolist():
            cells = records.row(int(lines.rows[i]))
            verdict = self._judge.judge(cells, lines.from_cells[i], lines.to_cells[i])
            if isinstance(verdict, PairIds):
                sendable[i] = True
                lines.from_ids[i], lines.to_ids[i] = verdict
            else:
                faults[i] = verdict
        return faults

    def _invalid(
        self, records: Records, lines: _ReportLines, places: _Places, index: int, fault: Fault, part: Part
    ) -> InvalidRow:
        """A line without a pair to send."""
        line, cells = int(places.lines[index]), records.row(int(lines.rows[index]))
        if fault.category != EMPTY and self._second_header.differs(cells):
            raise part.error(line, SECOND_HEADER, SAVE_APART)
        layout, ids = self.layout, (lines.from_cells[index], lines.to_cells[index])
        if len(cells) != layout.width:
            cells = cells + [""] * (layout.width - len(cells))
            ids = cells[layout.from_side.column], cells[layout.to_side.column]
        return InvalidRow(
            position=int(places.positions[index]),
            row=int(places.numbers[index]),
            line=line,
            from_type=_type_as_written(cells, layout.from_side),
            from_id=ids[0],
            to_type=_type_as_written(cells, layout.to_side),
            to_id=ids[1],
            fault=Fault(fault.category, f"{part.where(line)}: {fault.message}"),
            rest=encode_cells([cells[i] for i in layout.others]) if self._with_rests else "",
        )

    def _refuse(self, records: Records, index: int, suspicion: Suspicion, part: Part) -> None:
        for i in range(index):  # a second header above is the better explanation
            if self._second_header.differs(records.row(i)):
                raise part.error(records.lines[i], SECOND_HEADER, SAVE_APART)
        raise part.error(records.lines[index], f"a quoted cell {suspicion.why}", suspicion.hint)

    def _refuse_whole_lines(self, records: Records, part: Part) -> None:
        if self.rows == 0 and self.layout.width > 1:
            first_two = list(islice((i for i in range(len(records.rows)) if any(records.row(i))), 2))
            if first_two and all(holds_whole_line(records.row(i), self.layout.delimiter) for i in first_two):
                raise part.error(records.lines[first_two[0]], WHOLE_LINES, SPLIT_LINES)

    def _types(self, records: Records) -> Numbers:
        """For each row the index of its pair of types, -1 if it has none."""
        columns = [side.type_column for side in (self.layout.from_side, self.layout.to_side)]
        size = len(records.rows)
        if columns == [None, None]:
            return np.full(size, self._code("", ""), dtype=np.int64)
        from_cells, to_cells = (
            repeat("", size) if column is None else records.column(column, self.layout.width)
            for column in columns
        )
        return np.array(list(map(self._code, from_cells, to_cells)), dtype=np.int64)

    def _plain_types(
        self, from_types: tuple[Numbers, list[str]], to_types: tuple[Numbers, list[str]]
    ) -> Numbers | None:
        (from_codes, from_names), (to_codes, to_names) = from_types, to_types
        if len(from_names) == len(to_names) == 1:  # the usual case
            code = self._code(from_names[0], to_names[0])
            return None if code < 0 else np.full(len(from_codes), code, dtype=np.int64)
        used, inverse = np.unique(from_codes * len(to_names) + to_codes, return_inverse=True)
        codes = [
            self._code(from_names[i // len(to_names)], to_names[i % len(to_names)]) for i in used.tolist()
        ]
        return None if -1 in codes else np.array(codes, dtype=np.int64)[inverse]

    def _code(self, from_cell: str, to_cell: str) -> int:
        types = self._judge.types_of(from_cell, to_cell)
        return -1 if isinstance(types, Fault) else types

    def _rests(self, records: Records, rows: Numbers) -> list[str]:
        if not self._with_rests:
            return []
        chosen = rows.tolist()
        columns = (records.column(i, self.layout.width) for i in self.layout.others)
        return encode_columns([list(map(cells.__getitem__, chosen)) for cells in columns], len(chosen))


class _ReportLines:
    """Some rows as report lines, one for each ID.

    rows: for each line the index of its row. from_cells, to_cells: its IDs as written.
    from_ids, to_ids: its IDs; 0 if the cell is not an ID or `judge_id` must read it.
    """

    def __init__(self, records: Records, layout: Layout) -> None:
        self.rows = np.arange(len(records.rows))
        self.from_cells = records.column(layout.from_side.column, layout.width)
        self.to_cells = records.column(layout.to_side.column, layout.width)
        if ";" in "".join(self.from_cells) or ";" in "".join(self.to_cells):
            self._split()
        self.from_ids, self.to_ids = read_ids(self.from_cells), read_ids(self.to_cells)

    def _split(self) -> None:
        """Give each of several IDs in a cell a line of its own, unless both sides hold several."""
        pairs = [
            (from_ids, to_ids) if len(from_ids) < 2 or len(to_ids) < 2 else ([from_cell], [to_cell])
            for from_cell, to_cell in zip(self.from_cells, self.to_cells, strict=True)
            for from_ids, to_ids in [(split_ids(from_cell), split_ids(to_cell))]
        ]
        counts = [len(from_ids) * len(to_ids) for from_ids, to_ids in pairs]
        self.rows = np.repeat(self.rows, counts)
        self.from_cells = list(chain.from_iterable(one * len(other) for one, other in pairs))
        self.to_cells = list(chain.from_iterable(other * len(one) for one, other in pairs))


class _Places:
    """Where report lines are. `blank`: those of blank rows; `before`: the data rows of earlier chunks.

    positions, numbers, lines: for each its place in the chunk, its data row, and its line of the file.
    size, rows, blank_rows: report lines, data rows, and blank rows of more than one cell.
    """

    def __init__(self, records: Records, lines: _ReportLines, blank: list[int], before: int) -> None:
        counted = np.ones(len(lines.rows), dtype=np.int64)
        counted[blank] = 0
        is_row = np.ones(len(records.rows), dtype=np.int64)
        is_row[lines.rows[blank]] = 0
        self.positions = np.cumsum(counted) - 1
        self.numbers = (np.cumsum(is_row) + before)[lines.rows]
        self.lines = np.array(records.lines, dtype=np.int64)[lines.rows]
        self.size, self.rows = int(counted.sum()), int(is_row.sum())
        self.blank_rows = sum(len(records.row(i)) > 1 for i in lines.rows[blank].tolist())


def _type_as_written(cells: list[str], side: Side) -> str:
    written = "" if side.type_column is None else cells[side.type_column].strip()
    return written or side.default_type or ""


def _usual_digits(ids: Numbers) -> int:
    """How many digits the IDs of a column usually have; 0 if there are none."""
    ids = ids[ids > 0]
    return len(str(int(np.median(ids)))) if len(ids) else 0
