"""Whose account it is and what is left of its day, in every form in which an answer may say it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.hubspot import HubSpot, Kind, Secret, StaticToken, Verdict
from loader.hubspot.account import Account, DailyUsage, read_account, read_daily_usage
from tests.support import json_like
from tests.support.wire import TOKEN, Ledger, Wire, http, says

T = TypeVar("T")


def ask(question: Callable[[HubSpot], Awaitable[T]], *answers: Any) -> T:
    """The answer to a question if the server says this."""
    said = [answer if isinstance(answer, bytes) else http(200, orjson.dumps(answer)) for answer in answers]

    async def main() -> T:
        token = StaticToken(Secret(TOKEN))
        async with (
            Wire(says(*said)) as wire,
            HubSpot(wire.url, "2025-09", token, Ledger(), timeout=5) as hubspot,
        ):
            return await question(hubspot)

    return asyncio.run(main())


@pytest.mark.parametrize("portal_id", [62515, "62515"])
def test_an_account_number_may_be_a_number_or_a_text(portal_id: object) -> None:
    document = {
        "portalId": portal_id,
        "accountType": "STANDARD",
        "uiDomain": "x",
        "timeZone": "Europe/Berlin",
    }
    account = ask(read_account, document)
    assert account == Account(62515, "STANDARD", "x", "Europe/Berlin")
    assert isinstance(account, Account)
    assert account.next_reset(datetime(2026, 6, 30, 12, tzinfo=UTC)) == datetime(2026, 6, 30, 22, tzinfo=UTC)


@pytest.mark.parametrize("portal_id", [None, True, 0, -1, 1.5, "", "x", "٣", "9" * 5000, [1], {"id": 1}])
def test_what_is_no_account_number_is_none(portal_id: object) -> None:
    verdict = ask(read_account, {"portalId": portal_id})
    assert isinstance(verdict, Verdict)
    assert (verdict.kind, verdict.message) == (Kind.REFUSED, "the answer names no account")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"portalId":'])
def test_an_answer_that_cannot_be_read_is_transient(body: bytes) -> None:
    verdict = ask(read_account, http(200, body))
    assert isinstance(verdict, Verdict)
    assert verdict.kind is Kind.TRANSIENT


@pytest.mark.parametrize(
    "zone", ["", "Nowhere/At_All", "../../etc/passwd", "Europe", "x" * 5000, "a\x00b", "\ud7ff"]
)
def test_a_time_zone_that_this_machine_does_not_know_is_none(zone: str) -> None:
    account = ask(read_account, {"portalId": 1, "timeZone": zone, "uiDomain": ["x"], "accountType": None})
    assert isinstance(account, Account)
    assert account.next_reset(datetime.now(UTC)) is None
    assert (account.ui_domain, account.account_type) == ("", "")


RESET = datetime(2026, 11, 24, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("resets_at", "moment"),
    [
        ("2026-11-24T05:00:00Z", RESET),
        ("2026-11-24T00:00:00.000-05:00", RESET),
        ("2026-11-24T05:00:00", RESET),
        (1795496400000, RESET),
        ("1795496400000", RESET),
        (None, None),
        ("soon", None),
        (10**18, None),
        (-5, None),
        (True, None),
    ],
)
@pytest.mark.parametrize("wrap", [lambda usage: usage, lambda usage: {"results": [usage]}])
def test_usage_may_be_a_list_or_one_object(wrap: Any, resets_at: object, moment: datetime | None) -> None:
    usage = {"currentUsage": "10", "usageLimit": 5000, "resetsAt": resets_at}
    assert ask(read_daily_usage, wrap(usage)) == DailyUsage(10, 5000, moment)


@given(st.lists(json_like.bodies, min_size=4, max_size=4))
def test_whatever_is_answered_is_a_value_or_a_verdict(bodies: list[bytes]) -> None:
    async def both(hubspot: HubSpot) -> None:
        for _ in range(len(bodies) // 2):
            account = await read_account(hubspot)
            assert isinstance(account, Verdict) or account.portal_id > 0
            if isinstance(account, Account):
                account.next_reset(datetime.now(UTC))
            usage = await read_daily_usage(hubspot)
            assert isinstance(usage, Verdict) or usage.resets_at is None or usage.resets_at.tzinfo

    ask(both, *(http(200, body) for body in bodies))
