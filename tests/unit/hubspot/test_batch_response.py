"""What the answer to a batch says about each pair: associated, removed, refused, or nothing."""

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
    parse_archive_response,
    parse_associate_response,
)
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


@pytest.mark.parametrize("levels", [200, 300, 1000])
def test_deep_nesting_does_not_upset_the_parsers(levels: int) -> None:
    for body in json_like.deep(levels):
        parse_associate_response(pairs_of(THREE), answer(body), 0.0)
        parse_archive_response(pairs_of(THREE), answer(body), 0.0)
