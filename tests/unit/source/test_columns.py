"""The options that say how to read, and names as they are compared."""

from __future__ import annotations

import pytest

from loader.errors import UsageError
from loader.source import Columns
from loader.source.columns import fold_name


@pytest.mark.parametrize(
    "name",
    ["Record ID", " record id ", "RECORD\u00a0ID", "\ufeffRecord ID", "Rec\u200bord ID", "Record  ID\r\n"],
)
def test_names_match_without_case_white_space_and_invisible_characters(name: str) -> None:
    assert fold_name(name) == "record id"


def test_names_match_in_either_unicode_form() -> None:
    assert fold_name("Se\u0301rie") == fold_name("S\u00e9rie")


def test_types_are_options_in_any_spelling() -> None:
    columns = Columns(from_type=" Line items ", to_type="p_Pets")
    assert (columns.from_type, columns.to_type) == ("line_items", "p_Pets")


def test_a_misspelt_type_is_refused_with_the_right_one() -> None:
    with pytest.raises(
        UsageError, match="--from-type 'contcts' is not an object type: did you mean contacts"
    ):
        Columns(from_type="contcts")
    with pytest.raises(UsageError, match="--to-type 'a/b'"):
        Columns(to_type="a/b")
