"""Before the first request: the input is read once, the report is taken, and the two are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from loader.commands.replacing import can, may_overwrite_report
from loader.errors import ReportError
from loader.model import Status
from loader.report import ReportLock, Settled, read_back
from loader.settings import LoadSettings
from loader.source import Columns, Source, Survey, open_input


@dataclass(frozen=True)
class LoadPlan:
    """A load that can begin: the input known, the report locked, and what an earlier run settled."""

    settings: LoadSettings
    source: Source
    survey: Survey
    settled: Settled | None

    @property
    def before(self) -> Counter[Status]:
        """Rows that an earlier run settled, by status."""
        return Counter(self.settled.counts) if self.settled else Counter()

    @property
    def total(self) -> int:
        """Rows that the report has when this run has finished."""
        limit = self.settings.limit
        return self.before.total() + self.open_rows if limit is not None else self.survey.chosen

    @property
    def open_rows(self) -> int:
        """Rows that this run has to settle (with `--limit` and `--only` together: at most)."""
        limit = self.settings.limit
        if limit is None:
            return self.survey.chosen - self.before.total()
        if self.settled is None:
            return min(self.survey.chosen, limit)
        return int(np.count_nonzero(np.frombuffer(self.settled.statuses, dtype=np.uint8)[:limit] == 0))

    @property
    def sendable(self) -> int:
        """Of the open rows, how many must be sent (at most)."""
        return min(self.open_rows, self.survey.sendable)


def prepare(
    settings: LoadSettings, stack: ExitStack, stdin: BinaryIO | None, seen: Callable[[int], None] | None
) -> LoadPlan:
    """Find, read and compare; `stack` keeps the input open and the report locked until it is closed.

    `seen` is told how many rows have been read so far. Raises UsageError.
    """
    source = open_source(settings, stack, stdin, seen)
    path = stack.enter_context(ReportLock(settings.report_path)).path
    if settings.overwrite:
        may_overwrite_report(path)
    return compare(settings, source, None if settings.overwrite else path, seen)


def open_source(
    settings: LoadSettings, stack: ExitStack, stdin: BinaryIO | None, seen: Callable[[int], None] | None
) -> Source:
    """The input with its columns found; open until `stack` is closed.

    Raises UsageError, and what `seen` raises, which is asked while a pipe is copied.
    """

    def going_on() -> None:
        if seen is not None:
            seen(0)

    file = stack.enter_context(open_input(settings.input, stdin, going_on))
    columns = Columns(
        from_column=settings.from_column,
        to_column=settings.to_column,
        from_type_column=settings.from_type_column,
        to_type_column=settings.to_type_column,
        from_type=settings.from_type,
        to_type=settings.to_type,
        delimiter=settings.delimiter,
    )
    return Source(file, columns, encoding=settings.encoding, only=settings.only)


def compare(
    settings: LoadSettings, source: Source, path: Path | None, seen: Callable[[int], None] | None
) -> LoadPlan:
    """Read the input for the first time, and the report where there is one (at `path`; None: none counts).

    Nothing is written. Raises UsageError.
    """
    exists = path is not None and path.exists()
    survey = source.survey(identities=exists, seen=seen)
    if path is None or not exists:
        return LoadPlan(settings, source, survey, None)
    others = source.layout.other_names
    identities = survey.identities if survey.identities is not None else np.empty(0, dtype=np.int64)
    try:
        settled = read_back(path, others, identities, source.pair_at, source.texts)
    except ReportError as error:
        hint = error.hint
        if hint and "--overwrite" not in hint and can(may_overwrite_report, path):
            hint += " To throw that report away and start anew, add --overwrite."
        raise ReportError(str(error), hint) from error
    return LoadPlan(settings, source, survey, settled)
