"""What a file is, by its first bytes: its name may be wrong."""

from __future__ import annotations

from typing import IO

from loader.errors import InputError
from loader.source.archives import DAMAGED, zip_directory

#: Extensions of files that are unpacked while they are read.
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".xlsx", ".xlsm")

_SIGNATURES = {
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\xfd7zXZ\0": ".xz",
    b"\x28\xb5\x2f\xfd": ".zst",
    b"PK\x03\x04": ".zip",
    b"PK\x05\x06": ".zip",  # an empty one
}
_NAMES = {
    ".gz": "a gzip archive",
    ".bz2": "a bzip2 archive",
    ".xz": "an xz archive",
    ".zst": "a zstd archive",
    ".zip": "a zip archive",
    ".xlsx": "an Excel workbook",
}
_UNPACK = "Unpack it and name the CSV file."
_REFUSED = (
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"%PDF-", "a PDF document", "Export the records as CSV."),
)
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_CHUNK = 1 << 20
#: Bytes at the beginning that show what a file is.
HEAD = 512


def file_format(file: IO[bytes], name: str, suffix: str) -> str:
    """The true format of a file: an extension of `PACKED`, or ``.csv`` for anything that may be text.

    `suffix` is its extension in lower case. Raises InputError for a format that the loader does not read, and
    for an archive or a workbook whose name does not say so.
    """
    head = file.read(HEAD)
    if head.startswith(_OLD_OFFICE):
        raise _old_office(file, name)
    refuse_foreign(head, name)
    found = next((what for mark, what in _SIGNATURES.items() if head.startswith(mark)), ".csv")
    if found == ".bz2" and suffix != ".bz2":
        found = ".csv"  # these three letters may begin a header
    if found == ".zip" and _is_workbook(file):
        found = ".xlsx"
    file.seek(0)
    if found != ".csv" and suffix not in PACKED:
        raise InputError(
            f"{name} is not a CSV file but {_NAMES[found]}",
            f"Give it a name that ends in {found}: it is unpacked while it is read.",
        )
    if found == ".csv" and suffix in PACKED and b"\0" in head:
        raise InputError(f"{name} is not a readable {suffix} file", "Fetch it again.")
    return found


def refuse_nested(head: bytes, name: str) -> None:
    """Raise InputError if the content of an archive is packed itself, or nothing that the loader reads."""
    refuse_foreign(head, name)
    found = next((what for mark, what in _SIGNATURES.items() if head.startswith(mark)), ".csv")
    if found not in (".csv", ".bz2"):
        named = "a zip archive or a workbook" if found == ".zip" else _NAMES[found]
        raise InputError(f"{name} holds {named}", "Unpack it and name the file in it.")


def refuse_foreign(head: bytes, name: str) -> None:
    """Raise InputError if a file's first bytes show a format that the loader does not read."""
    for at, mark, what, hint in _REFUSED:
        if head.startswith(mark, at):
            raise InputError(f"{name} holds {what}" if at else f"{name} is {what}", hint)


def _is_workbook(file: IO[bytes]) -> bool:
    try:
        with zip_directory(file) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (OSError, *DAMAGED):
        return False


def _old_office(file: IO[bytes], name: str) -> InputError:
    """The error for a workbook of Excel 97 to 2003, or for a newer one that is encrypted with a password."""
    last = b""
    while data := file.read(_CHUNK):
        if _ENCRYPTED in last + data:
            return InputError(
                f"{name} is protected by a password", "Save it in Excel without a password, or as CSV."
            )
        last = data[-len(_ENCRYPTED) :]
    return InputError(
        f"{name} is an Excel workbook of the old format (.xls)", "Save it in Excel as .xlsx or CSV UTF-8."
    )
