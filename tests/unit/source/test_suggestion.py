"""The guess at what is missing: a command that works as printed."""

from __future__ import annotations

from typing import Any

import pytest

from loader.source import Columns
from loader.source.suggestion import suggest_command

IDS = [["51000000101", "9100000201", "ana", "7"], ["51000000102", "9100000202", "ben", "8"]]


@pytest.mark.parametrize(
    ("header", "options", "command"),
    [
        (
            "Contact ID,company_id,owner,age",
            {},
            "--from-column 'Contact ID' --to-column company_id --from-type contacts --to-type companies",
        ),
        (
            "company_id,contact_id,owner,age",
            {"from_type": "contacts", "delimiter": "\t"},
            "--from-column contact_id --to-column company_id --from-type contacts --to-type companies "
            "--delimiter tab",
        ),
        (
            "Record ID,Associated Company IDs,Associated Deal,Associated Deal IDs",
            {"from_type": "contacts"},
            "--to-column 'Associated Company IDs' --from-type contacts --to-type companies",
        ),
        (
            "Record ID,Associated Company IDs,name,age",
            {"from_type": "contacts", "to_type": "deals"},
            "--to-column 'Associated Company IDs' --from-type contacts --to-type companies",
        ),
        (
            "Datensatz-ID,Associated Company IDs,Vorname,Alter",
            {"from_type": "contacts", "allow_empty": True},
            "--from-column Datensatz-ID --from-type contacts --allow-empty",
        ),
        ("from_object_id,to_object_id,x,y", {}, "--from-type contacts --to-type companies"),
        (
            "from_object_id,to_object_id,x,y",
            {"from_type": "companies"},
            "--from-type companies --to-type contacts",
        ),
        ("Deal,Line item ID,x,y", {}, "--from-column 'Line item ID' --to-column Deal"),
    ],
)
def test_the_nearest_guess_is_a_complete_command(header: str, options: dict[str, Any], command: str) -> None:
    guessed = suggest_command("my pairs.csv", header.split(","), IDS, Columns(**options), "auto")
    assert guessed.startswith("assoc-loader check 'my pairs.csv' ")
    assert command in guessed


@pytest.mark.parametrize("header", ["x,y,z,w", "owner,name,contact id,deal id"])
def test_columns_without_ids_are_no_guess(header: str) -> None:
    rows = [["a", "b", "c", "d"]]
    assert suggest_command("pairs.csv", header.split(","), rows, Columns(), "auto") == ""


def test_the_options_that_were_given_are_kept() -> None:
    columns = Columns(from_column="a", trust_quotes=True)
    guessed = suggest_command("p.csv", ["a", "Company ID"], [], columns, "cp1252")
    assert guessed == (
        "assoc-loader check p.csv --from-column a --to-column 'Company ID' --from-type contacts "
        "--to-type companies --trust-quotes --encoding cp1252"
    )
