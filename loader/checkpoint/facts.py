"""What a checkpoint remembers besides the pairs, as plain values that go through JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from loader.checkpoint.naming import LoadFiles
from loader.model import Status


class RowCount(NamedTuple):
    """How many rows of the input are not sent for one and the same reason, and the first of them as written.

    `status` is ``duplicate``, ``empty`` or ``invalid``; `category` and `message` are an invalid row's.
    `row` is the example's data row and `line` its line in the file (0: not known).
    """

    status: Status
    rows: int
    category: str = ""
    message: str = ""
    row: int = 0
    line: int = 0
    from_type: str = ""
    from_id: str = ""
    to_type: str = ""
    to_id: str = ""


class TypePairCount(NamedTuple):
    """How many sendable rows of the input have these object types, as written."""

    from_type: str
    to_type: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class InputReading:
    """How the input was last read, and what was found.

    path: absolute path of the input, ``STEM.input.csv`` for standard input.
    layout: columns, types, delimiter, encoding, sheet: all that is needed to read it the same way again.
    rows: data rows.
    pairs: different pairs that can be sent.
    counts: rows that can't or need not be sent, by reason.
    type_pairs: sendable rows by their object types.
    read_at: Unix time in seconds.
    """

    path: str
    layout: Mapping[str, object]
    rows: int
    pairs: int
    counts: tuple[RowCount, ...]
    type_pairs: tuple[TypePairCount, ...]
    read_at: float

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> InputReading:
        """The reading whose fields were written as JSON."""
        counts = tuple(RowCount(Status(status), *rest) for status, *rest in values.pop("counts"))
        type_pairs = tuple(TypePairCount(*one) for one in values.pop("type_pairs"))
        return cls(**values, counts=counts, type_pairs=type_pairs)


@dataclass(frozen=True, kw_only=True)
class ReportWritten:
    """The report as the program last wrote it: a file with another digest has been edited since.

    path: absolute path.
    digests: SHA-256 in hex; two if it replaced an unedited report: after a kill, either may be there.
    """

    path: str
    digests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a command on this load.

    command: ``load``, ``verify``, ``undo`` or ``report``.
    started_at, ended_at: Unix time in seconds; no end means that it is still running or was killed.
    stopped: why it ended early, in a word; empty if it did not.
    """

    id: int
    command: str
    host: str
    pid: int
    started_at: float
    ended_at: float | None = None
    exit_code: int | None = None
    requests: int = 0
    throttled: int = 0
    stopped: str = ""
    message: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the input and the report are, seen from a checkpoint that may have been moved together with them.

    folder: the checkpoint's folder when this was noted; absolute, as are the others.
    """

    folder: str
    report: str
    input: str = ""

    @classmethod
    def of(cls, files: LoadFiles, folder: Path) -> Places:
        """The places of a load's files, whose checkpoint is in `folder` (absolute)."""
        where = str(files.input.absolute()) if files.input else ""
        return cls(folder=str(folder), report=str(files.report.absolute()), input=where)

    def input_from(self, folder: Path) -> Path | None:
        """Where the input is now that the checkpoint is in `folder`; None if there was none."""
        if not self.input:
            return None
        path = Path(self.input)
        moved = self._moved(path, folder)
        return moved if moved.exists() or not path.exists() else path

    def report_from(self, folder: Path) -> Path:
        """Where the report belongs: a copied checkpoint leaves the original's report alone."""
        return self._moved(Path(self.report), folder)

    def _moved(self, path: Path, folder: Path) -> Path:
        if folder != Path(self.folder) and path.is_relative_to(self.folder):
            return folder / path.relative_to(self.folder)
        return path
