"""The input as a stream of plain bytes, whatever it comes in: a file, standard input, an archive.

A run reads its input twice, so what can't be read twice (standard input, a named pipe) is copied first.
"""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from loader.errors import InputError
from loader.source.archives import DAMAGED, OPENERS
from loader.source.copying import copied

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
    """The input, readable from its start as often as needed; `name` is how messages call it.

    Use it as a context manager: leaving it throws the copy of a pipe away.
    """

    def __init__(self, name: str, start: Callable[[], IO[bytes]], suffix: str, keep: ExitStack) -> None:
        """`start` opens the bytes as they are; `suffix`, in small letters, says what packed them."""
        self.name = name
        self._start = start
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
            plain = stack.enter_context(self._start())
            if opener is None:
                self._refuse_archive(plain.read(8))
                plain.seek(0)
                return plain
            archive: IO[bytes] = stack.enter_context(opener(Path(self.name).name, plain, stack))
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


def open_input(
    location: str, stdin: IO[bytes] | None = None, going_on: Callable[[], None] = lambda: None
) -> InputFile:
    """Find the input and make it readable twice.

    `location` is a path, or ``-`` for standard input (`stdin`, by default the process's own). While a pipe is
    copied, `going_on` is asked ten times a second, and what it raises ends that.
    Raises InputError when there is nothing to read there.
    """
    with ExitStack() as keep:
        if location == "-":
            stdin = stdin or (sys.stdin.buffer if sys.stdin else None)
            if stdin is None:
                raise InputError("standard input is closed", "Name a file, or feed one with < or a pipe.")
            # Below the buffer: the interpreter could not end while another thread waits inside it.
            bare = getattr(stdin, "raw", stdin)
            copy = copied("standard input", lambda: nullcontext(bare), keep, going_on)
            return InputFile("standard input", copy.open, "", keep.pop_all())
        path = Path(location)
        if _is_regular(path):
            return InputFile(location, lambda: path.open("rb", _BUFFER), path.suffix.lower(), keep)
        copy = copied(location, lambda: path.open("rb", buffering=0), keep, going_on)
        return InputFile(location, copy.open, path.suffix.lower(), keep.pop_all())


def _is_regular(path: Path) -> bool:
    """Whether it is a file that can be read again. Raises InputError for a folder, or where nothing is."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file", "Check the path and the folder.") from None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{path} is a folder", "Name the CSV file in it.")
    return stat.S_ISREG(mode)
