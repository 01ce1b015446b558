"""The first question of a run, in virtual time: short if nothing answers, patient if anything does."""

from __future__ import annotations

import asyncio
import random
from typing import Any, cast

import pytest

from loader.engine.cancellation import CancelToken
from loader.engine.first_contact import ask_account
from loader.engine.stats import RunStats
from loader.errors import Interrupted, Stopped, UsageError
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.account import Account
from loader.settings import ConnectionSettings
from tests.support.clock import run
from tests.support.engine import NO_ANSWER, UNREACHABLE, Reply, Request, VirtualHubSpot, now

ACCOUNT = Reply(200, {"portalId": 4711})
DAILY = Reply(429, {"policyName": "DAILY", "message": "used up"})


def asked(*replies: Any, takes: float = 0.1, token: CancelToken | None = None, **settings: Any) -> Any:
    """What comes of asking, and how many seconds and requests that takes."""
    waiting = list(replies)

    async def script(_: Request) -> Any:
        reply = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        await asyncio.sleep(takes)
        return reply

    async def main() -> Any:
        hubspot = VirtualHubSpot(script)
        real, connection = cast(HubSpot, hubspot), ConnectionSettings(**settings)
        loop = asyncio.get_running_loop()
        if token is not None:
            loop.call_later(60, token.cancel)
        decide: Any = lambda *_: None  # noqa: E731
        try:
            answer: Any = await ask_account(
                connection, real, hubspot.pace, RunStats(), decide, token or CancelToken(), now
            )
        except (UsageError, Stopped, Interrupted) as why:
            answer = why
        return answer, loop.time(), len(hubspot.requests)

    return run(main())


@pytest.mark.parametrize("takes", [0.0, 4.0, 30.0])
@pytest.mark.parametrize("fault", [NO_ANSWER, UNREACHABLE])
def test_three_tries_within_15_seconds(fault: Verdict, takes: float) -> None:
    error, seconds, requests = asked(fault, takes=takes)
    assert isinstance(error, UsageError)
    assert "HubSpot is out of reach. " in str(error)
    assert (requests, seconds < 15) == (3, True)


def test_a_certificate_is_not_tried_twice() -> None:
    fault = UNREACHABLE._replace(category="TLS_CERTIFICATE", message="not trusted", hint="SSL_CERT_FILE")
    error, _, requests = asked(fault)
    assert ("not trusted" in str(error), error.hint, requests) == (True, "SSL_CERT_FILE", 1)


@pytest.mark.parametrize(
    "before",
    [
        [NO_ANSWER, UNREACHABLE],
        [Reply(503)] * 7,
        [Reply(503), NO_ANSWER, UNREACHABLE, NO_ANSWER, Reply(423)],
        [Reply(429, headers={"Retry-After": "120"})] * 20,
        [Reply(477, headers={"Retry-After": "299"})] * 2,
    ],
)
def test_what_passes_is_waited_for(before: list[Any]) -> None:
    answer, *_ = asked(*before, ACCOUNT)
    assert answer == Account(4711, "", "", "")


@pytest.mark.parametrize(("fault", "least"), [(NO_ANSWER, 1), (Reply(503), 0.1)])
def test_it_waits_between_two_tries(fault: Any, least: float) -> None:
    random.seed(1)  # for the jitter
    _, seconds, requests = asked(fault, fault, ACCOUNT, takes=0)
    assert requests == 3
    assert seconds >= least


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(401), Kind.ACCOUNT),
        (Reply(403, {"category": "FORBIDDEN"}), Kind.REFUSED),
        (Reply(404, {}), Kind.REFUSED),
        (Reply(200, {"x": 1}), Kind.REFUSED),
        (Reply(503), Kind.TRANSIENT),
    ],
)
def test_a_refusal_is_for_the_command_to_judge(reply: Reply, kind: Kind) -> None:
    answer, *_ = asked(reply)
    assert answer.kind is kind


def test_a_used_up_day_stops_it_or_is_slept_through() -> None:
    error, *_ = asked(DAILY)
    assert error.reason == "daily_limit"
    answer, seconds, _ = asked(DAILY, ACCOUNT, wait_for_daily_reset=True)
    assert answer == Account(4711, "", "", "")
    assert seconds >= 15 * 60


def test_a_long_migration_stops_it() -> None:
    error, *_ = asked(Reply(477, headers={"Retry-After": "7200"}))
    assert error.reason == "moving"


def test_it_can_be_interrupted() -> None:
    error, seconds, _ = asked(DAILY, token=CancelToken(), wait_for_daily_reset=True)
    assert isinstance(error, Interrupted)
    assert seconds == pytest.approx(60, abs=1)
