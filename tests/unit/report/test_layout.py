"""One outcome, one line: the columns of the contract, and nobody's text that could do harm."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.csvtext import encode_cells
from loader.model import OWN_COLUMNS, Outcome, Pair, Status, group_outcomes
from loader.report import one_line
from loader.report.cells import LONGEST_TEXT
from loader.report.layout import header, line, lines

AT = datetime(2026, 11, 24, 11, 19, 46, 123_000, tzinfo=UTC).timestamp()
PAIR = Pair(7, "contacts", "11", "companies", "22", ",Ann")


def cells(outcome: Outcome) -> list[str]:
    (record,) = csv.reader(io.StringIO(line(outcome), newline=""))
    return record


def by_name(outcome: Outcome) -> dict[str, str]:
    return dict(zip(OWN_COLUMNS, cells(outcome), strict=False))


def test_a_success_fills_the_columns_of_the_contract() -> None:
    outcome = Outcome(PAIR, Status.ASSOCIATED, AT, 200, 1, "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280", "no")
    assert line(outcome) == (
        "7,contacts,11,companies,22,associated,200,1,HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280,no,,,,,"
        "2026-11-24T11:19:46.123Z,Ann\n"
    )


def test_the_header_is_the_contracts() -> None:
    assert header(["name", "a,b"]) == (
        "row,from_object_type,from_object_id,to_object_type,to_object_id,status,http_status,attempts,"
        "association_types,existed_before,error_category,error_message,error_details,correlation_id,"
        'completed_at,name,"a,b"'
    )


def test_no_answer_leaves_the_http_status_empty_and_counts_no_attempt() -> None:
    record = by_name(Outcome(PAIR, Status.DUPLICATE, AT))
    assert (record["http_status"], record["attempts"]) == ("", "0")


@given(st.lists(st.sampled_from(Status)), st.lists(st.sampled_from(["", "0-1", "=2"]), min_size=9))
def test_many_lines_are_those_of_each(statuses: list[Status], traces: list[str]) -> None:
    outcomes = [
        Outcome(PAIR._replace(row=row), status, AT, 200, 1, correlation_id=trace)
        for row, (status, trace) in enumerate(zip(statuses, traces, strict=False))
    ]
    together = group_outcomes(outcomes)
    assert [outcome for group in together for outcome in group.outcomes] == outcomes
    assert lines(together) == list(map(line, outcomes))


def test_rounding_up_to_a_second_carries() -> None:
    assert (
        by_name(Outcome(PAIR, Status.ASSOCIATED, AT + 0.8769))["completed_at"] == "2026-11-24T11:19:47.000Z"
    )


@given(st.lists(st.text(alphabet='a,"\n\r =;', max_size=6), min_size=4, max_size=6))
def test_an_invalid_row_keeps_its_cells_as_they_stand(values: list[str]) -> None:
    pair = Pair(1, *values[:4], rest=encode_cells(values[4:]))  # type: ignore[arg-type, misc]  # four of them
    record = cells(Outcome(pair, Status.INVALID, AT, error_message="no ID"))
    assert record[1:5] + record[len(OWN_COLUMNS) :] == values


SERVER_TEXT = ["association_types", "error_category", "error_message", "error_details", "correlation_id"]


@pytest.mark.parametrize("column", SERVER_TEXT)
@pytest.mark.parametrize(
    "formula",
    [
        *("=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "  =1"),
        *("\u3000=1", "\ufeff=1", "\u200b=1", "\u200d=1", "\x00=1", "\x1b[1m=1"),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff201", "x;=1", "x; \uff1d1"),
    ],
)
def test_a_formula_from_the_server_is_made_harmless(column: str, formula: str) -> None:
    texts: dict[str, Any] = {column: formula}
    shown = by_name(Outcome(PAIR, Status.FAILED, AT, 400, 1, **texts))[column]
    for cell in shown.split(";"):  # where the semicolon separates lists, a spreadsheet splits there
        assert cell.strip()[0] not in "=+-@\uff1d\uff0b\uff0d\uff20"


@given(st.text(max_size=60))
def test_text_from_the_server_is_one_harmless_line(text: str) -> None:
    record = by_name(Outcome(PAIR, Status.FAILED, AT, 400, 1, error_message=text, correlation_id=text))
    for shown in (record["error_message"], record["correlation_id"]):
        assert len(shown.splitlines()) <= 1
        assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)
        assert not shown.lstrip().startswith(("=", "+", "-", "@"))


def test_terminal_sequences_go_and_the_words_stay() -> None:
    hostile = "\x1b]0;title\x07\x1b[31mred\x1b[0m \x9b2Jand\x1b(B \u202eplain\r\nnext"
    assert one_line(hostile) == "red and plain next"


def test_a_long_message_is_cut() -> None:
    record = by_name(Outcome(PAIR, Status.FAILED, AT, 400, 1, error_message="x" * 5000))
    assert len(record["error_message"]) == LONGEST_TEXT


def test_error_details_stay_json() -> None:
    details = [{"code": "=1;=2", "context": {"id": ["\x1b[31m", "\x9d\x9b", "-5", "a" * 3000]}}]
    for ascii_only in (True, False):
        text = json.dumps(details, separators=(",", ":"), ensure_ascii=ascii_only)
        record = by_name(Outcome(PAIR, Status.FAILED, AT, 400, 1, error_details=text))
        assert json.loads(record["error_details"])[0]["context"]["id"][2:] == ["-5", "a" * 3000]


def test_the_inputs_own_columns_pass_unchanged() -> None:
    others = ["=SUM(A1)", "\x1b[31m", "two\nlines", " @x "]
    record = cells(Outcome(PAIR._replace(rest=encode_cells(others)), Status.FAILED, AT))
    assert record[len(OWN_COLUMNS) :] == others
