"""Appending outcomes to the report from a thread of its own, so that the disk never holds up the network.

The report is the checkpoint: an outcome's line is handed to the operating system within a tenth
of a second and is on the disk within a second. Before each write the thread makes sure that the
path still is the file that it has open and that nobody else has written to it.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from loader.errors import ReportError, ReportLost
from loader.model import OutcomeGroup
from loader.report.durable import ChangedMeanwhile, Sync, sync_directory, sync_file
from loader.report.layout import header, lines
from loader.report.mending import mend
from loader.report.readback import Settled

#: Seconds between two writes, and from a write to the fsync that makes it last.
WRITE_INTERVAL = 0.1
SYNC_INTERVAL = 0.5
#: Rows that are taken for one write, and the rest of a group: they and their text are let go before the next.
_AT_ONCE = 10_000

_AGAIN = "give the same command again: it goes on from there."


class ReportWriter:
    """Writes the report of one run, under its `ReportLock`, from construction to `close`.

    `settled` is what `read_back` found at `path`: the report is continued behind its last whole record,
    mended before where that is needed, or created (for the user's umask) where there was none. `None` throws
    away whatever is there.
    `on_failure` is called once, from the writing thread, when the report can't be written any more;
    `failure` then says why, and what is added from then on is dropped.

    Raises `ReportError` if the file can't be opened, is no regular file, or has changed since it was read.
    """

    def __init__(
        self,
        path: Path,
        other_columns: Sequence[str],
        settled: Settled | None,
        on_failure: Callable[[ReportLost], None] | None = None,
    ) -> None:
        self.path = Path(os.path.realpath(path))
        self.failure: ReportLost | None = None
        self._on_failure = on_failure
        self._pending: deque[OutcomeGroup] = deque()
        self._added = self._taken = 0  # rows; each is counted up by one thread alone
        self._closing = False
        self._wanted = threading.Event()  # before the next write is due
        self._open(f"{header(other_columns)}\n".encode(), settled)
        self._thread = threading.Thread(target=self._run, name="report-writer", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Rows that are not written yet."""
        return self._added - self._taken if self.failure is None else 0

    def add(self, group: OutcomeGroup) -> None:
        """Queue the outcomes of a group; costs less than a microsecond and never blocks."""
        if self.failure is not None:
            return
        self._pending.append(group)
        self._added += len(group.pairs)
        if self._added - self._taken >= _AT_ONCE and not self._wanted.is_set():
            self._wanted.set()

    def close(self) -> None:
        """Write and fsync what is queued, and end the thread. Raises the `failure`, if there is one."""
        self._closing = True
        self._wanted.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _open(self, first_line: bytes, settled: Settled | None) -> None:
        """Open the file and make it end behind its last whole record."""
        if self.path.exists() and not self.path.is_file():
            raise ReportError(f"the report {self.path} is not a regular file", "Choose a file with --report.")
        try:
            if settled is not None and settled.stretches:
                settled = mend(self.path, first_line, settled)
            try:
                self._file = self.path.open("r+b", buffering=0)
            except FileNotFoundError:
                self._file = self.path.open("x+b", buffering=0)
            try:
                self._cut_damage(first_line, settled)
            except BaseException:
                self._file.close()
                raise
        except ChangedMeanwhile:
            raise ReportError(
                f"the report {self.path} has changed since it was read",
                "Make sure that no other program writes it, and give the same command again.",
            ) from None
        except OSError as error:
            raise ReportError(
                f"the report {self.path} can't be written: {error.strerror or error}",
                "Change the permissions or make room on the disk, or choose another report with --report.",
            ) from error

    def _cut_damage(self, first_line: bytes, settled: Settled | None) -> None:
        status = os.fstat(self._file.fileno())
        if settled is not None and status.st_size != settled.size:
            raise ChangedMeanwhile
        self._identity = (status.st_dev, status.st_ino)
        self._written = self._synced = 0 if settled is None else settled.end
        self._unsynced_since: float | None = None
        self._syncing: Sync | None = None
        self._file.truncate(self._written)
        self._file.seek(self._written)
        if not self._written:
            self._write(first_line)
        sync_file(self._file.fileno())
        sync_directory(self.path.parent)
        self._synced, self._unsynced_since = self._written, None

    def _run(self) -> None:
        try:
            while not self._closing:
                self._wanted.wait(WRITE_INTERVAL)
                self._wanted.clear()
                self._flush()
                self._sync_if_due()
            self._flush()
            self._sync_all()
            if not self._find():  # deleted after the last write
                self._put_back()
        except ReportLost as stopped:
            self._fail(stopped)
        except Exception as error:  # a thread that dies in silence would lose every later row
            with suppress(OSError):
                self._sync_all()
            self._fail(_unwritable(self.path, error))
        finally:
            if self._syncing is not None:  # it goes by the file's number, which another file may get
                with suppress(OSError):
                    self._syncing.wait()
            self._file.close()

    def _flush(self) -> None:
        for _ in range(-(-(self._added - self._taken) // _AT_ONCE)):
            text = _in_order(self._take())
            found = self._find()
            self._write(text.encode())
            if not found:
                self._put_back()

    def _take(self) -> list[OutcomeGroup]:
        """Lots for the next write."""
        groups, rows = [], 0
        while self._pending and rows < _AT_ONCE:
            group = self._pending.popleft()
            groups.append(group)
            rows += len(group.pairs)
        self._taken += rows
        return groups

    def _find(self) -> bool:
        """Whether the path still is the open file (False: it is free). Raises `ReportLost` for another."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            return False
        if (status.st_dev, status.st_ino) != self._identity:
            raise self._changed(
                "was replaced by another file while it was being written. That file was not touched"
            )
        if status.st_size != self._written:
            raise self._changed(
                "was edited by another program while it was being written, and is left as it is"
            )
        return True

    def _put_back(self) -> None:
        """Copy the deleted file's content from the open handle to the path, then stop."""
        try:
            with self.path.open("xb", buffering=0) as copy:
                self._file.seek(0)
                while data := memoryview(self._file.read(1 << 20)):
                    while data:
                        data = data[copy.write(data) :]
                sync_file(copy.fileno())
            sync_directory(self.path.parent)
        except OSError as error:
            raise self._changed(
                f"was deleted or moved while it was being written, and could not be put back: "
                f"{error.strerror or error}"
            ) from error
        raise self._changed("was deleted or moved while it was being written. Its content has been put back")

    def _changed(self, what: str) -> ReportLost:
        return ReportLost(
            "report_changed",
            f"the report {self.path} {what}",
            f"Find out what touches the report, look at it, and {_AGAIN}",
        )

    def _write(self, data: bytes) -> None:
        """Append; on an error the file ends where it ended before."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._cut(self._written)
            raise
        self._written += len(data)
        if self._unsynced_since is None:
            self._unsynced_since = time.monotonic()

    def _sync_if_due(self) -> None:
        """Begin to make what is written last, where that is due and nothing of the kind is under way."""
        if self._syncing is not None and self._syncing.ended:
            self._end_sync()
        due = self._unsynced_since is not None and time.monotonic() - self._unsynced_since >= SYNC_INTERVAL
        if due and self._syncing is None:
            self._syncing, self._unsynced_since = Sync(self._file.fileno(), self._written), None

    def _sync_all(self) -> None:
        """Return when all that is written is on the disk."""
        self._end_sync()
        if self._synced < self._written:
            self._syncing = Sync(self._file.fileno(), self._written)
            self._end_sync()

    def _end_sync(self) -> None:
        """After a failed fsync nobody knows what is there, so that is cut off."""
        if self._syncing is None:
            return
        sync, self._syncing = self._syncing, None
        try:
            sync.wait()
        except OSError:
            self._cut(self._synced)
            raise
        self._synced = sync.size

    def _cut(self, size: int) -> None:
        with suppress(OSError):  # a torn line is cut off by the next run, too
            self._file.truncate(size)
        self._written = size

    def _fail(self, stopped: ReportLost) -> None:
        self.failure = stopped
        self._pending.clear()
        if self._on_failure is not None:
            self._on_failure(stopped)


def _first_row(group: OutcomeGroup) -> int:
    return group.pairs[0].row


def _in_order(groups: list[OutcomeGroup]) -> str:
    """The lines of the groups in the order of their rows, which leaves little to put in order at the end."""
    groups.sort(key=_first_row)
    texts = lines(groups)
    if any(one.pairs[-1].row > _first_row(other) for one, other in pairwise(groups)):
        rows = [pair.row for group in groups for pair in group.pairs]
        texts = [texts[at] for at in sorted(range(len(rows)), key=rows.__getitem__)]
    return "".join(texts)


def _unwritable(path: Path, error: Exception) -> ReportLost:
    reason = (error.strerror if isinstance(error, OSError) else None) or repr(error)
    stopped = ReportLost(
        "report_unwritable",
        f"the report {path} can't be written any more: {reason}",
        f"Every row that it names is true. Make room on the disk or mend the permissions, and {_AGAIN}",
    )
    stopped.__cause__ = error
    return stopped
