"""The input as a stream of plain bytes, whatever it comes in: a file, standard input, an archive.

A run reads its input twice, so what can't be read twice (standard input, a named pipe) is copied first.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from loader.errors import InputError
from loader.source.archives import DAMAGED, OPENERS
from loader.source.copying import copied

_BUFFER = 1 << 20
#: Seconds between two looks at whether to go on waiting for a pipe.
_POLL = 0.1

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


def is_pipe(location: str) -> bool:
    """Whether the input can be read only once: standard input (``-``), a pipe, a device.

    Such an input has no folder for the report, and must be saved (`save_copy`) before it is opened.
    Raises InputError for a folder, or if nothing is there.
    """
    return location == "-" or not _is_regular(Path(location))


def save_copy(
    location: str, path: Path, keep_going: Callable[[], None], stdin: IO[bytes] | None = None
) -> None:
    """Read a pipe to its end and save it as `path`, in one atomic step.

    `location` is ``-`` for standard input (`stdin`, by default the process's own), or a path.
    `keep_going` is called ten times a second meanwhile; what it raises ends the copying.
    Raises InputError if the pipe can't be read or the file not be written.
    """
    name = "standard input" if location == "-" else location
    if location == "-":
        stdin = stdin or (sys.stdin.buffer if sys.stdin else None)
        if stdin is None:
            raise InputError("standard input is closed", "Name a file, or feed one with < or a pipe.")
    ended: Future[None] = Future()
    abandoned = threading.Event()

    def copy() -> None:
        try:
            # Below the buffer: the interpreter could not end while another thread waits inside it.
            bare = getattr(stdin, "raw", stdin)
            with nullcontext(bare) if bare else open(location, "rb", buffering=0) as pipe:
                _copy(name, pipe, path, abandoned)
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(None)

    # A daemon, because nothing can end its read.
    threading.Thread(target=copy, name="copying", daemon=True).start()
    try:
        while wait([ended], _POLL).not_done:
            keep_going()
    except BaseException:
        abandoned.set()
        raise
    try:
        ended.result()
    except OSError as error:
        raise InputError(f"{name} can't be read: {error.strerror or error}") from error


def _copy(name: str, pipe: IO[bytes], path: Path, abandoned: threading.Event) -> None:
    try:
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise _not_saved(name, path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            while (data := pipe.read(_BUFFER)) != b"" and not abandoned.is_set():
                if data is None:  # a pipe set not to block, with nothing in it yet
                    time.sleep(_POLL)
                    continue
                try:
                    file.write(data)
                except OSError as error:
                    raise _not_saved(name, path, error) from error
            try:
                file.flush()
                os.fsync(descriptor)
            except OSError as error:
                raise _not_saved(name, path, error) from error
        if not abandoned.is_set():
            try:
                os.replace(part, path)
            except OSError as error:
                raise _not_saved(name, path, error) from error
    finally:
        with suppress(OSError):  # it has become `path`
            os.unlink(part)


def _not_saved(name: str, path: Path, error: OSError) -> InputError:
    return InputError(
        f"{name} can't be saved as {path}: {error.strerror or error}",
        "Name a report in a folder with enough room that can be written.",
    )


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
