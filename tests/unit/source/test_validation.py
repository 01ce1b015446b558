"""The verdict on one row: its width, its types, and what it pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.source import Columns
from tests.support.reading import read

HEADER = "from_object_id,to_object_id,note\n"


@pytest.mark.parametrize(
    ("row", "category", "words"),
    [
        ("1,2,a,b", "TOO_MANY_FIELDS", "line 2: the row has 4 cells, the header has 3"),
        ("1,2", "TOO_FEW_FIELDS", "line 2: the row has 2 cells, the header has 3"),
        ("7", "TOO_FEW_FIELDS", "line 2: the row has 1 cell, the header has 3"),
        ('1,2, "a, b"', "TOO_MANY_FIELDS", "there is a space before a quotation mark"),
    ],
)
def test_a_row_of_another_width_is_invalid(row: str, category: str, words: str, tmp_path: Path) -> None:
    line, good = read(tmp_path, f"{HEADER}{row}\n3,4,n\n")
    assert (line.status, line.category, words in line.message) == ("invalid", category, True), line
    assert good.ids == ("3", "4")


def test_types_are_text(tmp_path: Path) -> None:
    for name in ("true", "infinity", "nan", "NaN", "inf", "null", "e5", "0-1"):
        data = "from_object_type,from_object_id,to_object_id\n" + f"{name},1,2\n{name},3,4\n"
        assert [line.from_type for line in read(tmp_path, data, Columns(to_type="deals"))] == [name] * 2


def test_a_misspelt_type_is_invalid_in_the_plainest_file(tmp_path: Path) -> None:
    data = "from_object_type,from_object_id,to_object_id\ncontcts,1,2\ncontacts,3,4\n"
    line, good = read(tmp_path, data, Columns(to_type="deals"))
    assert (line.category, "did you mean contacts?" in line.message) == ("BAD_TYPE", True)
    assert good.status == "pair"


def test_an_empty_type_cell_takes_the_option(tmp_path: Path) -> None:
    data = "from_object_type,from_object_id,to_object_id\n,1,2\nContact ,3,4\n"
    assert [line.from_type for line in read(tmp_path, data)] == ["contacts", "Contact"]
    line, _ = read(tmp_path, data, Columns(to_type="deals"))
    assert line.category == "MISSING_TYPE"


def test_the_same_pair_under_other_type_names_is_a_duplicate(tmp_path: Path) -> None:
    header = "from_object_type,from_object_id,to_object_type,to_object_id\n"
    rows = "contacts,1,0-2,2\ncompany,2,contact,1\n0-1,01,Companies,2.0\nLine items,1,p_a,2\n0-8,1,p_A,2\n"
    lines = read(tmp_path, header + rows, Columns())
    assert [line.status for line in lines] == ["pair", "pair", "duplicate", "pair", "pair"]
    assert lines[2].message == "duplicate of row 1"
    assert lines[3].from_type == "line_items"


def test_a_record_with_itself_is_invalid_whatever_its_type_is_called(tmp_path: Path) -> None:
    header = "from_object_type,from_object_id,to_object_type,to_object_id\n"
    lines = read(tmp_path, header + "contacts,7,0-1,7\ncontacts,7,deals,7\n0-1,1,contact,8;1\n", Columns())
    assert [line.category for line in lines] == ["SELF_PAIR", "", "", "SELF_PAIR"]
