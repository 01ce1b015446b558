"""One run per report: a lock that dies with the process that holds it."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from loader.errors import ReportError


class ReportLock:
    """Holds a report for one run, from `__enter__` to `__exit__`.

    The lock is the operating system's (flock, LockFileEx) on `<report>.lock` beside the report, so
    after `kill -9` the file may be left but holds nobody up. It lies beside the file that a
    symbolic link points to: two names of one report are one lock. `path` is that file.

    Raises `ReportError` where another run holds the report or the lock file can't be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self.lock_path = self.path.with_name(self.path.name + ".lock")
        # Not bound to a thread: a run may be closed from another thread than the one that started it.
        self._lock = FileLock(self.lock_path, thread_local=False)

    def __enter__(self) -> Self:
        if not self.path.parent.is_dir():
            raise ReportError(
                f"the report {self.path} can't be written: there is no directory {self.path.parent}",
                "Create the directory, or choose another report with --report.",
            )
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise ReportError(
                f"the report {self.path} is being written by {self._holder()}",
                "Wait until that run has ended, or choose another report with --report.",
            ) from None
        except OSError as error:
            raise ReportError(
                f"the report {self.path} can't be locked: {error.strerror or error} ({self.lock_path})",
                "The loader needs to create files in the report's directory: change its permissions, or "
                "choose another report with --report.",
            ) from error
        # Only for the message that the other run shows; Windows keeps others from reading a locked file.
        with suppress(OSError):
            self.lock_path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform != "win32":  # on Windows filelock removes the file itself, after the release
            # While the lock is held: whoever has opened the file already then locks a file without a name,
            # which filelock notices (st_nlink 0) and refuses. After the release it could be another run's.
            with suppress(OSError):
                self.lock_path.unlink()
        self._lock.release()

    def _holder(self) -> str:
        try:
            return self.lock_path.read_text(encoding="utf-8").strip() or "another run"
        except (OSError, UnicodeDecodeError):
            return "another run"
