"""What the answer to a batch says about each pair or record: associated, removed, found, left open."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.hubspot import Answer, Kind, Verdict
from loader.hubspot.batch_response import (
    ArchiveAnswer,
    AssociateAnswer,
    AssociationTypes,
    ReadAnswer,
    parse_archive_response,
    parse_associate_response,
    parse_read_response,
)
from loader.hubspot.envelope import decode
from loader.model import Pair
from tests.support import json_like

THREE = [("1", "11"), ("2", "12"), ("3", "13")]
BOTH = "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"


def pairs_of(ends: list[tuple[str, str]]) -> list[Pair]:
    return [Pair(row, "contacts", a, "companies", b) for row, (a, b) in enumerate(ends, 1)]


def answer(document: Any, status: int = 200) -> Answer:
    return Answer(status, {}, document if isinstance(document, bytes) else orjson.dumps(document))


# Associating


def result(from_id: Any, to_id: Any, type_id: int = 279) -> dict[str, Any]:
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
    return {"from": {"id": from_id}, "to": {"id": to_id}, "associationSpec": spec}


def in_order(ends: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [entry for a, b in ends for entry in (result(a, b), result(b, a, 280))]


def associated(document: Any, ends: list[tuple[str, str]] | None = None) -> tuple[Any, Any, Any]:
    """From-IDs: associated by types, refused with message, open."""
    found = parse_associate_response(pairs_of(ends or THREE), answer(document), 0.0)
    assert isinstance(found, AssociateAnswer)
    return (
        {types: [pair.from_id for pair in pairs] for types, pairs in found.associated.items()},
        {pair.from_id: verdict.message for pair, verdict in found.refused},
        [pair.from_id for pair in found.open],
    )


def test_the_order_of_the_results_does_not_matter() -> None:
    results = in_order(THREE)
    for seed in range(5):
        shuffled = random.Random(seed).sample(results, len(results))
        assert associated({"results": shuffled}) == ({BOTH: ["1", "2", "3"]}, {}, [])


def test_ids_that_come_as_numbers() -> None:
    results = [result(1, 11), result(2, 12), result("3", "13")]
    assert associated({"results": results}) == ({"HUBSPOT_DEFINED:279": ["1", "2", "3"]}, {}, [])


def test_results_for_other_pairs_and_reverse_entries_alone_prove_nothing() -> None:
    results = [result("1", "12"), result("11", "1"), result("3", "13")]
    assert associated({"results": results}) == ({"HUBSPOT_DEFINED:279": ["3"]}, {}, ["1", "2"])


def test_several_types_of_one_pair_are_all_told() -> None:
    results = [result("1", "11"), result("1", "11", 5), result("2", "12")]
    types = {"HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:5": ["1"], "HUBSPOT_DEFINED:279": ["2"]}
    assert associated({"results": results}, THREE[:2]) == (types, {}, [])


@pytest.mark.parametrize(
    "error",
    [
        {"context": {"fromObjectId": ["2"], "toObjectId": ["12"]}},
        {"context": {"fromObjectId": "2", "toObjectId": "12"}},
        {"context": {"fromObjectId": 2, "toObjectId": [12]}},
        {"context": {"from": ["2"], "to": ["12"]}},
        {"context": {"INVALID_OBJECT_IDS": ["CONTACT=2 is not valid"]}},
        {"context": {"INVALID_OBJECT_IDS": "COMPANY=12 is not valid"}},
        {"subCategory": {"name": "X"}, "context": {"fromId": ["2"], "toId": ["12"]}},
    ],
)
def test_an_error_refuses_the_pair_that_it_names(error: dict[str, Any]) -> None:
    named = {"category": "VALIDATION_ERROR", "message": "no", "id": "e7"} | error
    document = {"results": [result("1", "11"), result("3", "13")], "errors": [named], "numErrors": 1}
    assert associated(document) == ({"HUBSPOT_DEFINED:279": ["1", "3"]}, {"2": "no"}, [])
    found = parse_associate_response(pairs_of(THREE), answer(document), 0.0)
    assert isinstance(found, AssociateAnswer)
    ((_, verdict),) = found.refused
    assert (verdict.kind, verdict.category) == (Kind.REFUSED, "VALIDATION_ERROR")
    assert orjson.loads(verdict.details)[0]["id"] == "e7"


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"fromObjectId": ["2"]},
        {"fromObjectId": ["1", "2"], "toObjectId": ["11", "12"]},
        {"fromObjectId": ["2"], "toObjectId": ["99"]},
        {"INVALID_OBJECT_IDS": ["COMPANY=2 is not valid"]},
        {"INVALID_OBJECT_IDS": ["DEAL=12 is not valid"]},
        "text",
    ],
)
def test_an_error_that_does_not_say_whom_it_means_refuses_no_pair(context: Any) -> None:
    document = {"results": [result("1", "11")], "errors": [{"message": "no", "context": context}]}
    assert associated(document) == ({"HUBSPOT_DEFINED:279": ["1"]}, {}, ["2", "3"])


def test_a_pair_in_the_results_is_not_refused() -> None:
    error = {"message": "no", "context": {"fromObjectId": ["1"], "toObjectId": ["11"]}}
    assert associated({"results": in_order(THREE), "errors": [error]}) == ({BOTH: ["1", "2", "3"]}, {}, [])


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "CANCELED"])
@pytest.mark.parametrize("parse", [parse_associate_response, parse_archive_response])
def test_an_unfinished_batch_is_transient(parse: Any, status: str) -> None:
    found = parse(pairs_of(THREE), answer({"status": status, "results": in_order(THREE)}), 0.0)
    assert isinstance(found, Verdict)
    assert (found.kind, found.category) == (Kind.TRANSIENT, status)


@pytest.mark.parametrize("parse", [parse_associate_response, parse_archive_response])
@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"status":"COMPLETE","results":['])
def test_an_answer_that_cannot_be_read_is_transient(parse: Any, body: bytes) -> None:
    found = parse(pairs_of(THREE), answer(body), 0.0)
    assert isinstance(found, Verdict)
    assert (found.kind, found.category) == (Kind.TRANSIENT, "UNREADABLE_ANSWER")


@pytest.mark.parametrize(
    "document",
    [
        {"results": None},
        {"results": 7},
        {"results": [7, None, {}, {"from": 7}, {"from": {"id": 1}, "to": {}}]},
        {"results": {}, "errors": 7, "numErrors": "many"},
        {"status": "ERROR", "results": in_order(THREE)},
        {"errors": [7, None, {"context": {"fromObjectId": [[]], "toObjectId": [{}]}}]},
        {"echo": in_order(THREE), "results": {"x": in_order(THREE)}},
    ],
)
def test_answers_of_any_shape_leave_all_open(document: dict[str, Any]) -> None:
    assert associated(document) == ({}, {}, ["1", "2", "3"])


# Removing: evidence is needed


def error_about(number: int) -> dict[str, Any]:
    return {"message": "no", "context": {"fromObjectId": [str(number)], "toObjectId": [str(10 + number)]}}


def removed(document: Any, status: int = 200) -> tuple[list[str], list[str], list[str]]:
    """From-IDs: removed, refused, unproven."""
    found = parse_archive_response(pairs_of(THREE), answer(document, status), 0.0)
    assert isinstance(found, ArchiveAnswer)
    removed, refused = (pair.from_id for pair in found.removed), (pair.from_id for pair, _ in found.refused)
    return [*removed], [*refused], [pair.from_id for pair in found.unproven]


ALL = ["1", "2", "3"]


@pytest.mark.parametrize(
    ("status", "document", "expected"),
    [
        (204, b"", (ALL, [], [])),
        (200, {"status": "COMPLETE"}, (ALL, [], [])),
        (200, {"status": "COMPLETE", "results": [], "numErrors": 0, "errors": []}, (ALL, [], [])),
        (207, {"status": "COMPLETE", "numErrors": 1, "errors": [error_about(2)]}, (["1", "3"], ["2"], [])),
        (207, {"status": "COMPLETE", "numErrors": "1", "errors": [error_about(2)]}, (["1", "3"], ["2"], [])),
        (207, {"status": "COMPLETE", "errors": [error_about(2), error_about(3)]}, (["1"], ["2", "3"], [])),
        # More errors are counted than named, or an error does not name its pair.
        (207, {"status": "COMPLETE", "numErrors": 5, "errors": [error_about(2)]}, ([], ["2"], ["1", "3"])),
        (207, {"status": "COMPLETE", "numErrors": "many", "errors": []}, ([], [], ALL)),
        (207, {"status": "COMPLETE", "errors": [{"message": "no"}]}, ([], [], ALL)),
        (207, {"status": "COMPLETE", "errors": [error_about(7)]}, ([], [], ALL)),
        (207, {"status": "COMPLETE", "errors": "no"}, ([], [], ALL)),
        # No word of success.
        (200, b"", ([], [], ALL)),
        (200, b" \n", ([], [], ALL)),
        (202, b"", ([], [], ALL)),
        (200, {}, ([], [], ALL)),
        (200, {"status": None}, ([], [], ALL)),
        (200, {"success": False}, ([], [], ALL)),
        (200, {"status": "error", "message": "no"}, ([], [], ALL)),
        (200, {"status": "ERROR", "errors": [error_about(1)]}, ([], ["1"], ["2", "3"])),
    ],
)
def test_a_pair_is_removed_if_the_answer_says_so(status: int, document: Any, expected: Any) -> None:
    assert removed(document, status) == expected


# Reading back


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


# Whatever bytes arrive


@given(st.sampled_from([200, 201, 202, 204, 207]), json_like.bodies)
def test_no_bytes_upset_the_parsers_and_each_pair_is_told_once(status: int, body: bytes) -> None:
    pairs = pairs_of(THREE)
    made = parse_associate_response(pairs, answer(body, status), 0.0)
    if isinstance(made, AssociateAnswer):
        told = [pair for group in made.associated.values() for pair in group]
        assert Counter([*told, *(pair for pair, _ in made.refused), *made.open]) == Counter(pairs)
    gone = parse_archive_response(pairs, answer(body, status), 0.0)
    if isinstance(gone, ArchiveAnswer):
        told = [*gone.removed, *(pair for pair, _ in gone.refused), *gone.unproven]
        assert Counter(told) == Counter(pairs)
    found = parse_read_response(decode(body) or {}, WANTED)
    assert all(other in WANTED[record] for record, other in found.found)
    assert found.unread | found.gone | found.cursors.keys() <= WANTED.keys()


@pytest.mark.parametrize("levels", [200, 300, 1000])
def test_deep_nesting_does_not_upset_the_parsers(levels: int) -> None:
    for body in json_like.deep(levels):
        parse_associate_response(pairs_of(THREE), answer(body), 0.0)
        parse_archive_response(pairs_of(THREE), answer(body), 0.0)
        parse_read_response(decode(body) or {}, WANTED)
