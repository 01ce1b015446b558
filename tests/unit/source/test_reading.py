"""One reading of the whole input: blocks, records that are longer than one, and files that change."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.errors import InputError
from loader.source.input_file import open_input
from loader.source.source import Source
from tests.support.reading import COLUMNS, read, refusal

HEADER = "from_object_id,to_object_id,note\n"


def test_a_cell_of_several_blocks_is_one_cell(tmp_path: Path) -> None:
    giant = "two words\nsay ''\r\n株式会社 " * 40_000
    lines = read(tmp_path, f'{HEADER}1,2,a\n3,4,"{giant}"\n5,6,b\n')
    assert [line.ids for line in lines] == [("1", "2"), ("3", "4"), ("5", "6")]
    assert lines[1].rest == (giant,)


def test_many_long_notes_meet_every_end_of_a_block(tmp_path: Path) -> None:
    notes = [f"Dear {n},\r\n\r\n{'best wishes ' * (n % 900)}\r\nA" for n in range(1, 900, 4)]
    text = HEADER + "".join(f'{n},{n + 1000},"{note}"\r\n' for n, note in enumerate(notes, 1))
    lines = read(tmp_path, text)
    assert [line.rest for line in lines] == [(note,) for note in notes]
    assert [line.row for line in lines] == list(range(1, len(notes) + 1))


def test_a_quote_that_does_not_close_within_sight_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loader.source.reading.LONGEST_RECORD", 1 << 20)
    assert len(read(tmp_path, HEADER + '1,2,"' + f"{'x' * 99}\n" * 10_000 + '"\n')) == 1
    error = refusal(tmp_path, HEADER + '1,2,"' + f"{'x' * 99}\n" * 20_000 + '"\n')
    assert (error.line, "does not close within 16 million characters" in str(error)) == (2, True)


def test_a_header_that_changes_before_the_first_reading_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(HEADER + "1,2,a\n")
    source = Source(open_input(str(path)), COLUMNS)
    path.write_text("to_object_id,from_object_id,note\n2,1,a\n")
    with pytest.raises(InputError, match="was changed while it was being read"):
        source.survey()


def test_a_delimiter_that_changes_is_noticed_too(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text(HEADER + "1,2,a\n")
    source = Source(open_input(str(path)), COLUMNS)
    path.write_text((HEADER + "1,2,a\n").replace(",", ";"))
    with pytest.raises(InputError, match="was changed while it was being read"):
        source.survey()


@pytest.mark.parametrize("head", ["sep=;\n", ";;\n", "\ufeffsep=;\r\n"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_header_alone_below_lines_that_are_none_is_an_input(head: str, end: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"{head}from_object_id;to_object_id{end}") == []


def test_several_byte_order_marks_are_ignored_before_a_quote_too(tmp_path: Path) -> None:
    (line,) = read(tmp_path, '\ufeff\ufeff"from_object_id","to_object_id"\n1,2\n')
    assert line.ids == ("1", "2")
