"""The input as a stream of plain bytes, whatever it comes in: a file, standard input, an archive.

A run reads its input twice, so what can't be read twice (standard input, a named pipe) is copied to a
temporary file first, which goes when the input is closed.
"""

from __future__ import annotations

import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from loader.errors import InputError
from loader.source.archives import DAMAGED, OPENERS

_BUFFER = 1 << 20

# What an archive begins with. None of these bytes begins a CSV file.
_SIGNATURES = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
)


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
        opener = OPENERS.get(self._suffix)
        try:
            if opener is None:
                plain = stack.enter_context(self.path.open("rb", buffering=_BUFFER))
                self._refuse_archive(plain.read(8))
                plain.seek(0)
                return plain
            archive: IO[bytes] = stack.enter_context(opener(self.path, stack))
        except DAMAGED as error:
            raise InputError(
                f"{self.name} is no readable {self._suffix} archive: {error}", "Fetch or pack it again."
            ) from error
        except OSError as error:
            raise InputError(f"{self.name} can't be opened: {error.strerror or error}") from error
        return archive

    def _refuse_archive(self, start: bytes) -> None:
        for signature, what in _SIGNATURES:
            if start.startswith(signature):
                raise InputError(
                    f"{self.name} is no CSV file but {what}",
                    "Save the sheet as CSV, or unpack the archive; a file named .gz, .bz2, .xz, .zip or .zst "
                    "is unpacked while it is read.",
                )


def open_input(location: str, stdin: IO[bytes] | None = None) -> InputFile:
    """Find the input and make it readable twice.

    `location` is a path, or ``-`` for standard input (`stdin`, by default the process's own).
    Raises InputError when there is nothing to read there.
    """
    keep = ExitStack()
    if location == "-":
        stdin = stdin or (sys.stdin.buffer if sys.stdin else None)
        if stdin is None:
            raise InputError("standard input is closed", "Name a file, or feed one with < or a pipe.")
        copy = _copy(stdin, keep, "standard input")
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
