"""Archives, decompressed strictly: damage raises an error.

`bz2.open` and `lzma.open` silently stop at a later member whose first byte is damaged, and its rows would be
missing. So these two are read member by member, and only another member may follow a member. `gzip` and
`zstd` reject such a file themselves. Checksums are verified; a .zst may have none.
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
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Protocol, cast

from loader.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_CHUNK = 1 << 17
#: The end of a zip archive: signature, two disk numbers, number of files on this disk and in total, size and
#: offset of the directory, length of the comment.
_ZIP_END = struct.Struct("<4s4H2LH")


class DamagedArchiveError(Exception):
    """The content of the archive violates its format."""


#: What reading an archive raises if it is truncated, overwritten or not an archive.
DAMAGED = (
    DamagedArchiveError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zstd.ZstdError,
    gzip.BadGzipFile,
    struct.error,  # zipfile, for a truncated directory
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
            except OSError as error:  # of bz2; lzma has an error of its own
                raise DamagedArchiveError(str(error)) from error
            if text:
                view[: len(text)] = text
                return len(text)

    def _next_member(self) -> bytes:
        data = self._member.unused_data.lstrip(b"\0")
        while not data and (more := self._archive.read(_CHUNK)):
            data = more.lstrip(b"\0")
        return data


def open_archive(file: IO[bytes], suffix: str, stack: ExitStack) -> io.BufferedReader:
    """The content of an archive of one file; `suffix` is ``.gz``, ``.bz2``, ``.xz`` or ``.zst``.

    Raises one of `DAMAGED`. `stack` closes what the stream does not close itself.
    """
    if suffix == ".gz":
        return io.BufferedReader(stack.enter_context(gzip.open(file)), _CHUNK)
    if suffix == ".zst":
        return io.BufferedReader(stack.enter_context(zstd.open(file)), _CHUNK)
    member = bz2.BZ2Decompressor if suffix == ".bz2" else lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ)
    return io.BufferedReader(_Members(file, member), _CHUNK)


def zip_directory(file: IO[bytes]) -> zipfile.ZipFile:
    """The directory of a zip archive. Raises one of `DAMAGED`."""
    try:
        archive = zipfile.ZipFile(file)
    # zipfile raises these for damaged sizes, offsets and version numbers, beside its own BadZipFile.
    except (ValueError, OverflowError, NotImplementedError) as error:
        raise DamagedArchiveError(str(error)) from error
    # zipfile ignores the number of files that the end of the archive states.
    file.seek(-_ZIP_END.size - len(archive.comment), io.SEEK_END)
    mark, *_, files, _size, _offset, _comment = _ZIP_END.unpack(file.read(_ZIP_END.size))
    if mark == b"PK\5\6" and files not in (len(archive.infolist()), 0xFFFF):
        raise DamagedArchiveError(f"it names {len(archive.infolist())} files and counts {files}")
    return archive


def open_zip(file: IO[bytes], name: str, stack: ExitStack) -> Iterator[tuple[str, io.BufferedReader]]:
    """The files of a zip archive sorted by name, each with its name (empty for a single file).

    A file is closed when the next one is requested. Raises InputError if there is no file or a password is
    needed, and one of `DAMAGED`.
    """
    archive = stack.enter_context(zip_directory(file))
    members = [m for m in archive.infolist() if not m.is_dir() and not _is_hidden(m.filename)]
    if not members:
        raise InputError(f"{name} holds no file", "Pack it again.")
    for member in sorted(members, key=lambda member: member.filename):
        if member.flag_bits & 1:
            raise InputError(
                f"{name} is protected by a password", "Unpack it with its password and name the CSV file."
            )
        try:
            with archive.open(member) as stream:
                yield (
                    member.filename if len(members) > 1 else "",
                    io.BufferedReader(cast(zipfile.ZipExtFile, stream), _CHUNK),
                )
        except NotImplementedError as error:  # an unsupported compression method
            raise InputError(
                f"{name} can't be unpacked: {error}", "Unpack it and name the CSV file."
            ) from error
        except ValueError as error:  # an impossible offset
            raise DamagedArchiveError(str(error)) from error


def _is_hidden(name: str) -> bool:
    """Whether a file is what an operating system leaves in an archive, such as ``.DS_Store``."""
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
