"""HubSpot's JSON: every field in the form of the specification and in the forms of live answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from loader.hubspot.envelope import (
    association_types,
    batch_state,
    context_texts,
    count_of,
    decode,
    error_objects,
    text_of,
    texts_in,
    type_name,
    types_of_pair,
)
from tests.support import json_like


def result(
    from_id: object = "1", to_id: object = "2", category: object = "HUBSPOT_DEFINED", type_id: object = 279
) -> Any:
    spec = {"associationCategory": category, "associationTypeId": type_id}
    return {"from": {"id": from_id}, "to": {"id": to_id}, "associationSpec": spec}


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b" ",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"\xef\xbb\xbf{}",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_is_none(body: bytes | None) -> None:
    assert decode(body) is None


def test_of_a_name_that_comes_twice_the_last_counts() -> None:
    assert decode(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (5, "5"),
        (2**63 - 1, "9223372036854775807"),
        (True, ""),
        (1.0, ""),
        (None, ""),
        (["x"], ""),
    ],
)
def test_ids_and_words_are_texts_or_whole_numbers(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (5, 5),
        ("5", 5),
        ("05", 5),
        (-1, None),
        ("", None),
        ("٣", None),
        ("9" * 5000, None),
        (True, None),
    ],
)
def test_counts_are_numbers_or_digits(value: object, count: int | None) -> None:
    assert count_of(value) == count


@pytest.mark.parametrize(
    "context", [{"ids": ["1", "2"]}, {"IDS": "1", "ids": 2}, {"ids": {"a": ["1"], "b": [[2]]}}]
)
def test_context_values_are_lists_or_single_values(context: object) -> None:
    assert sorted(set(context_texts({"context": context}, "ids")) - {"a", "b"}) == ["1", "2"]


@pytest.mark.parametrize("context", [None, [], "ids", 7, {"other": ["1"]}, {"ids": None}])
def test_a_context_of_another_form_says_nothing(context: object) -> None:
    assert context_texts({"context": context}, "ids") == []


def test_texts_are_found_in_names_too() -> None:
    assert set(texts_in({"crm.NO": {"x": [1, None, "y"]}})) == {"crm.NO", "x", "1", "y"}


@pytest.mark.parametrize(
    ("errors", "objects"),
    [
        (None, []),
        ([], []),
        ("no", [{"message": "no"}]),
        ({"message": "no"}, [{"message": "no"}]),
        ([3, {"id": "e"}], [{"message": 3}, {"id": "e"}]),
    ],
)
def test_errors_are_objects_whatever_they_were(errors: object, objects: list[object]) -> None:
    assert error_objects({"errors": errors}) == objects


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (None, "COMPLETE"),
        ("COMPLETE", "COMPLETE"),
        ("complete", "COMPLETE"),
        ("error", "ERROR"),
        (404, "404"),
    ],
)
def test_the_state_of_a_batch(status: object, state: str) -> None:
    assert batch_state({"status": status}) == state
    assert batch_state({}) == "COMPLETE"


@pytest.mark.parametrize("status", ["", " ", [], {}, True, 1.5])
def test_a_state_that_is_no_word_is_not_complete(status: object) -> None:
    assert batch_state({"status": status}) == "UNKNOWN"


def test_types_are_added_up_by_ends_forward_ones_first() -> None:
    results = [
        result(2, 1, type_id=280),
        result(1, 2),
        result("1", "2"),
        result(9, 2, type_id=5),
        result("1", "2", None, "7"),
        result("2", "1"),
    ]
    types = association_types({"results": results})
    assert types_of_pair(types, "1", "2") == "HUBSPOT_DEFINED:279;?:7;HUBSPOT_DEFINED:280"
    assert types_of_pair(types, "9", "2") == "HUBSPOT_DEFINED:5"
    assert types_of_pair(types, "2", "9") is None


@pytest.mark.parametrize(
    "spec", [None, 7, {}, {"associationTypeId": 5}, {"associationCategory": [], "associationTypeId": {}}]
)
def test_a_pair_may_have_no_type(spec: object) -> None:
    types = association_types(
        {"results": [{"from": {"id": "1"}, "to": {"id": "2"}, "associationSpec": spec}]}
    )
    assert types_of_pair(types, "1", "2") == ""


@pytest.mark.parametrize(
    "results",
    [None, "x", {}, [1, None, {}, "from", ["from"], {"from": "1", "to": "2"}, {"from": {}, "to": {}}]],
)
def test_what_names_no_pair_is_left_out(results: object) -> None:
    assert association_types({"results": results}) == {}


def test_a_type_is_one_printable_word() -> None:
    assert type_name("A B\n\x1b[31m", 5) == "AB[31m:5"
    assert type_name("A" * 5000, 5) == "A" * 100
    assert type_name("A", True) == ""
    assert type_name("A", 1) == "A:1"


@given(json_like.bodies)
def test_no_bytes_upset_the_readers(body: bytes) -> None:
    document = decode(body)
    if document is not None:
        assert isinstance(batch_state(document), str)
        assert all(isinstance(name, str) for name in association_types(document).values())
        for error in error_objects(document):
            assert all(isinstance(text, str) for text in context_texts(error, "ids", "invalid_object_ids"))
