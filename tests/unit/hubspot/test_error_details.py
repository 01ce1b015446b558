"""The words of an answer as a report shows them: all fields, on one line, within bounds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given

from loader.hubspot.envelope import decode
from loader.hubspot.error_details import (
    FIELDS,
    LONGEST_DETAILS,
    LONGEST_MESSAGE,
    details,
    json_line,
    page_text,
    scopes,
)
from tests.support import json_like


def test_all_fields_of_an_error_are_kept() -> None:
    error: dict[str, Any] = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "subCategory": {"odd": 1},
        "message": "One or more associations are invalid",
        "id": "e-1",
        "links": {"knowledge-base": "https://example.com"},
        "context": {"INVALID_OBJECT_IDS": ["CONTACT=9 is not valid"]},
        "errors": [{"code": "C", "in": "from", "subCategory": "s", "context": {"a": ["b"]}, "message": "n"}],
    }
    assert orjson.loads(details([error | {"correlationId": "c-1", "unknown": 1, "code": None}])) == [error]


@pytest.mark.parametrize(
    "context",
    [
        {str(n): ["x" * 99] * 60 for n in range(60)},
        ["y" * 9_000],
        "z" * 20_000,
        [[[[[[[[[["deep"]]]]]]]]]],
    ],
)
def test_details_are_capped_and_stay_json(context: object) -> None:
    nested = [{"message": "m" * 5000, "context": context}] * 60
    found = details([{"category": "C", "message": "m" * 5000, "context": context, "errors": nested}])
    assert len(found) <= LONGEST_DETAILS
    assert orjson.loads(found)[0]["category"] == "C"


def test_what_is_too_long_in_any_form_is_its_first_error() -> None:
    error: dict[str, Any] = {name: ["w" * 99] * 3 for name in FIELDS} | {"message": "m" * 5000}
    for _ in range(4):
        error = error | {"errors": [error] * 3}
    found = orjson.loads(details([error | {"category": "C", "status": "error"}]))
    assert found == [{"status": "error", "category": "C", "message": "m" * 99 + "…"}]


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("a\n b", "a b"),
        ("", ""),
        (None, ""),
        ([], ""),
        (["x", {"y": 1}], '["x",{"y":1}]'),
        (0, "0"),
        ("m" * 5000, "m" * (LONGEST_MESSAGE - 1) + "…"),
    ],
)
def test_a_message_of_any_form_is_one_line(value: object, line: str) -> None:
    assert json_line(value) == line


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            b"<html><head><TITLE>\n 520: Web\x1b[31m server\n</TITLE></head></html>",
            "520: Web\ufffd[31m server",
        ),
        (b"<style>x{}</style><p>Not <b>found</b></p>", "Not found"),
        (b"<script>x</script><title> </title>", ""),
        (b"plain " * 100, ("plain " * 100)[:199] + "…"),
        (b"", ""),
    ],
)
def test_a_page_is_told_on_one_line_without_tags(body: bytes, text: str) -> None:
    assert page_text(body) == text


@pytest.mark.parametrize(
    "document",
    [
        {"context": {"requiredScopes": ["a", "b"], "missingScopes": "c"}},
        {
            "context": "x",
            "errors": [
                {"context": {"requiredGranularScopes": ["a", "b"]}},
                {"context": {"missingScopes": ["c", "a"]}},
            ],
        },
        {"errors": {"context": {"missingScopes": ["a", "b", "c"]}}},
    ],
)
def test_scopes_are_found_wherever_they_are_named(document: dict[str, Any]) -> None:
    assert scopes(document) == ["a", "b", "c"]


@given(json_like.bodies)
def test_no_json_upsets_them(body: bytes) -> None:
    document = decode(body) or {}
    found = details([document])
    assert len(found) <= LONGEST_DETAILS
    assert not found or isinstance(orjson.loads(found), list)
    assert json_line(document).isprintable()
    assert all(scope.isprintable() for scope in scopes(document))
    assert page_text(body).isprintable()
