"""Rows become report lines: several IDs in a cell, empty cells, blank rows, what is shown of invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.source import Columns
from loader.source.input_file import open_input
from loader.source.source import Source
from tests.support.reading import COLUMNS, read, read_source, refusal

HEADER = "from_object_id,to_object_id,note\n"
EXPORT = "Record ID,Name,Associated Company IDs\n"
CONTACTS = Columns(from_type="contacts")


def test_several_ids_in_a_cell_are_pairs_of_one_row(tmp_path: Path) -> None:
    data = EXPORT + '101,Ada,201;202\n102,Bo,201\n103,"Cy\nD",202; 203 ;;\n'
    lines = read(tmp_path, data, CONTACTS)
    assert [(line.row, line.ids) for line in lines] == [
        (1, ("101", "201")),
        (1, ("101", "202")),
        (2, ("102", "201")),
        (3, ("103", "202")),
        (3, ("103", "203")),
    ]
    assert [line.rest for line in lines] == [("Ada",), ("Ada",), ("Bo",), ("Cy\nD",), ("Cy\nD",)]


def test_each_of_several_ids_is_judged_alone(tmp_path: Path) -> None:
    lines = read(tmp_path, EXPORT + "101,Ada,201;x;201;5.1E+10;0203\n", CONTACTS)
    assert [(line.status, line.to_id, line.category) for line in lines] == [
        ("pair", "201", ""),
        ("invalid", "x", "BAD_ID"),
        ("duplicate", "201", "DUPLICATE"),
        ("invalid", "5.1E+10", "DESTROYED_ID"),
        ("pair", "203", ""),
    ]
    assert lines[2].message == "duplicate of row 1"
    assert {line.row for line in lines} == {1}


def test_several_ids_may_be_on_either_side_but_not_on_both(tmp_path: Path) -> None:
    lines = read(tmp_path, HEADER + "1;2,3,a\n1;2,3;4,b\n")
    assert [(line.row, line.status, *line.ids) for line in lines] == [
        (1, "pair", "1", "3"),
        (1, "pair", "2", "3"),
        (2, "invalid", "1;2", "3;4"),
    ]
    assert lines[2].category == "SEVERAL_IDS"


def test_several_ids_of_a_file_that_is_separated_so_are_in_quotes(tmp_path: Path) -> None:
    data = 'from_object_id;to_object_id\n1;"2;3"\n4;5;6\n'
    assert [(line.status, *line.ids) for line in read(tmp_path, data)] == [
        ("pair", "1", "2"),
        ("pair", "1", "3"),
        ("invalid", "4", "5"),
    ]


@pytest.mark.parametrize("cell", ["", " ", ";", "\u00a0", '""', '=""', "'", '="  "'])
def test_an_empty_cell_is_normal_in_an_export_and_a_fault_elsewhere(cell: str, tmp_path: Path) -> None:
    (line,) = read(tmp_path, EXPORT + f"101,Ada,{cell}\n", CONTACTS)
    assert (line.status, line.category, line.from_id) == ("empty", "EMPTY", "101")
    assert line.message == "line 2: Associated Company IDs is empty: there is nothing to associate"
    (line,) = read(tmp_path, HEADER + f"1,{cell},n\n")
    assert (line.status, line.category) == ("invalid", "MISSING_ID")


def test_an_export_s_row_without_its_own_id_is_invalid(tmp_path: Path) -> None:
    (line,) = read(tmp_path, EXPORT + ",Ada,201\n", CONTACTS)
    assert (line.status, line.message) == ("invalid", "line 2: Record ID is empty")


@pytest.mark.parametrize(("allow", "status"), [(True, "empty"), (False, "invalid"), (None, "invalid")])
def test_allow_empty_makes_either_side_s_empty_cell_harmless(
    allow: bool | None, status: str, tmp_path: Path
) -> None:
    columns = Columns(from_type="contacts", to_type="companies", allow_empty=allow)
    lines = read(tmp_path, HEADER + ",2,a\n1,,b\n,,c\n", columns)
    assert [line.status for line in lines] == [status] * 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_empty_cells_are_no_rows(end: str, tmp_path: Path) -> None:
    text = HEADER + "1,2,a\n,,\n\n   \n , ,\u00a0\n" + '"","",\n' + "3,4,b\n,,,,,\n" + '""\n'
    path = tmp_path / "input.csv"
    path.write_text(text.replace("\n", end), encoding="utf-8", newline="")
    survey, lines = read_source(Source(open_input(str(path)), COLUMNS))
    assert [(line.row, *line.ids) for line in lines] == [(1, "1", "2"), (2, "3", "4")]
    assert (survey.rows, survey.blank_rows) == (2, 4)


def test_the_cells_of_an_invalid_row_are_shown_as_written(tmp_path: Path) -> None:
    line, short = read(tmp_path, HEADER + '" x ",2,"a,b"\n 7\n')
    assert (line.ids, line.rest) == ((" x ", "2"), ("a,b",))
    assert (short.ids, short.rest) == ((" 7", ""), ("",))


def test_a_file_of_lines_in_quotes_is_refused_and_a_single_one_is_an_invalid_row(tmp_path: Path) -> None:
    error = refusal(tmp_path, HEADER + '\n"1,2,a"\n"3,4,b"\n')
    assert (error.line, "each line is one quoted cell" in str(error)) == (3, True)
    for data in ('1,2,a\n"3,4,b"\n', '"Exported by Bo, 3 March"\n1,2,a\n'):
        good, bad = sorted(read(tmp_path, HEADER + data), key=lambda line: line.status != "pair")
        assert good.status == "pair"
        assert "the whole line is in quotes" in bad.message


def test_a_line_end_after_an_id_in_quotes_is_white_space_and_one_before_a_row_is_not(tmp_path: Path) -> None:
    data = HEADER + "".join(f'"{n}\n","{n + 1}\r\n",x\n' for n in range(10**10, 10**10 + 50))
    assert {line.status for line in read(tmp_path, data)} == {"pair"}
    stray = HEADER + '"10000000001\n1,2,x\n","3",x\n'
    assert "a line break in" in str(refusal(tmp_path, stray))
