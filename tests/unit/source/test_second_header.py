"""Two files joined into one: the second header, alone on its line or glued to the line before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from loader.source import Columns
from tests.support.reading import read, refusal

HEADER = "from_object_id,to_object_id,note"


def test_another_header_is_refused_with_its_line(tmp_path: Path) -> None:
    for second in (
        "note,to_object_id,from_object_id",
        "\ufeffto_object_id,from_object_id,note",
        "\u00a0To_Object_ID ,from_object_id\u200b,note",
        "from_object_id,to_object_id,note,mail",
        "from_object_id,to_object_id",
        '"to_object_id","from_object_id"',
        # Glued to a last line without an end.
        "3,4,bto_object_id,from_object_id,note",
        "3,4,b\ufeffto_object_id,from_object_id,note",
        "3,4,bnote,to_object_id,from_object_id",
        '3,4,"b""to_object_id","from_object_id","note"',
        "3,4,bfrom_object_id,to_object_id",
    ):
        error = refusal(tmp_path, f"{HEADER}\n1,2,a\n{second}\n203,103,x\n")
        assert (error.line, "a second header, whose columns are not those of the first" in str(error)) == (
            3,
            True,
        ), second


def test_the_same_header_again_is_one_invalid_row(tmp_path: Path) -> None:
    for second in (
        HEADER,
        f"\ufeff{HEADER}",
        HEADER.upper(),
        f"{HEADER},",
        f"3,4,b{HEADER}",
        f"3,4,b\ufeff{HEADER}",
    ):
        lines = read(tmp_path, f"{HEADER}\n1,2,a\n{second}\n103,203,x\n")
        assert [(line.status, line.from_id) for line in lines if line.status == "pair"] == [
            ("pair", "1"),
            ("pair", "103"),
        ], second
        assert len(lines) == 3, second


def test_type_columns_in_other_places_make_another_header_too(tmp_path: Path) -> None:
    header = "from_object_id,to_object_id,from_object_type,to_object_type"
    second = "from_object_id,to_object_id,to_object_type,from_object_type"
    text = f"{header}\n1,2,contacts,deals\n{second}\n3,4,deals,contacts\n"
    assert "a second header" in str(refusal(tmp_path, text, Columns()))
    quoted = f"{header}\n1,2,contacts,deals\nfrom_object_id,to_object_id,contacts,deals\n"
    assert [line.status for line in read(tmp_path, quoted, Columns())] == ["pair", "invalid"]


@pytest.mark.parametrize("row", ["x,to_object_id,", "from_object_id,,", "the from_object_id,to_object_id"])
def test_a_row_that_names_one_column_is_no_header(row: str, tmp_path: Path) -> None:
    lines = read(tmp_path, f"{HEADER}\n1,2,a\n{row}\n")
    assert [line.status for line in lines] == ["pair", "invalid"]


def test_hubspot_s_own_names_are_recognised(tmp_path: Path) -> None:
    text = "Record ID - Contact,Record ID - Company\n1,2\nRecord ID - Company,Record ID - Contact\n3,4\n"
    assert "a second header" in str(refusal(tmp_path, text, Columns()))
