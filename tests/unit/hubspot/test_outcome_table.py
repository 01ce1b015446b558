"""What an answer means: the outcome table, row by row, and that no bytes upset it."""

from __future__ import annotations

from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.hubspot.error_details import LONGEST_DETAILS
from loader.hubspot.outcome_table import (
    HAS_ERRORS,
    IN_RESULTS,
    NOT_IN_RESULTS,
    OUTCOMES,
    UNFINISHED,
    UNREADABLE,
    judge,
)
from loader.hubspot.verdict import Kind, Verdict
from loader.model import Pair
from tests.support import json_like
from tests.support.wire import ASSOCIATED

PAIR = Pair(1, "contacts", "1", "companies", "2")
NOW = 1_700_000_000.0


def verdict(status: int, document: Any = None, headers: dict[str, str] | None = None) -> Verdict:
    body = document if isinstance(document, bytes | None) else orjson.dumps(document)
    return judge(status, headers or {}, body, PAIR, now=NOW)


def result(
    source: object = "1", target: object = "2", category: object = "HUBSPOT_DEFINED", type_id: object = 279
) -> Any:
    spec = {"associationCategory": category, "associationTypeId": type_id}
    return {"from": {"id": source}, "to": {"id": target}, "associationSpec": spec}


WORDS_OF_2XX = (IN_RESULTS, HAS_ERRORS, NOT_IN_RESULTS, UNFINISHED, UNREADABLE)


def test_every_answer_matches_exactly_one_row_of_the_table() -> None:
    error_words = ("MISSING_SCOPES", "USER_DOES_NOT_HAVE_PERMISSIONS", "DAILY", UNREADABLE, "OTHER")
    for status in range(200, 600):
        for words in [{word} for word in (WORDS_OF_2XX if status < 300 else error_words)]:
            matching = [
                row
                for row in OUTCOMES
                if status in row.statuses and (not row.says or row.says & words) and not row.unless & words
            ]
            assert len(matching) == 1, (status, words)


TRANSIENT = {408, 409, 423, 425, *range(500, 600)}
OF_THEIR_OWN = {401: Kind.ACCOUNT, 429: Kind.THROTTLED, 477: Kind.MIGRATION, 488: Kind.ACCOUNT}
PAGE = b"<html><title>Sorry</title></html>"


def test_every_status_from_400_to_599_has_its_kind() -> None:
    for status in range(400, 600):
        expected = OF_THEIR_OWN.get(status, Kind.TRANSIENT if status in TRANSIENT else Kind.REFUSED)
        found = verdict(status, b'{"status":"error"}')
        assert (found.http_status, found.kind, found.category) == (status, expected, f"HTTP_{status}")
        assert found.message, status


@pytest.mark.parametrize("body", [PAGE, b"no", b"[]", b"null", None])
def test_an_answer_that_is_no_json_object_is_no_verdict_on_the_pair(body: bytes | None) -> None:
    """It comes from a firewall or a proxy, or broke off."""
    for status in range(400, 600):
        found = verdict(status, body)
        assert found.kind is OF_THEIR_OWN.get(status, Kind.TRANSIENT)
        told_by_status = status in OF_THEIR_OWN or status in TRANSIENT
        assert found.category == (f"HTTP_{status}" if told_by_status else "UNREADABLE_ANSWER")


def test_an_empty_answer_is_its_status_alone_but_403_which_firewalls_send() -> None:
    assert verdict(404, b"").kind is Kind.REFUSED
    assert verdict(403, b"").kind is Kind.TRANSIENT


@pytest.mark.parametrize("status", [-1, 0, 99, 100, 101, 199, 600, 999])
def test_a_status_that_http_does_not_know_is_transient(status: int) -> None:
    assert verdict(status, ASSOCIATED).kind is Kind.TRANSIENT


@pytest.mark.parametrize("status", [200, 201, 202, 206, 207, 299])
def test_success_is_any_2xx_with_the_pair_in_its_results(status: int) -> None:
    found = verdict(status, ASSOCIATED, {"X-HubSpot-Correlation-Id": "abc"})
    assert found == Verdict(
        Kind.SUCCESS,
        status,
        correlation_id="abc",
        association_types="HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280",
    )


@pytest.mark.parametrize(
    "results",
    [
        [],
        None,
        "x",
        [1, None, {}],
        [result("2", "1")],
        [result("1", "3")],
        [result(True, 2)],
        [{"from": "1", "to": "2"}],
    ],
)
def test_2xx_without_the_pair_has_made_nothing(results: object) -> None:
    found = verdict(200, {"status": "COMPLETE", "results": results})
    assert (found.kind, found.category) == (Kind.MADE_NOTHING, "NOT_IN_RESULTS")
    assert found.details == '[{"status":"COMPLETE"}]'


def test_a_2xx_error_envelope_has_made_nothing_and_carries_its_message() -> None:
    found = verdict(200, {"status": "error", "message": "No such\nthing", "category": "ODD"})
    assert (found.kind, found.category, found.message) == (Kind.MADE_NOTHING, "ODD", "No such thing")


def test_an_error_envelope_is_no_success_whatever_its_results() -> None:
    assert verdict(200, {"status": "error", "results": [result()]}).kind is Kind.MADE_NOTHING


def test_2xx_with_errors_is_refused_with_the_first_errors_words() -> None:
    error = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "bad",
        "id": "e1",
        "context": {"ids": ["1"]},
    }
    found = verdict(207, {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error]})
    assert (found.kind, found.http_status, found.category, found.message) == (
        Kind.REFUSED,
        207,
        "VALIDATION_ERROR",
        "bad",
    )
    assert orjson.loads(found.details) == [error]


@pytest.mark.parametrize(
    "extra", [{"numErrors": 2}, {"errors": "x"}, {"errors": [3]}, {"errors": {"message": "m"}}]
)
def test_2xx_with_errors_in_any_form_is_refused(extra: dict[str, Any]) -> None:
    found = verdict(200, {"results": [], **extra})
    assert (found.kind, found.category) == (Kind.REFUSED, "HTTP_200")


def test_the_pair_in_the_results_outweighs_errors_about_another() -> None:
    assert (
        verdict(207, {"results": [result()], "numErrors": 1, "errors": [{"message": "m"}]}).kind
        is Kind.SUCCESS
    )


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "CANCELED", "CANCELLED", "ODD", "5"])
def test_a_batch_that_is_not_complete_is_transient(status: str) -> None:
    found = verdict(200, {"status": status, "results": [result()]})
    assert (found.kind, found.category) == (Kind.TRANSIENT, status)


@pytest.mark.parametrize(
    "body", [None, b"", b" ", b"null", b"[]", b'"x"', b"{", ASSOCIATED[:-1], b"\xff\xfe", b"<html>"]
)
def test_2xx_that_cannot_be_read_is_transient(body: bytes | None) -> None:
    found = verdict(200, body, {"Content-Type": "text/html; charset=x"})
    assert (found.kind, found.category) == (Kind.TRANSIENT, "UNREADABLE_ANSWER")
    assert found.message.startswith("HTTP 200 (text/html): ")


def test_403_is_the_pairs_or_the_accounts() -> None:
    assert verdict(403, {"category": "FORBIDDEN"}).kind is Kind.REFUSED
    scopes = {
        "requiredScopes": ["crm.objects.contacts.write"],
        "requiredGranularScopes": ["a", "crm.objects.contacts.write"],
    }
    missing = verdict(
        403,
        {"category": "MISSING_SCOPES", "errors": [{"context": scopes}], "context": {"missingScopes": "b"}},
    )
    assert (missing.kind, missing.reason) == (Kind.ACCOUNT, "missing_scopes")
    assert missing.hint.endswith("HubSpot asks for: b, crm.objects.contacts.write, a.")
    for nested in ({"category": "MISSING_SCOPES"}, {"context": {"missingScopes": ["a"]}}):
        found = verdict(403, {"status": "error", "message": "nope", "errors": [nested]})
        assert (found.kind, found.reason) == (Kind.ACCOUNT, "missing_scopes")
    for field in ({"category": "x", "subCategory": {"name": "USER_DOES_NOT_HAVE_PERMISSIONS"}}, {}):
        user = verdict(403, {"category": "USER_DOES_NOT_HAVE_PERMISSIONS"} | field)
        assert (user.kind, user.reason) == (Kind.ACCOUNT, "token_refused")


def test_401_is_the_accounts_and_hints_at_the_eu() -> None:
    found = verdict(401, {"category": "INVALID_AUTHENTICATION", "message": "m", "correlationId": "c-1"})
    assert (found.kind, found.reason, found.correlation_id) == (Kind.ACCOUNT, "token_refused", "c-1")
    assert found.message == "HubSpot rejected the access token (401): m"
    assert "https://api-eu1.hubapi.com" in found.hint


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308, 399])
def test_a_redirect_stops_the_run_and_says_where_to(status: int) -> None:
    found = verdict(status, b"", {"Location": "https://u:p@evil.example/a?token=x#y"})
    assert (found.kind, found.reason) == (Kind.ACCOUNT, "redirect")
    assert found.message == f"HTTP {status}: a redirect to https://evil.example/a"


MOVED = "Hub 5 is unknown to this Hublet, but it appears to exist in Hublet ap1"


@pytest.mark.parametrize(
    ("document", "host"),
    [
        ({"correctHublet": "eu1", "message": MOVED}, "https://api-eu1.hubapi.com."),
        ({"correctHublet": "na1"}, "https://api.hubapi.com."),
        ({"context": {"correctHublet": ["eu1"]}}, "https://api-eu1.hubapi.com."),
        ({"message": MOVED}, "https://api-ap1.hubapi.com."),
        ({"correctHublet": "evil.example/x"}, "such as --base-url https://api-eu1.hubapi.com."),
        ({"correctHublet": ["eu1.evil.example", 7]}, "such as --base-url https://api-eu1.hubapi.com."),
        (PAGE, "such as --base-url https://api-eu1.hubapi.com."),
    ],
)
def test_488_stops_the_run_and_names_the_base_url(document: Any, host: str) -> None:
    found = verdict(488, document)
    assert (found.kind, found.reason) == (Kind.ACCOUNT, "wrong_data_centre")
    assert found.hint.endswith(f"--base-url {host}" if host.startswith("https") else host)


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"policyName": "DAILY", "errorType": "RATE_LIMIT"}, Kind.DAILY),
        ({"policyName": "daily"}, Kind.DAILY),
        ({"category": "RATE_LIMITS", "errorType": "DAILY_LIMIT"}, Kind.DAILY),
        ({"message": "You have reached your daily limit."}, Kind.DAILY),
        ({"policyName": "TEN_SECONDLY_ROLLING", "message": "not the daily limit"}, Kind.THROTTLED),
        ({"policyName": "SECONDLY"}, Kind.THROTTLED),
        ({"category": "RATE_LIMITS"}, Kind.THROTTLED),
        ({"policyName": 5, "message": ["x"]}, Kind.THROTTLED),
        ({}, Kind.THROTTLED),
    ],
)
def test_a_429_says_which_limit_it_is(document: dict[str, Any], kind: Kind) -> None:
    assert verdict(429, document).kind is kind


def test_waits_of_429_423_and_477() -> None:
    assert verdict(429, {}, {"Retry-After": "7"}).retry_after == 7.0
    assert verdict(429, {}, {"Retry-After": "999999"}).retry_after == 300.0
    assert verdict(429, {}).retry_after is None
    assert verdict(423, {}).retry_after == 2.0
    assert verdict(423, {}, {"Retry-After": "9"}).retry_after == 9.0
    assert verdict(477, {}, {"Retry-After": "86400"}).retry_after == 86400.0
    assert verdict(503, {}, {"Retry-After": "Tue, 14 Nov 2023 22:13:30 GMT"}).retry_after == 10.0


statuses = st.integers(-1, 1000) | st.sampled_from([200, 207, 400, 403, 429, 477, 488])
header_values = st.text(max_size=40) | st.sampled_from(
    ["1e999", "-1", "Mon, 99 Xxx 0000 99:99:99 GMT", "0000000000", "\udcff"]
)
header_names = st.sampled_from(["Retry-After", "Location", "Content-Type", "X-HubSpot-Correlation-Id"])


def check(found: Verdict) -> None:
    assert isinstance(found.kind, Kind)
    for text in found[2:7]:
        assert isinstance(text, str)
        text.encode()  # no file can hold lone surrogates
    assert "\n" not in found.message
    assert len(found.details) <= LONGEST_DETAILS
    if found.details:
        assert isinstance(orjson.loads(found.details), list)
    assert found.retry_after is None or found.retry_after >= 0


@given(statuses, json_like.bodies, st.dictionaries(header_names, header_values))
def test_whatever_bytes_come_have_a_verdict(status: int, body: bytes, headers: dict[str, str]) -> None:
    check(judge(status, headers, body, PAIR, now=NOW))


@pytest.mark.parametrize("levels", [10, 200, 300, 900, 5000])
def test_deep_nesting_does_not_upset_the_judge(levels: int) -> None:
    for status, body in product([200, 403, 429], json_like.deep(levels)):
        check(judge(status, {}, body, PAIR, now=NOW))


def test_an_answer_that_is_not_utf_8_is_unreadable_wherever_it_is_not() -> None:
    assert verdict(200, ASSOCIATED).kind is Kind.SUCCESS
    assert verdict(200, ASSOCIATED[:-1] + b',"x":"\xff"}').category == "UNREADABLE_ANSWER"
    assert verdict(200, ASSOCIATED[:-1] + ',"x":"é"}'.encode()).kind is Kind.SUCCESS


def test_a_success_has_a_correlation_id_that_any_file_can_hold() -> None:
    check(verdict(200, ASSOCIATED, {"X-HubSpot-Correlation-Id": "\udcff"}))


@pytest.mark.parametrize("number", [b"1e300", b"-0", b"1.0", b"18446744073709551615"])
def test_numbers_of_any_size_do_not_upset_the_judge(number: bytes) -> None:
    check(judge(400, {}, b'{"category":"C","context":{"n":' + number + b"}}", PAIR, now=NOW))
