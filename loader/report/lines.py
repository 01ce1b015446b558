"""The report's lines: the input's, joined with what the checkpoint has of its pairs (contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loader.checkpoint import Checkpoint
from loader.checkpoint.index import IDs, Index
from loader.checkpoint.reading import pairs_of
from loader.checkpoint.results import Kind, OutcomeTexts, Results, outcome_texts, results_of
from loader.csvtext import encode_cells
from loader.model import OWN_COLUMNS, Status
from loader.report.cells import json_cell, server_cell, time_cell
from loader.source import Chunk, InvalidRow, TypePair

#: Pairs to read at a time, of those no longer in the input.
_AT_ONCE = 10_000
#: Kinds of results whose cells are cached; texts that name a record differ for each pair.
_REMEMBERED = 10_000
#: The cells from `status` to `verified` of a pair that is not in the checkpoint.
_NOT_SENT = f"{Status.NOT_SENT},,0,,,,,,,,"


def header(other_names: Sequence[str]) -> str:
    """The report's first line, `\\n` included; `other_names` are the input's other columns."""
    return f"{','.join(OWN_COLUMNS)}{encode_cells(other_names)}\n"


class _Cells(NamedTuple):
    """The cells of results of one kind, from `status` on.

    before: the cells up to `error_details`, or all if there is no result. correlation_id: None if no result.
    """

    before: str
    correlation_id: str | None = None
    verified: str = ""


class ReportLines:
    """Makes the lines of one report from a checkpoint and an index of all its pairs."""

    def __init__(self, checkpoint: Checkpoint, index: Index) -> None:
        self._checkpoint = checkpoint
        self._index = index
        self._kinds: dict[int, _Cells] = {}

    def of_chunk(self, chunk: Chunk, type_pairs: Iterable[TypePair]) -> list[str]:
        """One line for each of the chunk's report lines, in order; marks its pairs as seen in the index."""
        type_pairs = list(type_pairs)
        lines = [""] * chunk.size
        cells = self._results(chunk, type_pairs)
        for index, first in chunk.duplicates.items():
            cells[index] = f"{Status.DUPLICATE},,0,,,DUPLICATE,duplicate of row {first},,,,"
        types = [f"{one.from_type}," for one in type_pairs], [f",{one.to_type}," for one in type_pairs]
        places = chunk.types.tolist()
        rests = chunk.rests or [""] * len(places)
        for place, row, which, from_id, to_id, result, rest in zip(
            chunk.positions.tolist(),
            chunk.rows_of.tolist(),
            places,
            chunk.from_ids.tolist(),
            chunk.to_ids.tolist(),
            cells,
            rests,
            strict=True,
        ):
            lines[place] = f"{row},{types[0][which]}{from_id}{types[1][which]}{to_id},{result}{rest}\n"
        for invalid in chunk.invalid:
            category, message = invalid.fault
            lines[invalid.position] = _unsendable(
                invalid, f"{Status.INVALID},,0,,,{server_cell(category)},{server_cell(message)},,,,"
            )
        for empty in chunk.empty:
            lines[empty.position] = _unsendable(empty, f"{Status.EMPTY},,0,,,,,,,,")
        return lines

    def of_others(self, width: int) -> Iterator[list[str]]:
        """Lines for the pairs that were in no chunk, with no row number and `width` more empty cells."""
        ids = self._index.not_in_input()
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            cells = self._cells(results_of(self._checkpoint, some))
            yield [
                f",{','.join(pair[1:5])},{result}{',' * width}\n"
                for pair, result in zip(pairs_of(self._checkpoint, some.tolist()), cells, strict=True)
            ]

    def _results(self, chunk: Chunk, type_pairs: Sequence[TypePair]) -> list[str]:
        """The cells from `status` on for each of the chunk's pairs."""
        ids = np.zeros(len(chunk.types), dtype=np.int64)
        first = np.ones(len(ids), dtype=np.bool_)
        first[list(chunk.duplicates)] = False
        columns = chunk.from_ids[first], chunk.to_ids[first], chunk.types[first]
        ids[first] = self._index.find(*columns, type_pairs)
        self._index.see(ids)
        known = ids > 0
        cells = np.full(len(ids), _NOT_SENT, dtype=object)
        cells[known] = self._cells(results_of(self._checkpoint, ids[known]))
        return list(cells)

    def _cells(self, results: Results) -> npt.NDArray[np.object_]:
        """The cells from `status` on. Made once for neighbours with equal results, as in a batch."""
        ids, kinds, completed_at, correlation_ids = results
        self._learn(kinds)
        is_new = np.ones(len(ids), dtype=np.bool_)
        if not correlation_ids:
            is_new[1:] = (kinds[1:] != kinds[:-1]) | (completed_at[1:] != completed_at[:-1])
        new = np.flatnonzero(is_new)
        cells = [
            _joined(self._kinds[kind], correlation_ids.get(one), at)
            for one, kind, at in zip(
                ids[new].tolist(), kinds[new].tolist(), completed_at[new].tolist(), strict=True
            )
        ]
        each: npt.NDArray[np.object_] = np.array(cells, dtype=object)[np.cumsum(is_new) - 1]
        return each

    def _learn(self, kinds: IDs) -> None:
        """Cache the cells of these kinds of results."""
        if len(self._kinds) > _REMEMBERED:
            self._kinds.clear()
        new = {number: Kind.of(number) for number in np.unique(kinds).tolist() if number not in self._kinds}
        texts = outcome_texts(self._checkpoint, {kind.outcome for kind in new.values() if kind.outcome})
        for number, kind in new.items():
            if kind.outcome:
                self._kinds[number] = _cells_of(kind, texts[kind.outcome])
            else:
                self._kinds[number] = _Cells(f"{Status.NOT_SENT},,,,{kind.existed_before},,,,,,")


def _cells_of(kind: Kind, texts: OutcomeTexts) -> _Cells:
    before = (
        texts.status,
        str(texts.http_status or ""),
        str(kind.attempts),
        server_cell(texts.association_types),
        kind.existed_before,
        server_cell(texts.error_category),
        server_cell(texts.error_message),
        json_cell(texts.error_details),
    )
    return _Cells(",".join(before), server_cell(texts.correlation_id), kind.verified)


def _joined(cells: _Cells, correlation_id: str | None, completed_at: int) -> str:
    before, shared_id, verified = cells
    if shared_id is None:
        return before
    trace = server_cell(correlation_id) if correlation_id else shared_id
    return f"{before},{trace},{time_cell(completed_at)},{verified}"


def _unsendable(row: InvalidRow, result: str) -> str:
    cells = encode_cells((row.from_type, row.from_id, row.to_type, row.to_id))
    return f"{row.row}{cells},{result}{row.rest}\n"
