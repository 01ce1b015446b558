"""Why a pair ended with its status: the outcome table, read from the other end."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.model import Status
from loader.summary import catalogue
from loader.summary.catalogue import Cause, Fix
from loader.summary.causes import cause_of

CAUSES = [value for value in vars(catalogue).values() if isinstance(value, Cause)]
FAILING = (Status.FAILED, Status.GAVE_UP, Status.INVALID)

#: Options that advice may name (contract, section 1).
OPTIONS = {
    *("--allow-empty", "--from-column", "--to-column", "--from-type", "--to-type"),
    *("--timeout", "--base-url", "--api-version", "--online"),
}

MISSING_RECORD = '[{"context":{"INVALID_OBJECT_IDS":["COMPANY=9 is not valid"]}}]'


@pytest.mark.parametrize(
    ("status", "http", "category", "message", "details", "key"),
    [
        ("failed", 400, "VALIDATION_ERROR", "refused", MISSING_RECORD, "record_missing"),
        ("failed", 400, "VALIDATION_ERROR", "One or more associations are invalid", "", "record_missing"),
        ("failed", 404, "OBJECT_NOT_FOUND", "", "", "record_missing"),
        ("failed", 207, "OBJECT_NOT_FOUND", "", "", "record_missing"),
        ("failed", 400, "", "Unable to infer object type from: x", "", "unknown_type"),
        ("failed", 400, "", "no default association type for these types", "", "no_default_type"),
        ("failed", 400, "", "the association limit of the record is reached", "", "association_limit"),
        ("failed", 400, "LIMIT", "maximum number of associations exceeded", "", "association_limit"),
        ("failed", 404, "HTTP_404", "", "", "not_found"),
        ("failed", 403, "USER_DOES_NOT_HAVE_PERMISSIONS", "", "", "no_permission"),
        ("failed", 200, "NOT_IN_RESULTS", "", "", "not_in_results"),
        ("failed", 415, "", "", "", "wrong_address"),
        ("failed", 418, "", "I am a teapot", "", "refused"),
        ("gave_up", 423, "HTTP_423", "", "", "locked"),
        ("gave_up", 503, "HTTP_503", "", "", "server_trouble"),
        ("gave_up", 524, "UNREADABLE_ANSWER", "", "", "unreadable_answer"),
        ("gave_up", 409, "HTTP_409", "", "", "conflict"),
        ("gave_up", 0, "TIMEOUT", "", "", "timeout"),
        ("gave_up", 503, "TIMEOUT", "", "", "timeout"),
        ("gave_up", 0, "CONNECTION_BROKEN", "", "", "connection_broken"),
        ("gave_up", 200, "PENDING", "", "", "pending"),
        ("gave_up", 200, "CANCELED", "", "", "pending"),
        ("gave_up", 0, "", "", "", "no_answer"),
        ("invalid", 0, "BAD_ID", "", "", "bad_id"),
        ("invalid", 0, "SELF_PAIR", "", "", "self_pair"),
        ("invalid", 0, "A_NEW_CATEGORY", "", "", "invalid"),
    ],
)
def test_cause(status: str, http: int, category: str, message: str, details: str, key: str) -> None:
    assert cause_of(Status(status), http, category, message, details).key == key


def test_statuses_that_need_no_reason() -> None:
    for status in set(Status) - set(FAILING):
        assert cause_of(status).key == status
        assert not cause_of(status).needs_attention


def test_what_verify_did_not_find_needs_attention() -> None:
    for status in (Status.ASSOCIATED, Status.EXISTING):
        assert cause_of(status, 200, verified="present") is cause_of(status)
        assert cause_of(status, 200, verified="missing").fix is Fix.RETRY
        assert cause_of(status, 200, verified="unknown").fix is Fix.VERIFY


@given(st.sampled_from(FAILING), st.integers(0, 999), st.text(), st.text(), st.text())
def test_whatever_the_server_says_has_a_cause(
    status: Status, http: int, category: str, message: str, details: str
) -> None:
    cause = cause_of(status, http, category, message, details)
    assert cause in CAUSES
    assert cause.needs_attention


def test_keys_are_unique_and_follow_their_constants() -> None:
    assert [cause.key.upper() for cause in CAUSES] == [
        name for name, value in vars(catalogue).items() if isinstance(value, Cause)
    ]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.key)
def test_advice_is_for_people(cause: Cause) -> None:
    assert not cause.title.endswith(".")
    assert bool(cause.advice) == cause.needs_attention
    assert cause.advice.endswith(".") or not cause.advice
    assert len(cause.action) <= 77, "with its indent and full stop on one line of a small terminal"
    assert set(re.findall(r"--[a-z-]+", cause.advice)) <= OPTIONS


def test_a_pair_that_was_refused_needs_a_change_in_the_file_or_in_hubspot() -> None:
    assert {cause.key for cause in CAUSES if cause.needs_attention and not cause.fix} == {"no_default_type"}
