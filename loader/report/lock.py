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

if sys.platform != "win32":
    import fcntl


class ReportLock:
    """Holds a report for one run, from `__enter__` to `__exit__`.

    The lock is the operating system's (flock, LockFileEx) on `<report>.lock` beside the report, so
    after `kill -9` the file may be left but holds nobody up. It lies beside the file that a
    symbolic link points to: two names of one report are one lock. `path` is that file.

    `option` is the one that names another file, for the hints. `reading` is for who only reads the report:
    where no lock file can be made, no load can write either, and it is read without.

    Raises `ReportError` where another run holds the report or the lock file can't be made.
    """

    def __init__(self, path: Path, *, option: str = "--report", reading: bool = False) -> None:
        self._reading = reading
        self._other = f"choose another file with {option}"
        self._shared: int | None = None  # a descriptor that holds a lock file which may only be read
        self.path = Path(os.path.realpath(path))
        self.lock_path = self.path.with_name(self.path.name + ".lock")
        # Not bound to a thread: a run may be closed from another thread than the one that started it.
        self._lock = FileLock(self.lock_path, thread_local=False)

    def __enter__(self) -> Self:
        if not self.path.parent.is_dir():
            raise ReportError(
                f"{self.path} can't be written: there is no directory {self.path.parent}",
                f"Create the directory, or {self._other}.",
            )
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            raise self._in_use() from None
        except OSError as error:
            if self._reading and self._is_free():
                return self
            raise ReportError(
                f"{self.path} can't be locked: {error.strerror or error} ({self.lock_path})",
                "The loader needs to create files in that directory: change its permissions"
                + ("." if self._reading else f", or {self._other}."),
            ) from error
        # Only for the message that the other run shows; Windows keeps others from reading a locked file.
        with suppress(OSError):
            self.lock_path.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shared is not None:
            os.close(self._shared)
            self._shared = None
        if not self._lock.is_locked:
            return
        if sys.platform != "win32":  # on Windows filelock removes the file itself, after the release
            # While the lock is held: whoever has opened the file already then locks a file without a name,
            # which filelock notices (st_nlink 0) and refuses. After the release it could be another run's.
            with suppress(OSError):
                self.lock_path.unlink()
        self._lock.release()

    def _is_free(self) -> bool:
        """Whether nobody holds the lock, asked where its file may not be made or written. Raises ReportError.

        A file that is there may be another user's, or one that a kill has left: to lock it for reading tells.
        """
        if not os.path.lexists(self.lock_path):
            return True
        if sys.platform == "win32":
            return False
        try:
            self._shared = os.open(self.lock_path, os.O_RDONLY | os.O_NONBLOCK)
            fcntl.flock(self._shared, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            self.__exit__(None, None, None)
            raise self._in_use() from None
        except OSError:
            self.__exit__(None, None, None)
            return False
        return True

    def _in_use(self) -> ReportError:
        wait = "Wait until that run has ended"
        return ReportError(
            f"the report {self.path} is in use by {self._holder()}",
            f"{wait}, then give the same command again." if self._reading else f"{wait}, or {self._other}.",
        )

    def _holder(self) -> str:
        try:
            return self.lock_path.read_text(encoding="utf-8").strip() or "another run"
        except (OSError, UnicodeDecodeError):
            return "another run"
