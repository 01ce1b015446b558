"""The outcome table, read from the other end: what a row of the report says, and the cause it is given."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.model import GOOD, Status
from loader.summary import catalogue
from loader.summary.catalogue import Cause
from loader.summary.causes import cause_of, next_command

CAUSES = [value for value in vars(catalogue).values() if isinstance(value, Cause)]

#: Options that advice may name (contract, section 1).
OPTIONS = {
    "--from-column",
    "--to-column",
    "--from-type",
    "--to-type",
    "--timeout",
    "--base-url",
    "--api-version",
} | {
    "--reserve",
    "--wait-for-daily-reset",
    "--online",
}

MISSING_RECORD = '[{"context":{"INVALID_OBJECT_IDS":["COMPANY=9 is not valid"]}}]'


@pytest.mark.parametrize(
    ("status", "http", "category", "message", "details", "key"),
    [
        ("associated", 200, "", "", "", "associated"),
        ("existing", 0, "", "", "", "existing"),
        ("duplicate", 0, "DUPLICATE", "the same pair stands in row 3", "", "duplicate"),
        ("failed", 400, "VALIDATION_ERROR", "refused", MISSING_RECORD, "record_missing"),
        ("failed", 400, "VALIDATION_ERROR", "One or more associations are invalid", "", "record_missing"),
        ("failed", 404, "OBJECT_NOT_FOUND", "", "", "record_missing"),
        ("failed", 207, "OBJECT_NOT_FOUND", "", "", "record_missing"),
        ("failed", 400, "", "Unable to infer object type from: x", "", "unknown_type"),
        (
            "failed",
            400,
            "VALIDATION_ERROR",
            "no default association type for these types",
            "",
            "no_default_type",
        ),
        (
            "failed",
            400,
            "VALIDATION_ERROR",
            "the association limit of the record is reached",
            "",
            "association_limit",
        ),
        ("failed", 400, "LIMIT", "maximum number of associations exceeded", "", "association_limit"),
        ("failed", 404, "HTTP_404", "", "", "not_found"),
        ("failed", 403, "USER_DOES_NOT_HAVE_PERMISSIONS", "", "", "no_permission"),
        ("failed", 403, "MISSING_SCOPES", "", "", "missing_scopes"),
        ("failed", 401, "EXPIRED_AUTHENTICATION", "", "", "token_refused"),
        ("gave_up", 429, "RATE_LIMITS", "limit on association calls", "", "rate_limit"),
        ("gave_up", 429, "RATE_LIMITS", "", '[{"policyName":"DAILY"}]', "daily_limit"),
        ("gave_up", 423, "HTTP_423", "", "", "locked"),
        ("gave_up", 477, "HTTP_477", "", "", "moving"),
        ("gave_up", 503, "HTTP_503", "", "", "server_trouble"),
        ("gave_up", 524, "UNREADABLE_ANSWER", "", "", "unreadable_answer"),
        ("gave_up", 409, "HTTP_409", "", "", "conflict"),
        ("gave_up", 0, "TIMEOUT", "", "", "timeout"),
        ("gave_up", 503, "TIMEOUT", "", "", "timeout"),
        ("gave_up", 0, "CONNECTION_BROKEN", "", "", "connection_broken"),
        ("gave_up", 200, "PENDING", "", "", "pending"),
        ("gave_up", 200, "CANCELED", "", "", "pending"),
        ("gave_up", 0, "", "", "", "no_answer"),
        ("failed", 200, "NOT_IN_RESULTS", "", "", "not_in_results"),
        ("failed", 302, "", "", "", "redirected"),
        ("failed", 415, "", "", "", "wrong_address"),
        ("failed", 418, "", "I am a teapot", "", "refused"),
        ("invalid", 0, "MISSING_ID", "", "", "missing_id"),
        ("invalid", 0, "BAD_ID", "", "", "bad_id"),
        ("invalid", 0, "DESTROYED_ID", "", "", "destroyed_id"),
        ("invalid", 0, "ID_OUT_OF_RANGE", "", "", "id_out_of_range"),
        ("invalid", 0, "MISSING_TYPE", "", "", "missing_type"),
        ("invalid", 0, "BAD_TYPE", "", "", "bad_type"),
        ("invalid", 0, "TOO_FEW_FIELDS", "", "", "too_few_fields"),
        ("invalid", 0, "TOO_MANY_FIELDS", "", "", "too_many_fields"),
        ("invalid", 0, "SELF_PAIR", "", "", "self_pair"),
        ("invalid", 0, "", "", "", "invalid"),
    ],
)
def test_cause(status: str, http: int, category: str, message: str, details: str, key: str) -> None:
    assert cause_of(Status(status), http, category, message, details).key == key


@given(st.sampled_from(Status), st.integers(0, 999), st.text(), st.text(), st.text())
def test_whatever_the_server_says_has_a_cause(
    status: Status, http: int, category: str, message: str, details: str
) -> None:
    cause = cause_of(status, http, category, message, details)
    assert cause in CAUSES
    assert (status in GOOD) == (cause.advice == "Nothing to do.")


def test_keys_are_unique_and_follow_their_constants() -> None:
    assert [cause.key.upper() for cause in CAUSES] == [
        name for name, value in vars(catalogue).items() if isinstance(value, Cause)
    ]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.key)
def test_advice_is_for_people(cause: Cause) -> None:
    assert not cause.title.endswith(".")
    assert cause.advice.endswith((".", ":"))
    assert cause.advice.endswith(":") <= cause.resend, "a colon promises a command"
    assert set(re.findall(r"--[a-z-]+", cause.advice)) <= OPTIONS


def test_the_next_command_stands_only_where_it_helps() -> None:
    again = cause_of(Status.GAVE_UP, 503, "HTTP_503")
    assert (
        next_command(again, Status.GAVE_UP, "my.report.csv")
        == "assoc-loader load my.report.csv --only gave_up"
    )
    assert next_command(catalogue.NO_DEFAULT_TYPE, Status.FAILED) == ""
    assert next_command(catalogue.ASSOCIATED, Status.ASSOCIATED) == ""
    assert next_command(catalogue.MISSING_TYPE, Status.INVALID) == (
        "assoc-loader load REPORT --only invalid --from-type TYPE --to-type TYPE"
    )
