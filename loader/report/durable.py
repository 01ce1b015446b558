"""What it takes until the disk, and not only the operating system, has a file, also in another's place."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform == "darwin":
    import fcntl


def sync_file(descriptor: int) -> None:
    """Return when the file's content is on the disk. Raises `OSError` (``EIO``, ``ENOSPC``, …)."""
    if sys.platform == "darwin":
        try:
            # fsync(2) on macOS: the drive itself may still hold the data in its cache; this empties that too.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # network and FAT volumes don't know it
            os.fsync(descriptor)
    else:
        os.fsync(descriptor)


def sync_directory(directory: Path) -> None:
    """Return when the names in a directory are on the disk; Windows offers no such thing."""
    if sys.platform == "win32":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Sync:
    """A `sync_file` in a thread of its own, for what the file holds when it begins.

    On a busy disk it takes seconds, and neither writing nor `kill -9` waits for that. The thread is a daemon:
    on a dead disk it never ends.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self.size = size  # bytes of the file that will be on the disk
        self._descriptor = descriptor
        self._fault: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="fsync", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether `wait` would not have to wait."""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Return when it has ended. Raises `OSError` as `sync_file` does."""
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    def _run(self) -> None:
        try:
            sync_file(self._descriptor)
        except OSError as fault:
            self._fault = fault


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or as it was before; one that is replaced keeps its permissions.

    A symbolic link stays one. Raises `OSError`, and leaves nothing behind.
    """
    path = Path(os.path.realpath(path))
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")  # another run may be at it, too
    try:
        with unfinished.open("xb", buffering=0) as file:
            with suppress(FileNotFoundError):
                unfinished.chmod(stat.S_IMODE(path.stat().st_mode))
            write_all(file, content)
            sync_file(file.fileno())
        unfinished.replace(path)
        sync_directory(path.parent)
    finally:
        with suppress(OSError):
            unfinished.unlink()


class ChangedMeanwhile(Exception):
    """A file is no longer what it was when the one to replace it was begun."""


def beside(path: Path) -> Path:
    """Where the file that is to take a report's place is written; a killed run may have left one."""
    return path.with_name(path.name + ".ordering")


@contextmanager
def replacement(path: Path, before: os.stat_result) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` in one atomic step if the block ends well, else not at all.

    It gets the old one's owner and permissions. `before` is what the old file was when its content was read:
    raises `ChangedMeanwhile` where it is something else by the end, and `OSError`.
    """
    temporary = beside(path)
    temporary.unlink(missing_ok=True)
    try:
        with open(temporary, "xb", buffering=0, opener=_private) as target:
            yield target
            _copy_owner_and_mode(target.fileno(), temporary, before)
            sync_file(target.fileno())
        now = path.stat()
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns):
            raise ChangedMeanwhile
        temporary.replace(path)
        sync_directory(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_all(target: BinaryIO, data: bytes) -> int:
    """Write the whole of `data` to an unbuffered file and return its length."""
    rest = memoryview(data)
    while rest:
        rest = rest[target.write(rest) :]
    return len(data)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_BINARY", 0), 0o600)  # until it has the old file's permissions


def _copy_owner_and_mode(descriptor: int, temporary: Path, like: os.stat_result) -> None:
    if hasattr(os, "fchown"):
        with suppress(PermissionError):  # only root gives files away; then the file becomes this user's
            os.fchown(descriptor, like.st_uid, like.st_gid)
    temporary.chmod(like.st_mode & 0o7777)
