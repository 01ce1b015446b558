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


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Record ID,Name,Associated Company IDs", "Record ID,Name,Associated Deal IDs"),
        ("Record ID,Name,Associated Company IDs", "Associated Company IDs,Name,Record ID"),
        ("Record ID - Contact,Record ID - Company", "Record ID - Contact,Record ID - Deal"),
        ("Record ID - Contact,Record ID - Company", "Record ID - Deal,Record ID - Ticket"),
        ("from_object_id,to_object_id", "Associated Company IDs,Record ID"),
        ("Record ID,Associated Company IDs", "1,2Record ID,Associated Deal IDs"),
        ("Record ID,Associated Company IDs", '1,"2""Record ID","Associated Deal IDs"'),
        ("Record ID,Associated Company IDs", "1,2from_object_id,to_object_id"),
    ],
)
def test_a_header_of_other_id_columns_is_refused(first: str, second: str, tmp_path: Path) -> None:
    columns = Columns(from_type="contacts", to_type="companies")
    text = f"{first}\n{'101,' * first.count(',')}201\n{second}\n{'5,' * first.count(',')}6\n"
    assert "a second header" in str(refusal(tmp_path, text, columns=columns))


def test_so_is_one_of_columns_that_only_the_options_name(tmp_path: Path) -> None:
    columns = Columns(
        from_column="Contact ID", to_column="Company ID", from_type="contacts", to_type="companies"
    )
    text = "Contact ID,Company ID,note\n1,2,a\nDeal ID,Company ID,note\n3,4,b\n"
    assert "a second header" in str(refusal(tmp_path, text, columns=columns))


def test_an_export_that_repeats_its_header_is_read(tmp_path: Path) -> None:
    header = "Record ID,Associated Deal IDs,Associated Company IDs"
    columns = Columns(from_type="contacts", to_type="companies")
    lines = read(tmp_path, f"{header}\n1,7,2\n{header}\n3,,4\n", columns=columns)
    assert [line.ids for line in lines if line.ids[0].isdigit()] == [("1", "2"), ("3", "4")]
