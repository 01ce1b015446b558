"""What the answer to a batch read proves about the associations of records."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from loader.hubspot.envelope import decode
from loader.hubspot.read_response import AssociationTypes, ReadAnswer, parse_read_response
from tests.support import json_like


def entry(to_id: Any, label: str | None = None, category: str = "HUBSPOT_DEFINED", number: Any = 279) -> Any:
    kind = {"category": category, "typeId": number, "label": label}
    return {"toObjectId": to_id, "associationTypes": [kind]}


def page(record_id: Any, *entries: Any, after: Any = None) -> dict[str, Any]:
    paging = {} if after is None else {"paging": {"next": {"after": after, "link": "x"}}}
    return {"from": {"id": record_id}, "to": [*entries], **paging}


def no_associations(*records: Any, **more: Any) -> dict[str, Any]:
    sub_category: Any = "crm.associations.NO_ASSOCIATIONS_FOUND"
    context = {"fromObjectId": [*records]} if records else {}
    error = {"category": "OBJECT_NOT_FOUND", "subCategory": sub_category, "context": context}
    return error | more


WANTED = {"1": {"11", "12"}, "2": {"12"}, "3": {"13"}}


def read(*results: Any, **document: Any) -> ReadAnswer:
    return parse_read_response({"results": [*results], **document}, WANTED)


def test_what_was_looked_for_is_found_and_nothing_else() -> None:
    found = read(page("1", entry("11"), entry("99")), page(2, entry(12)), page("3"), page("4", entry("13")))
    default = AssociationTypes("HUBSPOT_DEFINED:279", True)
    assert found == ReadAnswer({("1", "11"): default, ("2", "12"): default}, {}, set(), set())


def test_a_record_in_two_results_is_added_up_with_its_pages() -> None:
    found = read(
        page("1", entry("11"), after="a"), page("2"), page("1", entry("12"), after=5), page("3"), page("1")
    )
    assert {ends[1] for ends in found.found} == {"11", "12"}
    assert (found.cursors, found.unread) == ({"1": {"a", "5"}}, set())


def test_the_types_of_two_entries_for_the_same_records_are_added_up() -> None:
    twice = [
        entry("11", "Billing", "USER_DEFINED", 7),
        entry("11"),
        entry("11", "Billing", "USER_DEFINED", 7),
    ]
    found = read(page("1", *twice)).found["1", "11"]
    assert found == AssociationTypes("USER_DEFINED:7;HUBSPOT_DEFINED:279", True)


@pytest.mark.parametrize(
    ("kind", "default", "labelled"),
    [
        ({"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}, True, False),
        ({"category": "HUBSPOT_DEFINED", "typeId": "279"}, True, False),
        ({"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}, False, False),
        ({"category": "USER_DEFINED", "typeId": 7, "label": "Billing"}, False, True),
        ({"category": "INTEGRATOR_DEFINED", "typeId": 7, "label": "x"}, False, True),
        ({"typeId": 7, "label": "x"}, False, True),
        ({"label": "x"}, False, True),
    ],
)
def test_labels_are_told_from_the_default_type(kind: Any, default: bool, labelled: bool) -> None:
    found = read(page("1", {"toObjectId": "11", "associationTypes": [kind]})).found["1", "11"]
    assert (found.default, found.labelled) == (default, labelled)


def test_types_that_cannot_be_read_may_be_a_label() -> None:
    for types in (None, [], "x", [7]):
        found = read(page("1", {"toObjectId": "11", "associationTypes": types})).found["1", "11"]
        assert found == AssociationTypes("", False)
        assert found.labelled


@pytest.mark.parametrize(
    "odd",
    [
        {"from": {"id": "1"}},
        {"from": {"id": "1"}, "to": None},
        {"from": {"id": "1"}, "to": {"results": []}},
        page("1", 7),
        page("1", {"id": "11"}),
        page("1", after={}),
        {"from": {"id": "1"}, "to": [], "paging": []},
        {"from": {"id": "1"}, "to": [], "paging": {"next": "a"}},
        {"from": {"id": "1"}, "to": [], "paging": {"next": {"link": "x"}}},
    ],
)
def test_a_page_that_cannot_be_read_to_the_end_proves_nothing(odd: Any) -> None:
    assert read(odd, page("2"), page("3")).unread == {"1"}
    assert read(page("1"), odd, page("2"), page("3")).unread == {"1"}


@pytest.mark.parametrize("odd", [7, None, {}, {"from": "1", "to": []}, {"from": {}, "to": []}])
def test_a_result_that_names_no_record_may_be_about_any(odd: Any) -> None:
    assert read(page("1"), odd, page("2"), page("3")).unread == {"1", "2", "3"}


@pytest.mark.parametrize("paging", [None, {}, {"next": None}, {"prev": {"before": "x"}}])
def test_the_last_page_has_no_next(paging: Any) -> None:
    found = read(page("1") | {"paging": paging}, page("2"), page("3"))
    assert (found.cursors, found.unread) == ({}, set())


def test_silence_about_a_record_proves_nothing() -> None:
    assert read(page("1"), page("4")).unread == {"2", "3"}


SUB_CATEGORIES: list[Any] = [
    "crm.associations.NO_ASSOCIATIONS_FOUND",
    "NO_ASSOCIATIONS_FOUND",
    {"name": "NO_ASSOCIATIONS_FOUND"},
    {"category": "crm.associations", "value": {"name": "crm.associations.NO_ASSOCIATIONS_FOUND"}},
    {"crm.associations.NO_ASSOCIATIONS_FOUND": {}},
]


@pytest.mark.parametrize("sub_category", SUB_CATEGORIES)
@pytest.mark.parametrize("context", [{"fromObjectId": ["2"]}, {"fromObjectId": "2"}, {"id": 2}, {}])
def test_an_error_may_say_that_there_are_no_associations(sub_category: Any, context: Any) -> None:
    """It is an object in the specification and a text in live answers."""
    error = no_associations() | {"subCategory": sub_category, "context": context}
    found = read(page("1"), page("3"), errors=[error], numErrors=1)
    assert (found.unread, found.gone) == (set(), set())


@pytest.mark.parametrize(
    ("errors", "counted", "unread"),
    [
        ([no_associations(), no_associations()], 2, set()),  # one for each
        ([no_associations(), no_associations()], "2", set()),
        ([no_associations("2"), no_associations()], 2, set()),
        ([no_associations()], 1, {"2", "3"}),  # of which one is it?
        ([no_associations("2"), no_associations("2")], 2, {"3"}),
        ([no_associations(), {"message": "odd"}], 2, {"2", "3"}),
        ([no_associations(), no_associations()], 3, {"1", "2", "3"}),  # one error more than silent records
        ([no_associations("2"), no_associations("3"), {"category": "X", "context": {"id": "1"}}], 3, {"1"}),
    ],
)
def test_errors_must_account_for_every_silent_record(errors: Any, counted: Any, unread: set[str]) -> None:
    assert read(page("1"), errors=errors, numErrors=counted).unread == unread


@pytest.mark.parametrize("context", [{"ids": ["2"]}, {"id": 2}, {"fromObjectId": "2"}])
def test_records_that_hubspot_does_not_have_are_gone(context: Any) -> None:
    error = {"category": "OBJECT_NOT_FOUND", "context": context}
    found = read(page("1"), page("3"), errors=[error], numErrors=1)
    assert (found.gone, found.unread) == ({"2"}, set())
    assert read(page("1"), page("2"), page("3"), errors=[error]).unread == {"2"}


@given(json_like.bodies)
def test_no_bytes_upset_the_parser(body: bytes) -> None:
    found = parse_read_response(decode(body) or {}, WANTED)
    assert all(other in WANTED[record] for record, other in found.found)
    assert found.unread | found.gone | found.cursors.keys() <= WANTED.keys()


@pytest.mark.parametrize("levels", [200, 300, 1000])
def test_deep_nesting_does_not_upset_the_parser(levels: int) -> None:
    for body in json_like.deep(levels):
        parse_read_response(decode(body) or {}, WANTED)
