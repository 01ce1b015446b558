"""What it takes until the disk, and not only the operating system, has a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

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
