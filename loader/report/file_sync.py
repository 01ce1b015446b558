"""Files that are on the disk whole, or not at all. https://man7.org/linux/man-pages/man2/fsync.2.html"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "darwin":
    import fcntl


def sync_file(descriptor: int) -> None:
    """Return when a file's content is on the disk. Raises OSError (``EIO``, ``ENOSPC``, …)."""
    if sys.platform == "darwin":
        try:
            # fsync(2) on macOS leaves the content in the drive's cache; this empties that too.
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError:  # network and FAT volumes lack it
            os.fsync(descriptor)
    else:
        os.fsync(descriptor)


def sync_directory(directory: Path) -> None:
    """Return when the names in a directory are on the disk, if this file system can tell. Never raises."""
    if sys.platform == "win32":
        return
    with suppress(OSError):  # some network shares can't
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def copy_permissions(of: Path, to: Path) -> None:
    """Give a file the permissions of another one, if that exists and the file system has permissions."""
    with suppress(OSError):
        to.chmod(stat.S_IMODE(of.stat().st_mode))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is complete, or as it was before. A symbolic link stays one.

    Raises OSError, and leaves nothing behind.
    """
    path = Path(os.path.realpath(path))
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")  # another run may write it too
    try:
        with unfinished.open("xb") as file:
            copy_permissions(path, unfinished)
            file.write(content)
            file.flush()
            sync_file(file.fileno())
        unfinished.replace(path)
        sync_directory(path.parent)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
