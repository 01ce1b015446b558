"""Excel workbooks: which sheet, where its header is, and what its cells say."""

from __future__ import annotations

import io
import re
import zipfile
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from loader.errors import InputError, UsageError
from loader.source import Columns
from loader.source.input_file import open_input
from loader.source.source import Source
from tests.support.reading import COLUMNS, Line, read, read_source, refusal
from tests.support.workbook import Failure, Formula, Value, workbook

HEADER = ("from_object_id", "to_object_id", "note")


def read_sheet(folder: Path, *rows: tuple[Value, ...], columns: Columns = COLUMNS) -> list[Line]:
    return read(folder, workbook(*rows), columns, name="pairs.xlsx")


def test_an_id_is_a_whole_number_of_fifteen_digits_or_text(tmp_path: Path) -> None:
    cells: list[tuple[Value, str | None]] = [
        (51347712782, "51347712782"),
        (51347712782.0, "51347712782"),
        (999_999_999_999_999, "999999999999999"),
        ("1234567890123456789", "1234567890123456789"),
        (" 0123 ", "123"),
        (Formula("1+1", 102.0), "102"),
        (Formula('"10"&"3"', "103"), "103"),
        (1_000_000_000_000_000, None),
        (123456789012345678, None),
        (1.5, None),
        (123.00000000000001, None),
        (-5, None),
        (0, None),
        (True, None),
        ("x", None),
    ]
    lines = read_sheet(tmp_path, HEADER, *((cell, n, "n") for n, (cell, _) in enumerate(cells, 1000)))
    for (cell, value), line in zip(cells, lines, strict=True):
        found = (line.status, line.from_id if value else None)
        assert found == ("pair" if value else "invalid", value), cell


def test_a_number_of_too_many_digits_is_told_as_excel_shows_it(tmp_path: Path) -> None:
    (line,) = read_sheet(tmp_path, HEADER, (123456789012345678, 2, "n"))
    assert line.from_id == "1.23456789012346E+17"
    assert line.message.startswith(
        "sheet row 2: from_object_id: Excel shortened this ID (1.23456789012346E+17)"
    )


@pytest.mark.parametrize("cell", [None, "", Failure("#REF!"), Formula("1+1", None)])
def test_an_error_and_a_missing_value_read_as_empty_so_they_are_invalid(cell: Value, tmp_path: Path) -> None:
    header = ("Record ID", "Associated Company IDs")
    (line,) = read_sheet(tmp_path, header, (101, cell), columns=Columns(from_type="contacts"))
    assert (line.status, line.category) == ("invalid", "MISSING_ID")
    allowed = Columns(from_type="contacts", allow_empty=True)
    (line,) = read_sheet(tmp_path, header, (101, cell), columns=allowed)
    assert line.status == "empty"


def test_the_header_is_found_below_empty_rows_and_beside_empty_columns(tmp_path: Path) -> None:
    rows: list[tuple[Value, ...]] = [(), (None, None), (None, *HEADER), (), (None, 1, 2, "a"), (None, "x", 2)]
    first, second = read_sheet(tmp_path, *rows)
    assert (first.row, first.ids, first.rest) == (1, ("1", "2"), ("a",))
    assert (second.row, second.message[: len("sheet row 6: ")]) == (2, "sheet row 6: ")


def test_a_sheet_of_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    assert read_sheet(tmp_path, HEADER) == []


def test_cells_beyond_the_header_make_a_row_too_wide_unless_they_are_empty(tmp_path: Path) -> None:
    one, other = read_sheet(tmp_path, HEADER, (1, 2, "a", ""), (3, 4, "b", "c"))
    assert (one.status, other.category) == ("pair", "TOO_MANY_FIELDS")


def test_other_columns_are_text(tmp_path: Path) -> None:
    header = ("from_object_id", "to_object_id", "a", "b", "c", "d", "e")
    (line,) = read_sheet(tmp_path, header, (1, 2, 1.5, True, "x\ny, z", 7.0, 1e20))
    assert line.rest == ("1.5", "TRUE", "x\ny, z", "7", "1E+20")


def test_several_ids_in_a_text_cell(tmp_path: Path) -> None:
    lines = read_sheet(tmp_path, HEADER, (1, "201;202", "n"))
    assert [line.ids for line in lines] == [("1", "201"), ("1", "202")]


@pytest.mark.parametrize(("wanted", "to_id"), [(None, "2"), ("Second", "4"), (" second ", "4")])
def test_the_sheet_is_the_first_or_the_one_that_is_named(
    wanted: str | None, to_id: str, tmp_path: Path
) -> None:
    path = tmp_path / "pairs.xlsx"
    path.write_bytes(workbook(sheets={"First": [HEADER, (1, 2, "")], "Second": [HEADER, (3, 4, "")]}))
    columns = Columns(from_type="contacts", to_type="deals", sheet=wanted)
    source = Source(open_input(str(path)), columns)
    assert [line.to_id for line in read_source(source)[1]] == [to_id]
    assert source.reading["sheet"] == ("Second" if wanted else "First")


def test_a_hidden_sheet_is_taken_only_if_it_is_named_or_alone(tmp_path: Path) -> None:
    sheets: dict[str, list[tuple[Value, ...]]] = {
        "Hidden": [HEADER, (1, 2, "")],
        "Seen": [HEADER, (3, 4, "")],
    }
    path = tmp_path / "pairs.xlsx"
    path.write_bytes(workbook(sheets=sheets, hidden=["Hidden"]))
    for wanted, to_id in ((None, "4"), ("Hidden", "2")):
        columns = Columns(from_type="contacts", to_type="deals", sheet=wanted)
        assert [line.to_id for line in read_source(Source(open_input(str(path)), columns))[1]] == [to_id]
    path.write_bytes(workbook(sheets={"Hidden": sheets["Hidden"]}, hidden=["Hidden"]))
    assert read_source(Source(open_input(str(path)), COLUMNS))[1][0].to_id == "2"


def test_a_sheet_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "pairs.xlsx"
    path.write_bytes(workbook(sheets={"First": [HEADER], "Second": []}))
    with pytest.raises(UsageError, match="has no sheet 'Third'; its sheets: 'First', 'Second'"):
        Source(open_input(str(path)), Columns(sheet="Third"))
    with pytest.raises(InputError, match="the sheet 'Second' is empty"):
        Source(open_input(str(path)), Columns(sheet="Second"))


def test_a_sheet_of_a_csv_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a workbook"):
        read(tmp_path, "from_object_id,to_object_id\n", Columns(sheet="First"))


def test_lines_that_were_pasted_into_one_column_are_recognised(tmp_path: Path) -> None:
    error = refusal(tmp_path, workbook(("from_object_id,to_object_id",), ("1,2",)), name="pairs.xlsx")
    assert "each line is one quoted cell" in str(error)


@pytest.mark.parametrize("value", [float("inf"), -float("inf"), float("nan")])
def test_a_number_that_is_none_is_a_cell_like_any_other(tmp_path: Path, value: float) -> None:
    lines = read_sheet(tmp_path, HEADER, (1, 2, value), (value, 4, "b"), (5, 6, "c"))
    assert [line.status for line in lines] == ["pair", "invalid", "pair"]


@pytest.mark.parametrize("place", ["XFD1048576", "AAA999999"])
def test_a_stray_cell_far_away_is_told_and_not_held_in_memory(tmp_path: Path, place: str) -> None:
    row = re.sub("[A-Z]", "", place)
    far = f'<row r="{row}"><c r="{place}" t="inlineStr"><is><t> </t></is></c></row></sheetData>'.encode()
    with zipfile.ZipFile(io.BytesIO(workbook(HEADER, (1, 2, "a")))) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content.replace(b"</sheetData>", far))
    error = refusal(tmp_path, data.getvalue(), name="pairs.xlsx")
    assert f"a sheet reaches to column {re.sub('[0-9]', '', place)}, row {row}" in str(error)


def test_a_wide_sheet_is_read(tmp_path: Path) -> None:
    wide = ["x"] * 2000
    assert [line.status for line in read_sheet(tmp_path, (*HEADER, *wide), (1, 2, "a", *wide))] == ["pair"]


def test_a_header_that_lacks_the_columns_is_told_with_a_command(tmp_path: Path) -> None:
    data = workbook(("Contact ID", "Company ID"), (1, 2))
    error = refusal(tmp_path, data, name="pairs.xlsx")
    assert "sheet row 1: there is no column 'from_object_id'" in str(error)
    assert "--from-column 'Contact ID' --to-column 'Company ID'" in error.hint


def test_a_workbook_that_changes_stops_the_run(tmp_path: Path) -> None:
    path = tmp_path / "pairs.xlsx"
    path.write_bytes(workbook(HEADER, (1, 2, "a")))
    source = Source(open_input(str(path)), COLUMNS)
    survey = source.survey()
    path.write_bytes(workbook(HEADER, (1, 3, "a")))
    with pytest.raises(Exception, match="was changed while it was being read"):
        list(source.chunks(survey))


def test_a_workbook_whose_columns_have_moved_since_they_were_found_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pairs.xlsx"
    path.write_bytes(workbook(HEADER, (1, 2, "a")))
    source = Source(open_input(str(path)), COLUMNS)
    path.write_bytes(workbook((HEADER[1], HEADER[0], HEADER[2]), (1, 2, "a")))
    with pytest.raises(InputError, match="was changed while it was being read"):
        source.survey()


def test_a_damaged_workbook_is_refused_in_words_or_read_as_it_was(tmp_path: Path) -> None:
    whole = workbook(HEADER, *((n, n + 7, f"note {n}") for n in range(1, 60)))
    expected = read(tmp_path, whole, name="pairs.xlsx")
    rng = Random(20261129)
    for _ in range(50):
        data = bytearray(whole)
        if rng.random() < 0.3:
            data = data[: rng.randrange(len(data))]
        else:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        with suppress(UsageError):
            assert read(tmp_path, bytes(data), name="pairs.xlsx") == expected
