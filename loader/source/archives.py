"""Archives that hold one file, decompressed as a stream that forgives nothing.

`bz2.open` and `lzma.open` end without a word where a further member of an archive begins with a damaged
byte, as the command-line tools end with a warning; rows would be missing and nobody would know. So those two
formats are read member by member here, and what follows a member must be another one. `gzip` and `zstd`
refuse such a file by themselves. Each format's checksums are checked; a .zst written without one (the zstd
command always writes it, some libraries do not) is as good as a plain file.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, Protocol

from loader.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 17


class DamagedArchiveError(Exception):
    """What stands in the archive is not what its format allows there."""


#: What reading an archive raises when it is cut short, overwritten or no archive at all.
DAMAGED = (
    DamagedArchiveError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zstd.ZstdError,
    gzip.BadGzipFile,
    struct.error,  # zipfile, of a directory cut short
)


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Members(io.RawIOBase):
    """The members of an archive one after another; zeros may pad them (as xz and tape drives do)."""

    def __init__(self, archive: IO[bytes], member: Callable[[], _Decompressor]) -> None:
        self._archive = archive
        self._new_member = member
        self._member = member()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        while True:
            data = b""
            if self._member.eof:
                data = self._next_member()
                if not data:
                    return 0
                self._member = self._new_member()
            elif self._member.needs_input:
                data = self._archive.read(_CHUNK)
                if not data:
                    raise EOFError("it ends in the middle")
            try:
                text = self._member.decompress(data, len(view))
            except OSError as error:  # bz2 says so where lzma has an error of its own
                raise DamagedArchiveError(str(error)) from error
            if text:
                view[: len(text)] = text
                return len(text)

    def _next_member(self) -> bytes:
        data = self._member.unused_data.lstrip(b"\0")
        while not data and (more := self._archive.read(_CHUNK)):
            data = more.lstrip(b"\0")
        return data


def _by_members(member: Callable[[], _Decompressor]) -> Callable[[str, IO[bytes], ExitStack], IO[bytes]]:
    return lambda _name, file, _stack: io.BufferedReader(_Members(file, member), _CHUNK)


def _zip(name: str, file: IO[bytes], stack: ExitStack) -> IO[bytes]:
    archive = stack.enter_context(zipfile.ZipFile(file))
    members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if len(members) != 1:
        names = ", ".join(m.filename for m in members[:5]) or "none"
        raise InputError(
            f"{name} holds {len(members)} files ({names}); the loader reads an archive of exactly one",
            "Unpack it and name the CSV file.",
        )
    if members[0].flag_bits & 1:
        raise InputError(f"{name} is encrypted", "Unpack it with its password and name the CSV file.")
    try:
        return archive.open(members[0])
    except NotImplementedError as error:
        raise InputError(f"{name} can't be unpacked: {error}", "Unpack it and name the CSV file.") from error


#: How the archives are opened, by the file's extension in small letters: given the file's name and its bytes.
#: What a stream does not close itself is left to the stack.
OPENERS: dict[str, Callable[[str, IO[bytes], ExitStack], Any]] = {
    ".gz": lambda _name, file, _stack: gzip.open(file),  # noqa: SIM115 - the caller's stack closes it
    ".bz2": _by_members(bz2.BZ2Decompressor),
    ".xz": _by_members(lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)),
    ".zip": _zip,
    ".zst": lambda _name, file, _stack: zstd.open(file),
}
