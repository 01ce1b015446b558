"""What a file is in truth, whatever its name."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

from tests.campaigns.dirty_archives import PACK
from tests.support.reading import read, refusal
from tests.support.workbook import workbook

ROWS = b"from_object_id,to_object_id\n101,201\n"
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def tar() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        member = tarfile.TarInfo("pairs.csv")
        member.size = len(ROWS)
        archive.addfile(member, io.BytesIO(ROWS))
    return data.getvalue()


def test_text_is_read_as_text_whatever_its_name(tmp_path: Path) -> None:
    for name in ("p.csv.gz", "p.csv.bz2", "p.xz", "p.zip", "p.zst", "p.xlsx", "p.xls", "p.txt", "p"):
        assert read(tmp_path, ROWS, name=name)[0].ids == ("101", "201"), name


def test_a_packed_file_is_unpacked_as_what_it_is(tmp_path: Path) -> None:
    book = workbook(("from_object_id", "to_object_id"), (101, 201))
    for name in ("p.csv.gz", "p.zip", "p.xlsx"):
        for data in (PACK[".gz"](ROWS), PACK[".zst"](ROWS), PACK[".zip"](ROWS), book):
            assert read(tmp_path, data, name=name)[0].ids == ("101", "201"), (name, data[:4])


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    for data, name, words, hint in (
        (gzip.compress(ROWS), "p.csv", "is not a CSV file but a gzip archive", "ends in .gz"),
        (PACK[".xz"](ROWS), "p.csv", "is not a CSV file but an xz archive", "ends in .xz"),
        (PACK[".zip"](ROWS), "p.csv", "is not a CSV file but a zip archive", "ends in .zip"),
        (workbook(("a",)), "p.csv", "is not a CSV file but an Excel workbook", "ends in .xlsx"),
        (OLD_OFFICE, "p.xls", "is an Excel workbook of the old format (.xls)", "as .xlsx or CSV UTF-8"),
        (OLD_OFFICE, "p.csv", "is an Excel workbook of the old format (.xls)", "as .xlsx or CSV UTF-8"),
        (
            OLD_OFFICE + "EncryptedPackage".encode("utf-16-le"),
            "p.xlsx",
            "is protected by a password",
            "without a password",
        ),
        (tar(), "p.tar", "holds a tar archive", "Unpack it"),
        (gzip.compress(tar()), "p.tar.gz", "holds a tar archive", "Unpack it"),
        (gzip.compress(tar()), "p.tgz", "is not a CSV file but a gzip archive", ""),
        (PACK[".zip"](tar()), "p.zip", "holds a tar archive", "Unpack it"),
        (gzip.compress(gzip.compress(ROWS)), "p.gz", "holds a gzip archive", "Unpack it"),
        (gzip.compress(workbook(("a",))), "p.xlsx.gz", "holds a zip archive or a workbook", "Unpack it"),
        (b"7z\xbc\xaf\x27\x1c" + b"x" * 40, "p.7z", "is a 7z archive", "Unpack it"),
        (b"Rar!\x1a\x07\0" + b"x" * 40, "p.rar", "is a RAR archive", "Unpack it"),
        (b"%PDF-1.7\n", "p.pdf", "is a PDF document", "as CSV"),
        (b"\0\1\2" * 50, "p.csv.gz", "is not a readable .gz file", "Fetch it again"),
        (b"", "p.csv.gz", "is empty", ""),
        (b"BZh,to_object_id\n", "p.csv", "there is no column 'from_object_id'", ""),
    ):
        error = refusal(tmp_path, data, name=name)
        assert (words in str(error), hint in error.hint) == (True, True), (error, error.hint)
