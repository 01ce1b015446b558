"""Questions about an account: how patiently they are asked, and what their answers prove."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.hubspot import HubSpot, Kind, Secret, StaticToken, Verdict
from loader.hubspot.lookups import (
    AssociationLimit,
    DefaultType,
    ask_patiently,
    read_association_limit,
    read_default_type,
    read_existing,
    scopes_named,
)
from tests.support import clock, json_like
from tests.support.wire import TOKEN, Ledger, Wire, http, says

T = TypeVar("T")
UNREADABLE = (Kind.TRANSIENT, "UNREADABLE_ANSWER")


def ask(question: Callable[[HubSpot], Awaitable[T]], *answers: bytes) -> T:
    """The answer to a question if the server answers so, in turn."""

    async def main() -> T:
        token = StaticToken(Secret(TOKEN))
        async with (
            Wire(says(*answers)) as wire,
            HubSpot(wire.url, "2025-09", token, Ledger(), timeout=5) as hubspot,
        ):
            return await question(hubspot)

    return asyncio.run(main())


def ok(document: Any) -> bytes:
    return http(200, document if isinstance(document, bytes) else orjson.dumps(document))


# Patience


def asked(answers: list[str | Verdict], tries: int) -> tuple[str | Verdict, int, float]:
    """The answer, how often it was asked, and for how long: after 10 s, 20 s, …, or as the answer says."""
    waiting = list(answers)

    async def question() -> str | Verdict:
        return waiting.pop(0)

    async def main() -> tuple[str | Verdict, int, float]:
        found = await ask_patiently(question, lambda tried, wait: wait or 10.0 * tried, tries=tries)
        return found, len(answers) - len(waiting), round(asyncio.get_running_loop().time())

    return clock.run(main())


BROKEN = Verdict(Kind.TRANSIENT, 503)
SILENT = Verdict(Kind.UNREACHABLE)


def test_an_error_that_may_pass_is_asked_again() -> None:
    assert asked([BROKEN, Verdict(Kind.TRANSIENT, 503, retry_after=5.0), "yes"], 8) == ("yes", 3, 15)
    assert asked([BROKEN] * 9, 3) == (BROKEN, 3, 30)


def test_after_a_429_only_the_pace_waits() -> None:
    assert asked([Verdict(Kind.THROTTLED, 429, retry_after=5.0), "yes"], 2) == ("yes", 2, 0)


def test_if_there_is_no_answer_at_all_three_times_is_enough() -> None:
    assert asked([SILENT] * 9, 8) == (SILENT, 3, 30)


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.ACCOUNT, Kind.DAILY, Kind.MIGRATION])
def test_what_will_not_pass_is_not_asked_again(kind: Kind) -> None:
    assert asked([Verdict(kind, 400), "yes"], 8) == (Verdict(kind, 400), 1, 0)


# What an answer proves


async def default(hubspot: HubSpot) -> DefaultType | Verdict:
    return await read_default_type(hubspot, "contacts", "companies")


@pytest.mark.parametrize("number", [279, "279"])
def test_the_default_type_is_the_one_without_a_label(number: object) -> None:
    labelled = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
    plain = {"category": "HUBSPOT_DEFINED", "typeId": number, "label": None}
    assert ask(default, ok({"results": [labelled, plain]})) == DefaultType("HUBSPOT_DEFINED:279")
    assert ask(default, ok({"results": [labelled]})) == DefaultType("")


async def existing(hubspot: HubSpot) -> set[str] | Verdict:
    return await read_existing(hubspot, "contacts", ["1", "2", "3"])


def test_records_that_are_read_exist() -> None:
    assert ask(existing, http(207, b'{"results":[{"id":"1"},{"id":3}],"numErrors":1}')) == {"1", "3"}


def test_a_merged_record_counts_under_an_id_that_was_asked_for() -> None:
    assert ask(existing, ok({"results": [{"id": "1"}, {"id": "77"}]})) == {"1", "2"}


@pytest.mark.parametrize(
    "document", [b"", b"<html>", {}, {"results": None}, {"status": "PENDING", "results": []}]
)
def test_an_answer_without_results_proves_nothing(document: Any) -> None:
    for question in (default, existing):
        verdict = ask(question, ok(document))
        assert isinstance(verdict, Verdict)
        assert (verdict.kind, verdict.category) == UNREADABLE


async def limit(hubspot: HubSpot) -> AssociationLimit | Verdict:
    return await read_association_limit(hubspot, "contacts", "companies")


def test_the_lower_limit_counts() -> None:
    own, admins = (
        {"limit": "50000", "totalRecordsAtLimit": 2},
        {"results": [{"userEnforcedMaxToObjectIds": 5}]},
    )
    assert ask(limit, ok(own), ok(admins)) == AssociationLimit(5, 2)
    assert ask(limit, http(404, b"{}"), ok(own), http(404, b"{}")) == AssociationLimit(50_000, 2)
    labelled = {"results": [{"label": "x", "userEnforcedMaxToObjectIds": 5}]}
    assert ask(limit, ok({}), ok(labelled)) == AssociationLimit(None, 0)
    assert isinstance(ask(limit, http(404, b"{}")), Verdict)


def test_the_scopes_of_a_refusal_are_found() -> None:
    context = {"requiredGranularScopes": ["crm.objects.contacts.write", "crm.objects.contacts.write"]}
    body = orjson.dumps({"category": "MISSING_SCOPES", "errors": [{"context": context}]})
    verdict = ask(default, http(403, body))
    assert isinstance(verdict, Verdict)
    assert scopes_named(verdict) == ["crm.objects.contacts.write"]
    assert scopes_named(BROKEN) == []


@given(st.lists(json_like.bodies, min_size=4, max_size=4))
def test_whatever_is_answered_is_a_value_or_a_verdict(bodies: list[bytes]) -> None:
    async def all_questions(hubspot: HubSpot) -> None:
        for question in (default, existing, limit):
            answer = await question(hubspot)
            if isinstance(answer, Verdict):
                scopes_named(answer)

    ask(all_questions, *(http(200 if n % 3 else 403, body) for n, body in enumerate(bodies)))
