"""A load before its first request: the input is read, the checkpoint locked, and the two compared."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from loader.checkpoint import (
    Checkpoint,
    CheckpointLock,
    InputReading,
    LoadFiles,
    RowCount,
    TypePairCount,
    refuse_files,
    refuse_log_file,
)
from loader.checkpoint.index import Index, read_index
from loader.commands.saved_input import SavedInput
from loader.engine.work_item import OpenPairs
from loader.errors import CheckpointError, UsageError
from loader.model import Pair, Status, make_pair
from loader.settings import LoadSettings
from loader.source import Chunk, Columns, InvalidRow, Source, Survey, importing_pandas, is_pipe, open_input
from loader.text import truncate

#: Characters of an example's cell that the checkpoint keeps: a cell may hold megabytes.
_MAX_CELL = 200
#: Pairs that become Python objects at a time.
_AT_ONCE = 5_000

#: Called with the number of data rows read so far; an exception from it ends the reading.
Progress = Callable[[int], None]


@dataclass(frozen=True)
class LoadPlan:
    """A load that is ready to run.

    settings: what the caller asked for
    files: input, report and checkpoint
    source, survey: the input, and what its first reading found
    saved: the copy of a pipe, to be kept once the load has begun; None if the input is a file
    checkpoint, index: what earlier runs settled
    """

    settings: LoadSettings
    files: LoadFiles
    source: Source
    survey: Survey
    checkpoint: Checkpoint
    index: Index
    saved: SavedInput | None

    @property
    def open_pairs(self) -> int:
        """Pairs that no earlier run settled."""
        return self.survey.sendable - self.index.settled_seen(retry=self.settings.retry)

    @property
    def to_send(self) -> int:
        """Pairs that this run takes up."""
        return self.open_pairs if self.settings.limit is None else min(self.settings.limit, self.open_pairs)

    @property
    def settled(self) -> int:
        """Pairs of the input that earlier runs settled."""
        return self.survey.sendable - self.open_pairs

    def chunks(self) -> Iterator[OpenPairs]:
        """The open pairs in the input's order; those sent earlier with what was found before they were sent.

        Raises Stopped if the input is no longer what the survey read.
        """
        left = self.to_send
        for chunk in self.source.chunks(self.survey):
            if left <= 0:
                return
            ids = self.index.find(chunk.from_ids, chunk.to_ids, chunk.types, self.source.type_pairs)
            is_open = ~self.index.is_settled(ids, retry=self.settings.retry)
            is_open[list(chunk.duplicates)] = False
            chosen = np.flatnonzero(is_open)[:left]
            left -= len(chosen)
            for start in range(0, len(chosen), _AT_ONCE):  # Python objects take ten times the memory
                some = chosen[start : start + _AT_ONCE]
                yield from self._by_history(chunk, some, ids[some])

    def _by_history(
        self, chunk: Chunk, chosen: npt.NDArray[np.int64], ids: npt.NDArray[np.int64]
    ) -> Iterator[OpenPairs]:
        sent = self.index.was_sent(ids)
        pairs = _pairs(chunk, chosen, self.index.number(ids), self.source)
        known: dict[str, list[Pair]] = {}
        for place, existed in zip(
            np.flatnonzero(sent).tolist(), self.index.existed_before(ids[sent]), strict=True
        ):
            known.setdefault(existed, []).append(pairs[place])
        for existed, those in known.items():
            yield OpenPairs(those, existed)
        if new := [pairs[place] for place in np.flatnonzero(~sent).tolist()]:
            yield OpenPairs(new)


def prepare(settings: LoadSettings, stack: ExitStack, progress: Progress, *, check: bool = False) -> LoadPlan:
    """Read the input, lock and read the checkpoint, and compare them; `stack` keeps them open.

    With `check`, nothing is locked or left behind. Raises UsageError, and what `progress` raises.
    """
    files = _files(settings, stack, check=check)
    anew = settings.overwrite or settings.simulate
    refuse_files(files, overwrite=settings.overwrite, simulate=settings.simulate)
    refuse_log_file(files, settings.log_file)
    if not check:
        stack.enter_context(CheckpointLock(files.checkpoint, "load"))
    saved = _save_pipe(settings, files, stack, progress, check=check)
    source = _open_source(settings, str(saved.path) if saved else settings.input, stack)
    checkpoint = stack.enter_context(Checkpoint(files.checkpoint, may_create=True, anew=anew))
    with importing_pandas():
        index = read_index(checkpoint)
    plan = LoadPlan(settings, files, source, compare(source, index, progress), checkpoint, index, saved)
    if index.made and not index.seen:
        raise _nothing_in_common(plan)
    return plan


def _files(settings: LoadSettings, stack: ExitStack, *, check: bool) -> LoadFiles:
    """The three files of the load. Raises UsageError."""
    pipe, report = is_pipe(settings.input), settings.report
    if pipe and report is None:
        if not (check and settings.input == "-"):
            raise UsageError("A pipe has no folder to put the report in: use --report PATH")
        # There is no earlier load to compare with.
        report = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "report.csv")
    return LoadFiles.of(
        None if pipe else Path(settings.input),
        Path(report) if report else None,
        Path(settings.checkpoint) if settings.checkpoint else None,
        simulate=settings.simulate,
    )


def compare(source: Source, index: Index, progress: Progress) -> Survey:
    """Read the whole input once, and note in the index which known pairs it has. Raises InputError."""

    def visit(chunk: Chunk) -> None:
        index.see(index.find(chunk.from_ids, chunk.to_ids, chunk.types, source.type_pairs))

    return source.survey(seen=progress, visit=visit)


def input_reading(source: Source, survey: Survey, path: Path) -> InputReading:
    """What the checkpoint remembers of a reading of the input, so that `summary` needs no input."""
    return InputReading(
        path=os.path.abspath(path),
        layout=source.reading,
        rows=survey.rows,
        pairs=survey.sendable,
        counts=tuple(_row_counts(survey)),
        type_pairs=tuple(TypePairCount(*types, pairs) for types, pairs in survey.pairs_by_types.items()),
        read_at=time.time(),
    )


def read_again(checkpoint: Checkpoint) -> Source | None:
    """The input of an earlier load, opened as it was read then; None if it is gone. Raises InputError."""
    path, reading = checkpoint.files.input, checkpoint.reading
    if path is None or reading is None or not path.exists():
        return None
    layout: dict[str, Any] = dict(reading.layout)
    encoding = layout.pop("encoding")
    return Source(open_input(str(path)), Columns(**layout), encoding=encoding)


def _save_pipe(
    settings: LoadSettings, files: LoadFiles, stack: ExitStack, progress: Progress, *, check: bool
) -> SavedInput | None:
    """Save a pipe as the load's input; None if INPUT is a file. Raises UsageError."""
    if not is_pipe(settings.input):
        return None
    path = files.input
    if check or path is None:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "input.csv"
    known = files.checkpoint.exists()
    return stack.enter_context(SavedInput(settings.input, path, lambda: progress(0), known=known))


def _open_source(settings: LoadSettings, location: str, stack: ExitStack) -> Source:
    """The input with its columns found. Raises UsageError."""
    columns = Columns(
        from_column=settings.from_column,
        to_column=settings.to_column,
        from_type_column=settings.from_type_column,
        to_type_column=settings.to_type_column,
        from_type=settings.from_type,
        to_type=settings.to_type,
        delimiter=settings.delimiter,
        allow_empty=settings.allow_empty,
        trust_quotes=settings.trust_quotes,
        sheet=settings.sheet,
    )
    file = open_input(location)
    if location != settings.input:
        file.name = "standard input"
    return Source(file, columns, encoding=settings.encoding)


def _pairs(
    chunk: Chunk, chosen: npt.NDArray[np.int64], ids: npt.NDArray[np.int64], source: Source
) -> list[Pair]:
    types = chunk.types[chosen].tolist()
    from_types = [one.from_type for one in source.type_pairs]
    to_types = [one.to_type for one in source.type_pairs]
    columns = (
        chunk.rows_of[chosen].tolist(),
        map(from_types.__getitem__, types),
        map(str, chunk.from_ids[chosen].tolist()),
        map(to_types.__getitem__, types),
        map(str, chunk.to_ids[chosen].tolist()),
        repeat(""),
        ids.tolist(),
    )
    return list(map(make_pair, zip(*columns, strict=False)))


def _row_counts(survey: Survey) -> Iterator[RowCount]:
    """The rows that are not sent, by reason, each with its first example."""
    for category, count in survey.refused.items():
        yield _row_count(Status.INVALID, count, survey.examples[category][0])
    if survey.empty:
        yield RowCount(Status.EMPTY, survey.empty)
    if survey.duplicates:
        yield RowCount(Status.DUPLICATE, survey.duplicates)


def _row_count(status: Status, count: int, example: InvalidRow) -> RowCount:
    return RowCount(
        status,
        count,
        category=example.fault.category,
        message=truncate(example.fault.message, 2 * _MAX_CELL),
        row=example.row,
        line=example.line,
        from_type=example.from_type,
        from_id=truncate(example.from_id, _MAX_CELL),
        to_type=example.to_type,
        to_id=truncate(example.to_id, _MAX_CELL),
    )


def _nothing_in_common(plan: LoadPlan) -> UsageError:
    if not plan.survey.sendable:
        return CheckpointError(
            f"{plan.source.name} has no pairs any more, and {plan.files.checkpoint} has {plan.index.known:,}",
            "Is that the right file? To take back what this load created, use undo.",
        )
    to_type = next(iter(plan.survey.type_pairs))[1]
    stem = plan.files.report.name.removesuffix(".csv").removesuffix(".report")
    other = plan.files.report.with_name(f"{stem}.{to_type}.report.csv")
    return CheckpointError(
        f"None of the {plan.survey.sendable:,} pairs of {plan.source.name} is in {plan.files.checkpoint}, "
        f"which has {plan.index.known:,} other pairs",
        "The same file for other types, or another file of this name, is another load. "
        "Give it a report of its own.",
        options={"report": str(other)},
    )
