"""Which columns are taken, by whose names, and as what."""

from __future__ import annotations

from typing import Any

import pytest

from loader.model import OWN_COLUMNS
from loader.source import Columns
from loader.source.column_search import Found, find_columns

EXPORT = "Record ID,First Name,Associated Company,Associated Deal IDs,Associated Company IDs"
PRIMARY = f"{EXPORT},Associated Company IDs (Primary)"
PAIRS = "Record ID - Contact,Create Date,Record ID - Company,Create Date"
THREE = "Record ID - Contact,Record ID - Deal,Record ID - Company"


def find(header: str, **options: Any) -> Found:
    return find_columns(header.split(","), Columns(**options))


def told(header: str, **options: Any) -> str:
    """Both sides as they are described, without the labels."""
    names = tuple(header.split(","))
    found = find(header, **options)
    assert found.problems == []
    assert found.from_side is not None
    assert found.to_side is not None
    return f"{found.from_side.describe(names)} · {found.to_side.describe(names)}"


@pytest.mark.parametrize(
    ("header", "options", "words"),
    [
        # The loader's own names.
        (
            "to_object_id,from_object_id",
            {"from_type": "contacts", "to_type": "0-2"},
            "from: 'from_object_id' (contacts, from --from-type) · to: 'to_object_id' (0-2, from --to-type)",
        ),
        (
            "from_object_type,from_object_id,to_object_id",
            {"from_type": "contacts", "to_type": "deals"},
            "from: 'from_object_id' (types in 'from_object_type', else contacts, from --from-type) · "
            "to: 'to_object_id' (deals, from --to-type)",
        ),
        # An export with one line per record.
        (
            PRIMARY,
            {"from_type": "contacts", "to_type": "company"},
            "from: 'Record ID' (contacts, from --from-type) · "
            "to: 'Associated Company IDs' (company, from --to-type; may hold several)",
        ),
        (
            "Record ID,Associated Company IDs (Primary)",
            {"from_type": "contacts"},
            "from: 'Record ID' (contacts, from --from-type) · "
            "to: 'Associated Company IDs (Primary)' (companies, from the header)",
        ),
        (
            "Record ID,Primary Associated Company ID",
            {"from_type": "contacts"},
            "from: 'Record ID' (contacts, from --from-type) · "
            "to: 'Primary Associated Company ID' (companies, from the header)",
        ),
        (
            "Record ID,Associated Pet IDs,Associated Company IDs",
            {"from_type": "contacts", "to_type": "2-123"},
            "from: 'Record ID' (contacts, from --from-type) · "
            "to: 'Associated Pet IDs' (2-123, from --to-type; may hold several)",
        ),
        # An export with one line per pair.
        (
            PAIRS,
            {},
            "from: 'Record ID - Contact' (contacts, from the header) · "
            "to: 'Record ID - Company' (companies, from the header)",
        ),
        (
            PAIRS,
            {"from_type": "companies", "to_type": "contacts"},
            "from: 'Record ID - Company' (companies, from --from-type) · "
            "to: 'Record ID - Contact' (contacts, from --to-type)",
        ),
        (
            THREE,
            {"from_type": "deals", "to_type": "companies"},
            "from: 'Record ID - Deal' (deals, from --from-type) · "
            "to: 'Record ID - Company' (companies, from --to-type)",
        ),
        # One side by an option, the other by HubSpot's name.
        (
            "Kontakt,Associated Company IDs",
            {"from_column": "kontakt ", "from_type": "contacts"},
            "from: 'Kontakt' (contacts, from --from-type) · "
            "to: 'Associated Company IDs' (companies, from the header; may hold several)",
        ),
        (
            THREE,
            {"to_column": "record id - deal", "from_type": "contacts"},
            "from: 'Record ID - Contact' (contacts, from --from-type) · "
            "to: 'Record ID - Deal' (deals, from the header)",
        ),
    ],
)
def test_columns_are_found(header: str, options: dict[str, Any], words: str) -> None:
    assert told(header, **options) == words


@pytest.mark.parametrize(
    ("header", "options", "problems", "missing"),
    [
        (
            "Contact ID,company_id",
            {"from_type": "contacts", "to_type": "companies"},
            ["there is no column 'from_object_id'", "there is no column 'to_object_id'"],
            ["from_column", "to_column"],
        ),
        (
            "from_object_id,to_object_id",
            {},
            [
                "nothing says of which object type the from-IDs are",
                "nothing says of which object type the to-IDs are",
            ],
            ["from_type", "to_type"],
        ),
        (
            EXPORT,
            {"from_type": "contacts"},
            ["'Associated Company IDs': choose with --to-type"],
            ["to_column"],
        ),
        (EXPORT, {"from_type": "contacts", "to_type": "tickets"}, ["is of tickets"], ["to_column"]),
        (THREE, {}, ["choose with --from-type and --to-type"], ["from_column", "to_column"]),
        (THREE, {"to_type": "companies"}, ["choose with --from-type"], ["from_column"]),
        (
            "Record ID - Contact,Record ID - Pet",
            {},
            ["nothing says of which object type the to-IDs are"],
            ["to_type"],
        ),
        (
            "from_object_id,to_object_id,From_Object_ID",
            {"from_type": "contacts", "to_type": "deals"},
            ["is there 2 times (columns 1, 3)"],
            ["from_column"],
        ),
        (
            "a,b",
            {"from_column": "c", "to_column": "b", "from_type": "contacts", "to_type": "deals"},
            ["there is no column 'c'"],
            ["from_column"],
        ),
        (
            "a,b",
            {"from_column": "a", "to_column": "a", "from_type": "contacts", "to_type": "deals"},
            ["can't be two things at once"],
            [],
        ),
        (
            "from_object_id,to_object_id",
            {"from_type_column": "kind", "to_type": "deals"},
            ["there is no column 'kind'"],
            ["from_type_column"],
        ),
    ],
)
def test_everything_that_is_missing_is_said(
    header: str, options: dict[str, Any], problems: list[str], missing: list[str]
) -> None:
    found = find(header, **options)
    assert len(found.problems) == len(problems)
    assert [
        words for words, problem in zip(problems, found.problems, strict=True) if words not in problem
    ] == []
    assert found.missing == missing


@pytest.mark.parametrize(
    ("column", "allow_empty", "workbook", "allowed"),
    [
        ("Associated Company IDs", None, False, True),
        ("Associated Company IDs (Primary)", None, False, True),
        ("Associated Company IDs", None, True, False),
        ("Associated Company IDs", False, False, False),
        ("to_object_id", None, False, False),
        ("to_object_id", True, True, True),
    ],
)
def test_an_empty_cell_is_normal_in_an_associated_column(
    column: str, allow_empty: bool | None, workbook: bool, allowed: bool
) -> None:
    options = Columns(from_type="contacts", to_type="companies", allow_empty=allow_empty)
    found = find_columns(["Record ID", column], options, workbook=workbook)
    assert found.from_side is not None
    assert found.to_side is not None
    assert found.to_side.allow_empty == allowed
    assert found.from_side.allow_empty == bool(allow_empty)


def test_a_report_s_own_columns_come_first() -> None:
    found = find_columns([*OWN_COLUMNS, "from_object_id", "status"], Columns())
    assert found.problems == []
    assert found.from_side is not None
    assert found.from_side.column == OWN_COLUMNS.index("from_object_id")
