"""What each verdict does with the pairs and the run (contract, section 5), in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from loader.engine.batching import MOST_PAIRS, BatchSender, batch_packing
from loader.engine.cancellation import CancelToken
from loader.engine.methods import PutSender, one_by_one
from loader.engine.sender import SendMethod
from loader.engine.work_item import OpenPairs
from loader.hubspot import HubSpot
from loader.pace import Pace
from tests.support.clock import run
from tests.support.engine import (
    NO_ANSWER,
    Ended,
    MemoryJournal,
    Reply,
    Request,
    Script,
    VirtualHubSpot,
    associated,
    contacts,
    run_pairs,
)


def put(hubspot: HubSpot) -> SendMethod:
    return SendMethod(PutSender(hubspot), one_by_one)


def batch(hubspot: HubSpot) -> SendMethod:
    return SendMethod(BatchSender(hubspot), batch_packing(), pairs=MOST_PAIRS)


def sent(script: Script, rows: int, method: Callable[[HubSpot], SendMethod] = put, **more: Any) -> Ended:
    """Send so many pairs to a script."""
    hubspot = VirtualHubSpot(script, more.pop("pace", None))
    return run(run_pairs(hubspot, method, [OpenPairs(contacts(rows))], **more))


def answers(*replies: Any, seconds: float = 0.1) -> Script:
    """Answer each request in turn with one of `replies`, and all others that the pairs are associated."""
    waiting = list(replies)

    async def script(request: Request) -> Any:
        await asyncio.sleep(seconds)
        return waiting.pop(0) if waiting else associated(request)

    return script


def always(reply: Any, seconds: float = 0.1) -> Script:
    async def script(_: Request) -> Any:
        await asyncio.sleep(seconds)
        return reply

    return script


REFUSED = Reply(400, {"category": "VALIDATION_ERROR", "message": "no such record"})
EMPTY = Reply(200, {"status": "COMPLETE", "results": []})
DAILY = Reply(429, {"policyName": "DAILY", "message": "You have reached your daily limit."})


@pytest.mark.parametrize(
    ("replies", "status", "attempts", "sends"),
    [
        ([], "associated", 1, 1),
        ([REFUSED], "failed", 1, 1),
        ([EMPTY, EMPTY], "associated", 3, 3),
        ([EMPTY, EMPTY, EMPTY], "failed", 3, 3),
        ([Reply(503)] * 7, "associated", 8, 8),
        ([Reply(503)] * 8, "gave_up", 8, 8),
        ([NO_ANSWER] * 2, "associated", 3, 3),
        ([Reply(429), Reply(429)], "associated", 1, 3),
        ([Reply(477, headers={"Retry-After": "2"})], "associated", 1, 2),
    ],
)
def test_what_becomes_of_a_pair(replies: list[Any], status: str, attempts: int, sends: int) -> None:
    ended = sent(answers(*replies), 1)
    (outcome,) = ended.journal.outcomes.values()
    assert (outcome.status, outcome.attempts) == (status, attempts)
    assert len(ended.hubspot.requests) == sends
    assert ended.stopped is None


def gaps(ended: Ended) -> list[float]:
    """Seconds from each answer to the next request."""
    times = [request.at for request in ended.hubspot.requests]
    return [round(later - at - 0.1, 1) for at, later in pairwise(times)]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(503), [0.5, 1.0, 2.0, 4.0]),
        (Reply(503, headers={"Retry-After": "0"}), [0.5, 1.0, 2.0, 4.0]),
        (Reply(503, headers={"Retry-After": "3"}), [3.0, 3.0, 3.0, 4.0]),
        (Reply(503, headers={"Retry-After": "86400"}), [300.0] * 4),
        (Reply(423), [2.0, 2.0, 2.0, 4.0]),
        (Reply(477, headers={"Retry-After": "0"}), [1.0] * 4),
    ],
)
def test_retry_after_lengthens_the_back_off_and_never_shortens_it(
    reply: Reply, expected: list[float]
) -> None:
    assert gaps(sent(answers(*[reply] * 4), 1)) == expected


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(401, {"category": "INVALID_AUTHENTICATION"}), "token_refused"),
        (Reply(403, {"category": "MISSING_SCOPES"}), "missing_scopes"),
        (Reply(307, headers={"Location": "https://elsewhere"}), "redirect"),
        (DAILY, "daily_limit"),
        (Reply(477), "moving"),
        (Reply(477, headers={"Retry-After": "301"}), "moving"),
    ],
)
def test_nothing_starts_after_an_answer_that_stops_the_run(reply: Reply, reason: str) -> None:
    """Also not what waits for its permit. In-flight requests are awaited."""

    async def script(request: Request) -> Reply:
        number = len(hubspot.requests)
        await asyncio.sleep(0.2 if number == 30 else 5)
        return reply if number == 30 else associated(request)

    hubspot = VirtualHubSpot(script, pace=Pace())
    ended = run(run_pairs(hubspot, put, [OpenPairs(contacts(500))]))
    assert ended.reason == reason
    stop = hubspot.requests[29].at + 0.2
    assert max(request.at for request in hubspot.requests) <= stop
    assert len(ended.journal.outcomes) == len(hubspot.requests) - 1
    assert all(outcome.status == "associated" for outcome in ended.journal.outcomes.values())


def test_a_person_who_interrupts_the_run_waits_for_in_flight_requests_alone() -> None:
    async def script(request: Request) -> Reply:
        if len(hubspot.requests) == 30:
            token.cancel()
            cancelled.append(request.at)
        await asyncio.sleep(5)
        return associated(request)

    cancelled: list[float] = []
    hubspot, token = VirtualHubSpot(script, pace=Pace()), CancelToken()
    ended = run(run_pairs(hubspot, put, [OpenPairs(contacts(500))], cancel_token=token))
    assert ended.stopped is None
    assert len(hubspot.requests) == 30
    assert len(ended.journal.outcomes) == 30
    assert ended.seconds == pytest.approx(cancelled[0] + 5, abs=0.1)


def test_what_was_recorded_and_never_started_is_withdrawn() -> None:
    ended = sent(answers(*[REFUSED] * 10, Reply(401)), 500, pace=Pace())
    journal, requests = ended.journal, ended.hubspot.requests
    assert len(journal.recorded) == len(requests) - 1 < 200  # the 401 was not acted on either
    assert journal.recorded.keys().isdisjoint(journal.withdrawn)
    assert journal.withdrawn


def test_a_commit_that_hangs_sends_nothing() -> None:
    async def main() -> Ended:
        token = CancelToken()
        asyncio.get_running_loop().call_later(100, token.cancel)
        hubspot, journal = VirtualHubSpot(answers()), MemoryJournal(commit=1e6)
        return await run_pairs(hubspot, put, [OpenPairs(contacts(5))], journal=journal, cancel_token=token)

    assert run(main()).hubspot.requests == []


def test_nothing_starts_while_the_journal_is_in_trouble() -> None:
    async def main() -> Ended:
        def mend() -> None:
            journal.trouble = ""

        hubspot, journal = VirtualHubSpot(answers()), MemoryJournal()
        journal.trouble = "no space left"
        asyncio.get_running_loop().call_later(20, mend)
        return await run_pairs(hubspot, put, [OpenPairs(contacts(5))], journal=journal)

    ended = run(main())
    assert len(ended.journal.outcomes) == 5
    assert min(request.at for request in ended.hubspot.requests) >= 20


def test_a_stop_during_a_probe_is_no_error() -> None:
    """The probe that waits for its permit is not sent, and the pair stays open."""

    async def script(request: Request) -> Any:
        await asyncio.sleep(1)
        if len(hubspot.requests) == 8:
            hubspot.pace.pause(60, "test")
            asyncio.get_running_loop().call_later(30, token.cancel)
        return NO_ANSWER

    hubspot, token = VirtualHubSpot(script), CancelToken()
    ended = run(run_pairs(hubspot, put, [OpenPairs(contacts(1))], cancel_token=token))
    assert (ended.stopped, ended.journal.outcomes) == (None, {})
    assert {request.method for request in hubspot.requests} == {"PUT"}


class StrangeAnswerError(Exception):
    pass


def test_an_answer_that_can_not_be_interpreted_is_a_transient_error() -> None:
    async def script(request: Request) -> Reply:
        if request.pairs[0] == ("1000002", "2000002"):
            raise StrangeAnswerError
        return associated(request)

    ended = sent(script, 3)
    assert ended.journal.statuses() == ["associated", "gave_up", "associated"]
    strange = ended.journal.outcomes[contacts(2)[1]]
    assert (strange.attempts, strange.error_category) == (8, "UNREADABLE_ANSWER")
    assert "StrangeAnswerError" in strange.error_message


# Time that the loader waits by its own decision is no silence.


def test_a_pause_longer_than_the_outage_timeout_ends_no_run() -> None:
    wait = Reply(429, headers={"Retry-After": "300"})
    ended = sent(answers(wait, wait), 3, outage_timeout=60, workers=1)
    assert ended.stopped is None
    assert ended.seconds > 600


def test_a_429_after_a_night_ends_no_run() -> None:
    ended = sent(answers(DAILY, Reply(429)), 3, wait_for_daily_reset=True)
    assert ended.stopped is None
    assert ended.decisions.count("daily_limit") == 1


def test_429_to_everything_ends_the_run() -> None:
    ended = sent(always(Reply(429)), 300, outage_timeout=300, pace=Pace())
    assert ended.reason == "throttled"
    assert 200 < ended.seconds < 400
    assert ended.journal.outcomes == {}


# Whose fault is it?


@pytest.mark.parametrize("bad", [0, 599])
def test_a_pair_that_spoils_its_batch_is_found(bad: int) -> None:
    async def script(request: Request) -> Reply:
        pairs = {str(10**6 + 1 + bad)}.isdisjoint(source for source, _ in request.pairs)
        return associated(request) if pairs else Reply(500)

    ended = sent(script, 600, batch)
    assert Counter(ended.journal.statuses()) == {"associated": 599, "gave_up": 1}
    assert ended.journal.statuses()[bad] == "gave_up"
    assert len(ended.hubspot.requests) < 70


def test_five_minutes_of_500_to_everything_cost_no_pair_of_a_batch() -> None:
    async def script(request: Request) -> Reply:
        await asyncio.sleep(0.1)
        return Reply(500) if request.at < 300 else associated(request)

    ended = sent(script, 300, batch, workers=20)
    assert Counter(ended.journal.statuses()) == {"associated": 300}


@pytest.mark.parametrize("most", [1, 3, 100])
def test_too_many_refusals_in_a_row_stop_the_run(most: int) -> None:
    ended = sent(always(REFUSED), 300, stop_after_failures=most, workers=1)
    assert ended.reason == "too_many_failures"
    assert len(ended.journal.outcomes) == most


def test_a_success_in_between_starts_the_count_again() -> None:
    replies = [REFUSED] * 9 + [None] + [REFUSED] * 9
    waiting = iter(replies)

    async def script(request: Request) -> Reply:
        return next(waiting, None) or associated(request)

    assert sent(script, 30, stop_after_failures=10, workers=1).stopped is None
