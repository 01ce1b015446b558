"""The input on the disk: a file that can be read from its start as often as needed.

What can be read only once, standard input or a pipe, is saved as a file first.
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
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO, NamedTuple

from loader.errors import InputError
from loader.source.archives import DAMAGED, open_archive, open_zip
from loader.source.formats import HEAD, file_format, refuse_nested

_BUFFER = 1 << 20
#: Seconds between two checks whether to keep waiting for a pipe.
_POLL = 0.1


class Part(NamedTuple):
    """What has a header and rows: the file, one of several files of an archive, or the sheet of a workbook.

    name: the input, for messages. member: the file of the archive; empty if there is only one.
    is_sheet: it has rows instead of lines.
    """

    name: str
    member: str = ""
    is_sheet: bool = False

    @property
    def label(self) -> str:
        """The input, and the file of the archive."""
        return f"{self.name}, {self.member}" if self.member else self.name

    def where(self, line: int) -> str:
        """A line of the file, or a row of the sheet, in words."""
        where = f"sheet row {line}" if self.is_sheet else f"line {line}"
        return f"{self.member}, {where}" if self.member else where

    def error(self, line: int, what: str, hint: str = "") -> InputError:
        """An error that says what is wrong at a line, and what to do."""
        return InputError(f"{self.name}, {self.where(line)}: {what}", hint, line=line)


class InputFile:
    """The input. `name` is how messages call it: the path as given."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._path = path

    @contextmanager
    def read(self) -> Iterator[Iterator[tuple[Part, IO[bytes]]]]:
        """Open the input from the start: its parts one after another, unpacked (a workbook stays packed).

        Raises InputError if the file can't be opened or has a format that the loader does not read. Damage
        found later raises one of `DAMAGED` or OSError from the stream's `read()`.
        """
        with ExitStack() as stack:
            yield self._parts(stack)

    def _parts(self, stack: ExitStack) -> Iterator[tuple[Part, IO[bytes]]]:
        suffix = self._path.suffix.lower()
        try:
            file = stack.enter_context(self._path.open("rb", _BUFFER))
            packed = file_format(file, self.name, suffix)
            if packed == ".xlsx":
                yield Part(self.name, is_sheet=True), file
            elif packed == ".zip":
                for member, stream in open_zip(file, self.name, stack):
                    yield Part(self.name, member), _checked(stream, f"{self.name} {member}".strip())
            elif packed == ".csv":
                yield Part(self.name), file
            else:
                yield Part(self.name), _checked(open_archive(file, packed, stack), self.name)
        except DAMAGED as error:
            raise InputError(
                f"{self.name} is not a readable {suffix} file: {error}", "Fetch it again."
            ) from error
        except OSError as error:
            raise InputError(f"{self.name} can't be opened: {error.strerror or error}") from error


def _checked(stream: BufferedReader, name: str) -> BufferedReader:
    """Refuse an unpacked stream that is itself packed."""
    refuse_nested(stream.peek(HEAD)[:HEAD], name)
    return stream


def open_input(location: str) -> InputFile:
    """The input at a path. Raises InputError if there is no such file."""
    path = Path(location)
    if not _is_regular(path):
        raise InputError(f"{location} can't be read twice", "Save it as a file first.")
    return InputFile(path, location)


def is_pipe(location: str) -> bool:
    """Whether the input can be read only once: standard input (``-``), a pipe, a device.

    Such an input has no folder for the report, and must be saved (`save_copy`) before it is opened.
    Raises InputError for a folder, or if nothing is there.
    """
    return location == "-" or not _is_regular(Path(location))


def _is_regular(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file", "Check the path and the folder.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if stat.S_ISDIR(mode):
        raise InputError(f"{path} is a folder", "Name the CSV file in it.")
    return stat.S_ISREG(mode)


def save_copy(
    location: str, path: Path, keep_going: Callable[[], None], stdin: IO[bytes] | None = None
) -> None:
    """Read a pipe to its end and save it as `path`, in one atomic step.

    `location` is ``-`` for standard input (`stdin`, by default the process's own), or a path.
    `keep_going` is called ten times a second meanwhile; what it raises ends the copying.
    Raises InputError if the pipe can't be read or the file can't be written.
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
            _copy(name, location, stdin, path, abandoned)
        except BaseException as error:
            ended.set_exception(error)
        else:
            ended.set_result(None)

    # A daemon thread, because nothing can interrupt its read.
    threading.Thread(target=copy, name="copying", daemon=True).start()
    try:
        while wait([ended], _POLL).not_done:
            keep_going()
    except BaseException:
        abandoned.set()
        raise
    ended.result()


def _copy(name: str, location: str, stdin: IO[bytes] | None, path: Path, abandoned: threading.Event) -> None:
    with ExitStack() as stack:
        try:
            # The raw stream: the interpreter can't exit while another thread waits inside the buffered one.
            bare = getattr(stdin, "raw", stdin)
            pipe = bare if bare is not None else stack.enter_context(open(location, "rb", buffering=0))
        except OSError as error:
            raise _unreadable(name, error) from error
        file = stack.enter_context(_saved(name, path))
        while (data := _read(name, pipe)) != b"":
            if abandoned.is_set():
                raise InputError(f"{name} was not read to its end")
            if data is None:  # a non-blocking pipe that is empty
                time.sleep(_POLL)
            else:
                file.write(data)


def _read(name: str, pipe: IO[bytes]) -> bytes | None:
    try:
        return pipe.read(_BUFFER)
    except OSError as error:
        raise _unreadable(name, error) from error


@contextmanager
def _saved(name: str, path: Path) -> Iterator[IO[bytes]]:
    """A temporary file that becomes `path` when it is complete, and is removed otherwise."""
    part = ""
    try:
        descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(part, path)
    except OSError as error:
        raise InputError(
            f"{name} can't be saved as {path}: {error.strerror or error}",
            "Name a report in a folder with enough room that can be written.",
        ) from error
    finally:
        with suppress(OSError):  # it has become `path`
            os.unlink(part)


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError(f"{name} can't be read: {error.strerror or error}")
