"""One run at a time: a lock on a small SQLite file beside the checkpoint; it ends with its process.

SQLite's locks (POSIX fcntl, LockFileEx) work without flock. The lock is a write transaction that stays open
(RESERVED), so that others can still read who holds it. https://www.sqlite.org/lockingv3.html
"""

from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from loader.checkpoint.connection import LOCAL_DISK, advice, primary_code, words
from loader.errors import CheckpointError

#: Seconds to wait for another process that is just claiming the lock, or reading who has it.
_CLAIM_TIMEOUT = 5


class CheckpointLock:
    """Holds a checkpoint for one run of `command`, from `__enter__` to `__exit__`.

    The lock's file is ``<checkpoint>-lock``, beside the file that a symbolic link points to, and is deleted
    at the end. `__enter__` raises CheckpointError if another process holds the lock, or if the folder or
    its disk does not allow one.
    """

    def __init__(self, checkpoint: Path, command: str) -> None:
        self.checkpoint = Path(os.path.realpath(checkpoint))
        self.path = _lock_of(self.checkpoint)
        self._holder = (command, os.getpid(), socket.gethostname())
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        if not self.checkpoint.parent.is_dir():
            raise CheckpointError(
                f"{self.checkpoint} can't be written: there is no folder {self.checkpoint.parent}",
                "Create the folder, or name another report with --report.",
            )
        try:
            while self._connection is None:
                with ExitStack() as stack:
                    connection = stack.enter_context(closing(self._claim()))
                    if self._is_at_its_path():
                        self._connection = connection
                        stack.pop_all()
                    # Else the previous holder has just deleted the file that this lock is on.
        except sqlite3.Error as error:
            raise self._refused(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is None:
            return
        if os.name == "posix":  # while it is held: after that the file may be another run's
            with suppress(OSError):
                self.path.unlink()
        self._connection.close()
        self._connection = None
        if (
            os.name != "posix"
        ):  # an open file can't be deleted there: not ours before `close`, and not another run's now
            with suppress(OSError):
                self.path.unlink()

    def _claim(self) -> sqlite3.Connection:
        """A connection that holds the lock on a file that names this run. Raises sqlite3.Error."""
        connection = sqlite3.connect(self.path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            while True:
                connection.execute("PRAGMA busy_timeout = 0")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("CREATE TABLE IF NOT EXISTS holder (command TEXT, pid INTEGER, host TEXT)")
                if connection.execute("SELECT * FROM holder").fetchone() == self._holder:
                    return connection
                connection.execute("DELETE FROM holder")
                connection.execute("INSERT INTO holder VALUES (?, ?, ?)", self._holder)
                connection.execute(f"PRAGMA busy_timeout = {_CLAIM_TIMEOUT * 1000}")
                connection.execute("COMMIT")  # which releases the lock: another process may take it
        except BaseException:
            connection.close()
            raise

    def _is_at_its_path(self) -> bool:
        """Whether the lock is on the file that the path names now: then it can't be taken a second time."""
        with closing(sqlite3.connect(self.path, timeout=0, isolation_level=None)) as second:
            try:
                second.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if primary_code(error) == sqlite3.SQLITE_BUSY:
                    return True
                raise
            return False

    def _refused(self, error: sqlite3.Error) -> CheckpointError:
        code = primary_code(error)
        if code == sqlite3.SQLITE_NOTADB:
            return CheckpointError(
                f"{self.path} is not a lock file of assoc-loader",
                "Delete it if no run is under way, and run the same command again.",
            )
        # ENOLCK, on a share without a lock service, looks like a lock that another process holds.
        if code == sqlite3.SQLITE_BUSY:
            if not self._can_lock():
                with suppress(OSError):
                    self.path.unlink()  # no run can hold it
                return CheckpointError(
                    f"the disk of {self.checkpoint} can't lock files", self._advice(LOCAL_DISK)
                )
            return CheckpointError(
                f"{self.checkpoint} is in use by {self._name_holder()}",
                "Wait until that run has ended, then run the same command again.",
            )
        hint = self._advice(advice(error))
        if code == sqlite3.SQLITE_FULL:
            hint = "Make room on the disk."
            with suppress(OSError):
                if not self.path.stat().st_size:
                    self.path.unlink()  # no run holds it: a run's file has a page
        return CheckpointError(f"{self.checkpoint} can't be locked: {words(error)} ({self.path})", hint)

    def _advice(self, to_load: str) -> str:
        """What to do about the folder; only `load` has an option for it."""
        if self._holder[0] == "load":
            return to_load
        return "Move input, report and checkpoint to a folder on a local disk where this user may write."

    def _can_lock(self) -> bool:
        """Whether a new file in the same folder can be locked."""
        trial = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            with closing(sqlite3.connect(trial, timeout=0, isolation_level=None)) as connection:
                connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            return False
        finally:
            with suppress(OSError):
                trial.unlink()
        return True

    def _name_holder(self) -> str:
        with suppress(sqlite3.Error):
            with closing(sqlite3.connect(self.path, timeout=_CLAIM_TIMEOUT)) as connection:
                holder = connection.execute("SELECT command, pid, host FROM holder").fetchone()
            if holder is not None:
                command, pid, host = holder
                return f"`{command}`, process {pid} on {host}"
        return "another run"


def is_running(checkpoint: Path, pid: int, host: str) -> bool:
    """Whether this process holds the lock of a checkpoint; after a kill only its file is there."""
    path = _lock_of(Path(os.path.realpath(checkpoint)))
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            if connection.execute("SELECT pid, host FROM holder").fetchone() != (pid, host):
                return False
            connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return primary_code(error) == sqlite3.SQLITE_BUSY
    return False


def _lock_of(checkpoint: Path) -> Path:
    return checkpoint.with_name(f"{checkpoint.name}-lock")
