"""What an ID and a type are: each form by itself, and a whole column at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.source.cell_rules import Fault, judge_id, judge_type, read_ids, split_ids, trim
from tests.campaigns.dirty_values import IDS, TYPES


def test_ids() -> None:
    for cell, value in IDS:
        verdict = judge_id(cell, "Contact ID")
        assert verdict == int(value) if value else isinstance(verdict, Fault), (cell, verdict)


def test_the_reason_says_what_is_wrong_with_an_id() -> None:
    for cell, category, words in (
        ("", "MISSING_ID", "Contact ID is empty"),
        ("0", "ID_OUT_OF_RANGE", "IDs go from 1 to 9223372036854775807"),
        ("9223372036854775808", "ID_OUT_OF_RANGE", "IDs go from 1 to"),
        ("12345678901234567890", "ID_OUT_OF_RANGE", "has 20 digits; an ID has at most 19"),
        ("9007199254740993.0", "ID_OUT_OF_RANGE", "was written as a decimal number"),
        ("1.2345678901234568E16", "ID_OUT_OF_RANGE", "was written as a decimal number"),
        ("0.0", "ID_OUT_OF_RANGE", "was written as a decimal number"),
        ("1.23457E+11", "DESTROYED_ID", "Excel shortened this ID (1.23457E+11); its digits are lost"),
        ("1,23457E+11", "DESTROYED_ID", "Excel shortened this ID (1,23457E+11)"),
        ("1,234", "BAD_ID", "thousands separators"),
        ("7\u2019654\u2019321", "BAD_ID", "thousands separators"),
        ("1\u202f234", "BAD_ID", "thousands separators"),
        ("\uff11\uff12", "BAD_ID", "written with FULLWIDTH DIGIT ONE; use the digits 0 to 9"),
        ("١٢٣", "BAD_ID", "written with ARABIC-INDIC DIGIT ONE"),
        ("1\u200b2", "BAD_ID", "invisible character (U+200B)"),
        ("1\x002", "BAD_ID", "invisible character (U+0000)"),
        (' "2"', "BAD_ID", "a space before the quotation mark"),
        ('1"2', "BAD_ID", "a stray quotation mark"),
        ("jane@example.com", "BAD_ID", "an ID is 1 to 19 digits"),
        ("Ada Lovelace", "BAD_ID", "an ID is 1 to 19 digits"),
    ):
        verdict = judge_id(cell, "Contact ID")
        assert isinstance(verdict, Fault), cell
        assert (verdict.category, words in verdict.message) == (category, True), verdict
        assert "\n" not in verdict.message, cell


#: What cells are made of, so that random ones find the corners.
PIECES = st.lists(
    st.sampled_from([*"0123459", "00", ".", ".0", "E", "e", "+", "-", "'", '="', '"', " ", "\t", "\n", "\r"])
    | st.sampled_from(
        ["\u00a0", "\u200b", "\ufeff", "1", "12345678901", "\uff19", "x", ";", "1.25E2", "0" * 12]
    ),
    max_size=8,
).map("".join)


@given(st.lists(PIECES, min_size=1, max_size=30))
def test_a_column_is_read_as_its_cells_are(cells: list[str]) -> None:
    ids = read_ids(cells)
    assert len(ids) == len(cells)
    for cell, one in zip(cells, ids.tolist(), strict=True):
        verdict = judge_id(cell, "")
        assert one == verdict if one else True, (cell, one, verdict)


def test_a_column_of_honest_ids_needs_no_second_look() -> None:
    for form in (
        "{}",
        "00{}",
        "{}.0",
        "{}.00",
        " {} ",
        "\u00a0{}\u200b",
        "'{}",
        '="{}"',
        "\t{}\n",
        "1{}23456789",
        "{}.0000000000",
        "{}" + "\u00a0" * 15,
        "{}.0" + " " * 13,
        '="{}          "',
    ):
        cells = [form.format(number) for number in range(1000000001, 1000000050)]
        assert read_ids(cells).tolist() == [judge_id(cell, "") for cell in cells], form


def test_exact_scientific_notation_is_read_in_columns_too() -> None:
    cells = ["1.6147805824397E13", "1.23457E+11", "7", "2E0"]
    assert read_ids(cells).tolist() == [16147805824397, 0, 7, 2]


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("201;202", ["201", "202"]),
        ('="201;202"', ["201", "202"]),
        ("'201;202", ["201", "202"]),
        (";201;", ["201"]),
        ("201", ["201"]),
        (";; ;", [""]),
        ("", [""]),
    ],
)
def test_several_ids(cell: str, ids: list[str]) -> None:
    assert split_ids(cell) == ids


def test_types() -> None:
    for cell, ok in TYPES:
        verdict = judge_type(cell, None, "type")
        assert verdict == cell.strip() if ok else isinstance(verdict, Fault), (cell, verdict)


def test_an_empty_type_cell_takes_the_default_and_is_a_fault_without() -> None:
    assert judge_type(" ", "contacts", "type") == "contacts"
    assert judge_type("", None, "type") == Fault(
        "MISSING_TYPE", "type is empty, and there is no default type"
    )


@pytest.mark.parametrize(("cell", "type_name"), [("Line items", "line_items"), ("line-item", "line_item")])
def test_names_in_several_words(cell: str, type_name: str) -> None:
    assert judge_type(cell, None, "type") == type_name


def test_a_misspelt_type_is_suggested() -> None:
    verdict = judge_type("contcts", None, "type")
    assert isinstance(verdict, Fault)
    assert "did you mean contacts?" in verdict.message


@pytest.mark.parametrize("around", ["", " ", "\u00a0\u200b", "\ufeff", "\u202d", "\r\n"])
def test_white_space_and_invisible_characters_around_a_text(around: str) -> None:
    assert trim(f"{around}a b{around}") == "a b"
    assert trim(around) == ""
