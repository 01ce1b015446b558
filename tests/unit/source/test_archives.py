"""Archives: whole ones are read, damaged ones are refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from loader.source import Columns
from tests.campaigns.dirty_archives import PACK
from tests.support.reading import read, refusal

HEADER = "from_object_id,to_object_id,note\n"
ROWS = HEADER + "".join(f"{n},{n * 3},\n" for n in range(1, 40))


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


@pytest.mark.parametrize("suffix", sorted(PACK))
def test_a_whole_archive_is_read(suffix: str, tmp_path: Path) -> None:
    lines = read(tmp_path, PACK[suffix](ROWS.encode()), name=f"pairs.csv{suffix}")
    assert [line.to_id for line in lines] == [str(n * 3) for n in range(1, 40)]


@pytest.mark.parametrize("suffix", sorted(PACK))
def test_an_archive_that_is_cut_off_is_refused(suffix: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, PACK[suffix](ROWS.encode())[:-9], name=f"pairs.csv{suffix}")
    assert f"pairs.csv{suffix}" in str(error)


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_what_follows_a_member_of_an_archive_must_be_another(suffix: str, tmp_path: Path) -> None:
    pack = PACK[suffix]
    data = pack((HEADER + "1,2,a\n").encode()) + pack(b"3,4,b\n")
    assert len(read(tmp_path, data, name=f"pairs.csv{suffix}")) == 2
    data = pack((HEADER + "1,2,a\n").encode()) + b"x" + pack(b"3,4,b\n")[1:]
    error = refusal(tmp_path, data, name=f"pairs.csv{suffix}")
    assert re.search("the archive is damaged|is not a readable", str(error))


def test_the_files_of_a_zip_archive_are_read_in_name_order_as_one(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "export/b.csv": HEADER.upper() + "3,4,b\nx,4,b\n",
        "export/a.csv": "\ufeff" + HEADER + "1,2,a",
        "export/c.csv": HEADER,
        "__MACOSX/export/._a.csv": b"\0\1",
        "export/.DS_Store": b"\0\1",
    }
    lines = read(tmp_path, zipped(files), name="export.zip")
    assert [(line.row, line.status) for line in lines] == [(1, "pair"), (2, "pair"), (3, "invalid")]
    assert lines[2].message.startswith("export/b.csv, line 3: from_object_id 'x' is not an ID")


def test_the_files_of_a_zip_archive_must_have_one_header(tmp_path: Path) -> None:
    other = "to_object_id,from_object_id,note\n3,4,b\n"
    error = refusal(tmp_path, zipped({"a.csv": ROWS, "b.csv": other}), name="export.zip")
    assert "export.zip, b.csv, line 1: its columns are not those of the archive's first file" in str(error)
    assert error.line == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "holds no file"),
        ({"a.csv": ROWS, "b.csv": b""}, "b.csv is empty"),
        ({"a.csv": ROWS, "b.csv": b"1,2\n3,4\n"}, "its columns are not those"),
        ({"a.csv": ROWS, "b.csv": zipped({"c.csv": ROWS})}, "b.csv holds a zip archive or a workbook"),
    ],
    ids=range(4),
)
def test_what_a_zip_archive_may_not_hold(
    files: Mapping[str, str | bytes], words: str, tmp_path: Path
) -> None:
    assert words in str(refusal(tmp_path, zipped(files), name="export.zip"))


def test_an_archive_with_a_password_is_refused_in_words(tmp_path: Path) -> None:
    data = bytearray(zipped({"a.csv": ROWS}))
    data[data.index(b"PK\1\2") + 8] |= 1  # the directory's flag says: encrypted
    error = refusal(tmp_path, bytes(data), name="export.zip")
    assert "is protected by a password" in str(error)


def test_a_directory_that_has_lost_a_file_is_refused(tmp_path: Path) -> None:
    data = zipped({"a.csv": ROWS, "b.csv": ROWS})
    at = data.rindex(b"PK\1\2")  # the second entry of the directory becomes the first one's comment
    first = data.index(b"PK\1\2")
    comment = len(data) - 22 - at
    broken = bytearray(data)
    broken[first + 32 : first + 34] = comment.to_bytes(2, "little")
    assert "it names 1 files and counts 2" in str(refusal(tmp_path, bytes(broken), name="export.zip"))


def test_a_column_option_holds_for_all_files_of_an_archive(tmp_path: Path) -> None:
    text = "a;b;c\n1;2;3\n"
    columns = Columns(from_column="c", to_column="a", from_type="contacts", to_type="deals")
    lines = read(tmp_path, zipped({"a.csv": text, "b.csv": text}), columns, name="export.zip")
    assert [(line.status, *line.ids) for line in lines] == [("pair", "3", "1"), ("duplicate", "3", "1")]
