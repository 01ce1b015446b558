"""Summaries of loads that never were, for the tests of what is made of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loader.model import Status
from loader.summary import Example, Invocation, LoadSummary, OutcomeCount, TypePairCount, group_by_cause

NOON = 1_795_521_600  # 2026-11-24 12:00 UTC
INVOCATION = Invocation("pairs.csv", {"from_type": "contacts", "to_type": "companies"})


def example(row: int, **more: Any) -> Example:
    """One pair of the input."""
    return Example(row, "contacts", str(1000 + row), "companies", str(2000 + row), **more)


def refused(pairs: int, row: int = 3) -> OutcomeCount:
    """Pairs whose record was deleted."""
    message = "One or more associations are invalid"
    one = example(row, message=message, correlation_id=f"id-{row}")
    return OutcomeCount(Status.FAILED, pairs, one, 400, "VALIDATION_ERROR", message)


def unavailable(pairs: int, row: int = 8) -> OutcomeCount:
    """Pairs that met a server error at every attempt."""
    return OutcomeCount(Status.GAVE_UP, pairs, example(row, message="HTTP 503"), 503, "HTTP_503")


def invalid(pairs: int, row: int = 9) -> OutcomeCount:
    """Rows whose ID a spreadsheet shortened."""
    message = f"line {row + 2}: from_object_id: Excel shortened this ID (5.1E+10)"
    return OutcomeCount(Status.INVALID, pairs, example(row, message=message), 0, "DESTROYED_ID")


def summary_of(outcomes: Iterable[OutcomeCount], **more: Any) -> LoadSummary:
    """The summary of a load of contact-company pairs in account 62515."""
    groups = group_by_cause(outcomes)
    values: dict[str, Any] = {
        "invocation": INVOCATION,
        "report": "/data/pairs.report.csv",
        "checkpoint": "/data/pairs.checkpoint.db",
        "rows": sum(group.pairs for group in groups),
        "groups": groups,
        "type_pairs": (TypePairCount("contacts", "companies", sum(group.pairs for group in groups)),),
        "account_id": 62515,
        "ui_domain": "app.hubspot.com",
        "first_result_at": float(NOON),
        "last_result_at": float(NOON + 630),
    }
    return LoadSummary(**values | more)
