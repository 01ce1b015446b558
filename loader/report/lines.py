"""The report's lines: the input's, joined with what the checkpoint has of its pairs (contract, section 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from loader.checkpoint import Checkpoint
from loader.checkpoint.index import Index
from loader.checkpoint.reading import pairs_of
from loader.checkpoint.results import OutcomeTexts, Result, outcome_texts, results_of
from loader.csvtext import encode_cells
from loader.model import OWN_COLUMNS, Status
from loader.report.cells import json_cell, server_cell, time_cell
from loader.source import Chunk, InvalidRow, TypePair

#: Pairs that are no longer in the input and are read at a time.
_AT_ONCE = 10_000
#: Outcomes whose cells are remembered; texts that name a record differ for each pair.
_REMEMBERED = 10_000
_EXISTED_BEFORE = {None: "", 0: "no", 1: "yes"}
#: From `status` to `verified`, of a pair that the checkpoint does not have.
_NOT_SENT = f"{Status.NOT_SENT},,0,,,,,,,,"


def header(other_names: Sequence[str]) -> str:
    """The report's first line, `\\n` included; `other_names` are the input's other columns."""
    return f"{','.join(OWN_COLUMNS)}{encode_cells(other_names)}\n"


class _OutcomeCells(NamedTuple):
    """The cells of an outcome, those that are neighbours together; `errors` are three."""

    status: str
    types: str
    errors: str
    correlation_id: str


class ReportLines:
    """Makes the lines of one report from a checkpoint and a fresh index of it."""

    def __init__(self, checkpoint: Checkpoint, index: Index) -> None:
        self._checkpoint = checkpoint
        self._index = index
        self._outcomes: dict[int, _OutcomeCells] = {}

    def of_chunk(self, chunk: Chunk, type_pairs: Iterable[TypePair]) -> list[str]:
        """One line for each of the chunk's report lines, in order; tells the index which pairs were seen."""
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
        """Lines for the pairs that no chunk had, without a row number and with `width` more empty cells."""
        ids = self._index.not_in_input()
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE].tolist()
            results = results_of(self._checkpoint, some)
            self._learn(results)
            yield [
                f",{','.join(pair[1:5])},{self._cells(results[pair.id])}{',' * width}\n"
                for pair in pairs_of(self._checkpoint, some)
            ]

    def _results(self, chunk: Chunk, type_pairs: Sequence[TypePair]) -> list[str]:
        """The cells from `status` on for each of the chunk's pairs."""
        ids = np.zeros(len(chunk.types), dtype=np.int64)
        first = np.ones(len(ids), dtype=np.bool_)
        first[list(chunk.duplicates)] = False
        columns = chunk.from_ids[first], chunk.to_ids[first], chunk.types[first]
        ids[first] = self._index.find(*columns, type_pairs)
        self._index.see(ids)
        results = results_of(self._checkpoint, ids[ids > 0].tolist())
        self._learn(results)
        return [self._cells(results[one]) if one else _NOT_SENT for one in ids.tolist()]

    def _cells(self, result: Result) -> str:
        _, outcome, attempts, existed, correlation_id, completed_at, verified = result
        if outcome is None or completed_at is None:
            return f"{Status.NOT_SENT},,,,{_EXISTED_BEFORE[existed]},,,,,,"
        status, types, errors, shared_id = self._outcomes[outcome]
        return (
            f"{status},{attempts},{types},{_EXISTED_BEFORE[existed]},{errors},"
            f"{server_cell(correlation_id) if correlation_id else shared_id},{time_cell(completed_at)},"
            f"{verified or ''}"
        )

    def _learn(self, results: Mapping[int, Result]) -> None:
        """Remember the cells of the outcomes that these results have."""
        if len(self._outcomes) > _REMEMBERED:
            self._outcomes.clear()
        new = {result[1] for result in results.values() if result[1]} - self._outcomes.keys()
        for number, texts in outcome_texts(self._checkpoint, new).items():
            self._outcomes[number] = _outcome_cells(texts)


def _outcome_cells(texts: OutcomeTexts) -> _OutcomeCells:
    errors = (
        server_cell(texts.error_category),
        server_cell(texts.error_message),
        json_cell(texts.error_details),
    )
    return _OutcomeCells(
        f"{texts.status},{texts.http_status or ''}",
        server_cell(texts.association_types),
        ",".join(errors),
        server_cell(texts.correlation_id),
    )


def _unsendable(row: InvalidRow, result: str) -> str:
    cells = encode_cells((row.from_type, row.from_id, row.to_type, row.to_id))
    return f"{row.row}{cells},{result}{row.rest}\n"
