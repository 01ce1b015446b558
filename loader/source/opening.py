"""The input as a stream of plain bytes, whatever it comes in: a file, standard input, an archive.

A run reads its input twice, so what can't be read twice (standard input, a named pipe) is copied to a
temporary file first, which goes when the input is closed.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from loader.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_BUFFER = 1 << 20

#: What the standard library raises for an archive that is cut short, overwritten or no archive at all.
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, zstd.ZstdError, gzip.BadGzipFile)


class InputFile:
    """The input, readable from its start as often as needed.

    `name` is how messages call it, `path` where it lies (a temporary file for standard input).
    Use it as a context manager: leaving it removes the temporary copy.
    """

    def __init__(self, name: str, path: Path, suffix: str, keep: ExitStack) -> None:
        self.name = name
        self.path = path
        self._suffix = suffix
        self._keep = keep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keep.close()

    @contextmanager
    def read(self) -> Iterator[IO[bytes]]:
        """Open the decompressed bytes from the start.

        Raises InputError when the file can't be opened or isn't the archive that its name says. What
        breaks later, in the middle, raises one of `DAMAGED` or OSError from `read()`.
        """
        with ExitStack() as stack:
            yield self._open(stack)

    def _open(self, stack: ExitStack) -> IO[bytes]:
        opener = _OPENERS.get(self._suffix)
        try:
            if opener is None:
                return stack.enter_context(self.path.open("rb", buffering=_BUFFER))
            archive: IO[bytes] = stack.enter_context(opener(self.path, stack))
        except DAMAGED as error:
            raise InputError(
                f"{self.name} is no readable {self._suffix} archive: {error}", "Fetch or pack it again."
            ) from error
        except OSError as error:
            raise InputError(f"{self.name} can't be opened: {error.strerror or error}") from error
        return archive


def open_input(location: str, stdin: IO[bytes] | None = None) -> InputFile:
    """Find the input and make it readable twice.

    `location` is a path, or ``-`` for standard input (`stdin`, by default the process's own).
    Raises InputError when there is nothing to read there.
    """
    keep = ExitStack()
    if location == "-":
        copy = _copy(stdin or sys.stdin.buffer, keep, "standard input")
        return InputFile("standard input", copy, "", keep)
    path = Path(location)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{location}: there is no such file", "Check the path and the folder.") from None
    except OSError as error:
        raise InputError(f"{location}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{location} is a folder", "Name the CSV file in it.")
    suffix = path.suffix.lower()
    if not stat.S_ISREG(mode):
        try:
            with path.open("rb") as pipe:
                path = _copy(pipe, keep, location)
        except OSError as error:
            raise InputError(f"{location}: {error.strerror}") from error
    return InputFile(location, path, suffix, keep)


def _copy(pipe: IO[bytes], keep: ExitStack, name: str) -> Path:
    try:
        folder = keep.enter_context(tempfile.TemporaryDirectory(prefix="assoc-loader-"))
        path = Path(folder) / "input"
        with path.open("wb") as copy:
            shutil.copyfileobj(pipe, copy, _BUFFER)
    except OSError as error:
        keep.close()
        raise InputError(
            f"{name} can't be copied to a temporary file: {error.strerror}",
            "Set TMPDIR to a folder with enough room, or save the data to a file and name that.",
        ) from error
    return path


def _zip(path: Path, stack: ExitStack) -> IO[bytes]:
    archive = stack.enter_context(zipfile.ZipFile(path))
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        names = ", ".join(m.filename for m in members[:5]) or "none"
        raise InputError(
            f"{path.name} holds {len(members)} files ({names}); the loader reads an archive of exactly one",
            "Unpack it and name the CSV file.",
        )
    if members[0].flag_bits & 1:
        raise InputError(f"{path.name} is encrypted", "Unpack it with its password and name the CSV file.")
    try:
        return archive.open(members[0])
    except NotImplementedError as error:
        raise InputError(
            f"{path.name} can't be unpacked: {error}", "Unpack it and name the CSV file."
        ) from error


# The archives close themselves with the stack that `_decompressed` enters them into.
_OPENERS: dict[str, Callable[[Path, ExitStack], Any]] = {
    ".gz": lambda path, _stack: gzip.open(path),  # noqa: SIM115
    ".bz2": lambda path, _stack: bz2.open(path),  # noqa: SIM115
    ".xz": lambda path, _stack: lzma.open(path),  # noqa: SIM115
    ".zip": _zip,
    ".zst": lambda path, _stack: zstd.open(path),
}
