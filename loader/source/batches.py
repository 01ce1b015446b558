"""The old way to read the input, for the commands that have not changed over to chunks yet."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from loader.errors import UsageError
from loader.model import Outcome, Pair, Status
from loader.source import input_file, source
from loader.source.chunk import Chunk, InvalidRow, Survey
from loader.source.columns import Columns
from loader.source.input_file import InputFile
from loader.source.type_pairs import Numbers


class Batch(NamedTuple):
    """A stretch of the input: what is to be sent, and what is settled without sending."""

    pairs: list[Pair]
    outcomes: list[Outcome]


class OldSurvey(Survey):
    """A survey as the old commands know it."""

    identities: Numbers | None = None

    @property
    def chosen(self) -> int:
        """Report lines."""
        return self.lines


class Source(source.Source):
    """A source that gives batches too."""

    def __init__(
        self,
        file: InputFile,
        columns: Columns,
        *,
        encoding: str = "auto",
        only: frozenset[str] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if only is not None:
            raise UsageError("--only is gone", "Leave it out.")
        super().__init__(file, columns, encoding=encoding)
        self._now = now

    def survey(self, *, identities: bool = False, seen: Any = None, **how: Any) -> OldSurvey:
        """As the new one, with a hash of each row's content if asked for."""
        survey = super().survey(seen=seen or (lambda _rows: None), **how)
        object.__setattr__(survey, "__class__", OldSurvey)
        if identities:
            hashes = array("q")
            for chunk in self.chunks(survey, with_rests=True):
                pairs = {pair.row: pair for pair in self._all_pairs(chunk)}
                hashes.extend(hash(pairs[row][1:6]) for row in sorted(pairs))
            object.__setattr__(survey, "identities", np.frombuffer(hashes, dtype=np.int64))
        assert isinstance(survey, OldSurvey)
        return survey

    def batches(
        self, survey: Survey, *, settled: npt.NDArray[np.uint8] | None = None, limit: int | None = None
    ) -> Iterator[Batch]:
        """The rows that are neither settled nor beyond the limit."""

        def is_open(row: int) -> bool:
            return (limit is None or row <= limit) and (settled is None or settled[row - 1] == 0)

        for chunk in self.chunks(survey, with_rests=True):
            now = self._now()
            pairs = self._pairs(chunk)
            outcomes = [_invalid(row, now) for row in chunk.invalid + chunk.empty if is_open(row.row)]
            outcomes += [
                Outcome(
                    pairs[i],
                    Status.DUPLICATE,
                    now,
                    error_category="DUPLICATE",
                    error_message=f"duplicate of row {first}",
                )
                for i, first in chunk.duplicates.items()
                if is_open(pairs[i].row)
            ]
            rest = [p for i, p in enumerate(pairs) if i not in chunk.duplicates and is_open(p.row)]
            yield Batch(rest, outcomes)
            if limit is not None and chunk.first_row + chunk.rows > limit:
                return

    def pair_at(self, row: int) -> Pair:
        """One data row by its number; KeyError if there is none."""
        for chunk in self.chunks(super().survey(), with_rests=True):
            for pair in self._all_pairs(chunk):
                if pair.row == row:
                    return pair
        raise KeyError(row)

    def texts(self) -> Iterator[str]:
        """All that the report takes over in text."""
        for chunk in self.chunks(super().survey(), with_rests=True):
            yield "".join(pair.rest for pair in self._all_pairs(chunk))

    def lines(self, rows: Collection[int]) -> dict[int, int]:
        """The lines on which these data rows begin."""
        found: dict[int, int] = {}
        for chunk in self.chunks(super().survey()) if rows else ():
            found |= dict(zip(chunk.rows_of.tolist(), chunk.lines.tolist(), strict=True))
            found |= {one.row: one.line for one in chunk.invalid + chunk.empty}
        return {row: found[row] for row in rows}

    def _pairs(self, chunk: Chunk) -> list[Pair]:
        kinds = [self.type_pairs[i] for i in chunk.types.tolist()]
        return [
            Pair(row, kind.from_type, str(from_id), kind.to_type, str(to_id), rest)
            for row, kind, from_id, to_id, rest in zip(
                chunk.rows_of.tolist(),
                kinds,
                chunk.from_ids.tolist(),
                chunk.to_ids.tolist(),
                chunk.rests,
                strict=True,
            )
        ]

    def _all_pairs(self, chunk: Chunk) -> list[Pair]:
        return self._pairs(chunk) + [row.pair for row in chunk.invalid + chunk.empty]


def _invalid(row: InvalidRow, now: float) -> Outcome:
    category, message = row.fault
    status = Status.EMPTY if category == "EMPTY" else Status.INVALID
    return Outcome(row.pair, status, now, error_category=category, error_message=message)


def open_input(
    location: str, stdin: Any = None, going_on: Callable[[], None] = lambda: None
) -> nullcontext[InputFile]:
    """The input, a pipe copied to a temporary file first."""
    if not input_file.is_pipe(location):
        return nullcontext(input_file.open_input(location))
    import tempfile
    from pathlib import Path

    path = Path(tempfile.mkdtemp()) / "input.csv"
    input_file.save_copy(location, path, going_on, stdin)
    file = input_file.open_input(str(path))
    file.name = "standard input" if location == "-" else location
    return nullcontext(file)
