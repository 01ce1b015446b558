"""A copy of what can be read only once, standard input or a named pipe, so that it can be read again.

The copy has no name (on Windows it has one, and goes with its last handle), so that rows of somebody's
account can't be left behind in a temporary folder, not by ``kill -9`` either.
"""

from __future__ import annotations

import io
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, ExitStack
from typing import IO, TYPE_CHECKING, TypeAlias

from loader.errors import InputError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_OpenPipe: TypeAlias = Callable[[], AbstractContextManager[IO[bytes]]]

_CHUNK = 1 << 20
#: Seconds between two looks at whether to go on waiting for a pipe.
_LOOK = 0.1


class Copy:
    """What a pipe has delivered, to be read from its start as often as needed; closed by its stack."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lock = threading.Lock()

    def open(self) -> IO[bytes]:
        """A reader from the start, with a position of its own."""
        return io.BufferedReader(_Reader(self._file, self._lock), _CHUNK)


class _Reader(io.RawIOBase):
    """One of several readers of the same open file: it has no name by which to open it again."""

    def __init__(self, file: IO[bytes], lock: threading.Lock) -> None:
        self._file, self._lock, self._at = file, lock, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with self._lock:
            if whence == io.SEEK_CUR:
                offset, whence = self._at + offset, io.SEEK_SET
            self._at = self._file.seek(offset, whence)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        with self._lock:
            self._file.seek(self._at)
            chunk = self._file.read(len(view))
        view[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)


def copied(name: str, open_pipe: _OpenPipe, keep: ExitStack, going_on: Callable[[], None]) -> Copy:
    """Read a pipe to its end; `keep` holds the copy.

    `open_pipe` may wait for somebody to write, as a named pipe does, and so may each read. `going_on` is
    asked ten times a second meanwhile, and what it raises ends the waiting. Raises InputError where the pipe
    can't be read or the copy not be written.
    """
    try:
        file = tempfile.TemporaryFile(prefix="assoc-loader-")  # noqa: SIM115 - the caller's stack closes it
        keep.enter_context(file)
    except OSError as fault:
        raise _no_room(name, fault) from fault
    ended: Future[None] = Future()

    def fill() -> None:
        try:
            _fill(name, open_pipe, file)
        except BaseException as fault:  # handed on to who waits for it, if anybody still does
            ended.set_exception(fault)
        else:
            ended.set_result(None)

    # A daemon: nobody can end its read, and nobody should have to wait for it.
    threading.Thread(target=fill, name="copying", daemon=True).start()
    while wait([ended], _LOOK).not_done:
        going_on()
    ended.result()
    return Copy(file)


def _fill(name: str, open_pipe: _OpenPipe, file: IO[bytes]) -> None:
    try:
        with open_pipe() as pipe:
            while (chunk := pipe.read(_CHUNK)) != b"":
                if chunk is None:  # a pipe that somebody has set not to block, and nothing there yet
                    time.sleep(_LOOK)
                else:
                    _write(name, file, chunk)
    except OSError as fault:
        raise InputError(f"{name} can't be read: {fault.strerror or fault}") from fault


def _write(name: str, file: IO[bytes], chunk: bytes) -> None:
    try:
        file.write(chunk)
        file.flush()
    except OSError as fault:
        raise _no_room(name, fault) from fault


def _no_room(name: str, fault: OSError) -> InputError:
    return InputError(
        f"{name} can't be copied to a temporary file: {fault.strerror}",
        "Set TMPDIR to a folder with enough room, or save the data to a file and name that.",
    )
