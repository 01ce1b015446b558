"""Bytes into text: encodings, byte-order marks, and what no honest text holds."""

from __future__ import annotations

import errno
import io
import re
from pathlib import Path

import pytest

from loader.errors import InputError
from loader.source.decoding import text_blocks
from loader.source.input_file import Part
from tests.support.reading import COLUMNS, read, refusal

HEADER = "from_object_id,to_object_id,note\n"


def test_encodings(tmp_path: Path) -> None:
    for codec, told in (
        *(("utf-8", "auto"), ("utf-8-sig", "auto"), ("utf-16", "auto"), ("utf-32", "auto")),
        *(("cp1252", "cp1252"), ("utf-16-le", "utf-16-le"), ("utf-8-sig", "utf-8"), ("utf-7", "utf-7")),
    ):
        (line,) = read(tmp_path, (HEADER + "1,2,née €\n").encode(codec), encoding=told)
        assert (line.ids, line.rest) == (("1", "2"), ("née €",)), codec


def test_bytes_that_are_no_text_are_refused_with_line_and_character(tmp_path: Path) -> None:
    error = refusal(tmp_path, HEADER.encode() + b"1,2,a\n3,4,\xff\n")
    assert (error.line, "line 3: character 5: 0xFF is not UTF-8 text" in str(error)) == (3, True)
    assert "--encoding cp1252" in error.hint


def test_bytes_that_an_encoding_can_not_be_end_it_in_words(tmp_path: Path) -> None:
    for codec in ("utf-8", "utf-16", "utf-32", "utf-7", "unicode_escape", "cp1252", "shift_jis", "ascii"):
        wrong = b"\x00\xd8" * 5 if codec in ("utf-16", "utf-32") else b"1,2,\x81\xff\xfe\\ud800\\x\xff+2AA-\n"
        data = HEADER.encode(codec) + wrong
        assert re.search(r"line \d", str(refusal(tmp_path, data, COLUMNS, codec))), codec


@pytest.mark.parametrize("encoding", ["", "utf-99", "hex", "rot13", "zip", "base64"])
def test_what_is_no_text_encoding_is_refused(encoding: str, tmp_path: Path) -> None:
    assert "not a text encoding" in str(refusal(tmp_path, HEADER, COLUMNS, encoding))


@pytest.mark.parametrize("length", [2, 3, 4096])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_hole_of_nul_bytes_is_refused_where_it_begins(length: int, codec: str, tmp_path: Path) -> None:
    text = HEADER + "1,2,a\n3,4,b\n5," + "\0" * length + "6,c\n7,8,d\n"
    error = refusal(tmp_path, text.encode(codec))
    assert (error.line, "a hole of NUL bytes" in str(error)) == (4, True)


def test_a_single_nul_is_text(tmp_path: Path) -> None:
    first, second = read(tmp_path, HEADER + "1,2,a\0b\n3\0,4,c\n")
    assert first.rest == ("a\0b",)
    assert "invisible character (U+0000)" in second.message


def test_a_disk_that_fails_in_the_middle_ends_it_with_the_line() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(errno.EIO, "Input/output error")
            return super().read(len(HEADER) + 4)

    blocks = text_blocks(Failing(f"{HEADER}1,2\n3,4\n".encode()), "utf-8", Part("pairs.csv"))
    with pytest.raises(InputError, match="can't be read after this line: Input/output error") as found:
        list(blocks)
    assert found.value.line == 3


def test_a_line_without_an_end_in_sight_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loader.source.decoding.LONGEST_RECORD", 1 << 20)
    assert len(read(tmp_path, HEADER.encode() + b"1,2," + b"x" * ((1 << 20) - 4))) == 1
    error = refusal(tmp_path, HEADER.encode() + b"1,2," + b"x" * ((1 << 20) - 3))
    assert (error.line, "longer than 1 million characters" in str(error)) == (2, True)


def test_a_line_end_that_two_blocks_share_is_counted_once(tmp_path: Path) -> None:
    filler = b"1,2," + b"x" * ((1 << 19) - len(HEADER) - len(b"1,2,") - 1)
    _, line = read(tmp_path, HEADER.encode() + filler + b"\r\nbad,2,n\r\n")
    assert line.message.startswith("line 3: ")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_u_feff_at_the_head_of_a_line_is_text(encoding: str, tmp_path: Path) -> None:
    """U+FEFF is a byte-order mark only at the start of the file, not where a block of the reading begins."""
    notes = [f"\ufeff{number:0500}" for number in range(1, 1101)]
    text = "".join(f"{note},{number},77\n" for number, note in enumerate(notes, 1))
    lines = read(tmp_path, ("note,from_object_id,to_object_id\n" + text).encode(encoding))
    assert [line.rest for line in lines] == [(note,) for note in notes]


def test_a_u_feff_in_a_line_longer_than_the_parser_s_buffer_is_text(tmp_path: Path) -> None:
    note = "x" * (1 << 18) + "\ufeff"
    (line,) = read(tmp_path, f"note,from_object_id,to_object_id\n{note},1,2\n")
    assert line.rest == (note,)
