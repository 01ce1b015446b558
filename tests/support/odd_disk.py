"""A disk that lacks something, for a process of its own: see odd_disk.c. Linux with a C compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_SOURCE = Path(__file__).with_suffix(".c")


def odd_disk(*lacking: str, full: Path | None = None) -> dict[str, str]:
    """The environment of a process whose disk lacks some of ``flock,locks,dirsync,chmod,full``.

    With ``full``, nothing can be written while the file `full` exists. Without a compiler the disk lacks
    nothing, which `can_be_odd` tells.
    """
    library = _library()
    if library is None:
        return dict(os.environ)
    words = {"LD_PRELOAD": str(library), "ODD_DISK": ",".join(lacking)}
    return {**os.environ, **words, "ODD_DISK_FULL": str(full or "")}


def can_be_odd() -> bool:
    """Whether this machine can play an odd disk."""
    return _library() is not None


@cache
def _library() -> Path | None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    folder = Path(tempfile.mkdtemp(prefix="odd-disk-"))
    library = folder / "odd_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
    return library
