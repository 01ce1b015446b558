"""An outage, or pairs that get no answer? In virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from loader.engine.circuit_breaker import CircuitBreaker
from loader.engine.methods import PutSender, one_by_one
from loader.engine.sender import SendMethod
from loader.engine.work_item import OpenPairs, WorkItem
from loader.errors import Stopped
from loader.hubspot import HubSpot, Verdict
from tests.support.clock import run
from tests.support.engine import (
    NO_ANSWER,
    UNREACHABLE,
    Ended,
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


def sent(script: Script, rows: int, **more: Any) -> Ended:
    return run(run_pairs(VirtualHubSpot(script), put, [OpenPairs(contacts(rows))], **more))


def out_of_reach(begin: float, end: float, fault: Verdict = UNREACHABLE, takes: float = 0.01) -> Script:
    """Everything fails from one moment to another; else it is answered."""

    async def script(request: Request) -> Reply | Verdict:
        down = begin <= request.at < end
        await asyncio.sleep(takes if down else 0.1)
        if down:
            return fault
        return associated(request) if request.method == "PUT" else Reply(200, {})

    return script


@pytest.mark.parametrize("fault", [UNREACHABLE, NO_ANSWER])
def test_an_outage_costs_no_pair_an_attempt(fault: Verdict) -> None:
    ended = sent(out_of_reach(1, 200, fault), 500, rate="100/1", workers=20)
    assert ended.stopped is None
    assert Counter(ended.journal.statuses()) == {"associated": 500}
    assert {outcome.attempts for outcome in ended.journal.outcomes.values()} <= {1, 2}
    assert (ended.decisions.count("outage"), ended.decisions.count("outage_over")) == (1, 1)


def test_an_outage_is_probed_with_one_request_at_a_time() -> None:
    ended = sent(out_of_reach(0, 60, NO_ANSWER, takes=1), 500, workers=20)
    down = [request for request in ended.hubspot.requests if request.at < 60]
    assert len([request for request in down if request.method == "PUT"]) <= 20 + 4
    probes = [request.at for request in down if request.method == "GET"]
    waits = [round(later - at - 1) for at, later in pairwise(probes)]
    assert waits[:5] == [2, 4, 8, 15, 15]


def test_the_next_outage_is_probed_as_soon_as_the_first_one() -> None:
    async def script(request: Request) -> Reply | Verdict:
        down = request.at % 20 < 10
        await asyncio.sleep(0.01 if down else 0.1)
        if down:
            return UNREACHABLE
        return associated(request) if request.method == "PUT" else Reply(200, {})

    ended = sent(script, 1500, workers=20)
    probes = [round(request.at) for request in ended.hubspot.requests if request.method == "GET"]
    assert probes == [1, 3, 7, 15, 21, 23, 27, 35]


@pytest.mark.parametrize(
    ("fault", "takes", "workers"),
    [(UNREACHABLE, 0.01, 1), (UNREACHABLE, 30, 50), (NO_ANSWER, 0.01, 50), (NO_ANSWER, 30, 1)],
)
def test_an_outage_that_takes_too_long_stops_the_run(fault: Verdict, takes: float, workers: int) -> None:
    ended = sent(out_of_reach(0.5, 1e9, fault, takes), 400, workers=workers, outage_timeout=300)
    assert ended.reason == "outage"
    assert set(ended.journal.statuses()) <= {"associated"}
    # The last probe may take as long as the first, and a connection that can't be made is noticed late.
    assert (
        300 <= ended.seconds <= 301 + takes * (1 if fault is NO_ANSWER else 3) + 30 * (fault is UNREACHABLE)
    )


def test_a_pair_that_never_gets_an_answer_is_given_up_while_others_are_answered() -> None:
    async def script(request: Request) -> Reply | Verdict:
        await asyncio.sleep(0.1)
        if request.method == "PUT" and request.pairs[0][0] in lost:
            await asyncio.sleep(30)
            return NO_ANSWER
        return associated(request) if request.method == "PUT" else Reply(200, {})

    lost = {pair.from_id for pair in contacts(7)}
    ended = sent(script, 100, workers=10)
    assert Counter(ended.journal.statuses()) == {"gave_up": 7, "associated": 93}
    given_up = [outcome for outcome in ended.journal.outcomes.values() if outcome.status == "gave_up"]
    assert {outcome.attempts for outcome in given_up} == {8}


def test_pairs_that_get_no_answer_are_given_up_although_nothing_else_is_sent() -> None:
    """With one worker nothing else proves that HubSpot answers; a question does."""

    async def script(request: Request) -> Reply | Verdict:
        await asyncio.sleep(0.1)
        return NO_ANSWER if request.method == "PUT" else Reply(404, {})

    ended = sent(script, 3, workers=1)
    assert ended.journal.statuses() == ["gave_up"] * 3


class Silent:
    """A HubSpot that is never heard."""

    in_flight = 0
    heard = -1.0
    asked = 0

    async def answers(self, _admit: object) -> bool:
        self.asked += 1
        return False


async def suspended_for(seconds: float) -> list[str]:
    """A breaker that opens before the machine is suspended, and waits on after it."""

    async def suspend() -> None:
        await asyncio.sleep(5)
        loop._turning.now += seconds  # type: ignore[attr-defined] # a clock that goes on in the meantime

    loop = asyncio.get_running_loop()
    changes: list[str] = []
    breaker = CircuitBreaker(Silent(), 300, changes.append)
    breaker.unreachable("gone")
    suspension = asyncio.create_task(suspend())
    waiting = asyncio.create_task(breaker.wait_until_closed(lambda: None))
    await asyncio.sleep(seconds + 20)
    assert not waiting.done(), "one gap has decided"
    await suspension
    with pytest.raises(Stopped, match=r"no answer for 3.. s: gone"):
        await waiting
    return changes


def test_a_suspended_machine_is_no_silence() -> None:
    assert run(suspended_for(8 * 3600)) == ["gone"]


def test_an_answer_to_an_earlier_request_does_not_end_an_outage() -> None:
    async def main() -> None:
        hubspot = Silent()
        breaker = CircuitBreaker(hubspot, 300, lambda _why: None)
        await asyncio.sleep(10)
        for item in [WorkItem([pair]) for pair in contacts(5)]:
            item.attempts = 1
            breaker.no_answer(item, waited=1, word="reset")
        assert breaker.is_open
        hubspot.heard = 8.0
        breaker.answered()
        assert breaker.is_open
        hubspot.heard = 9.5
        breaker.answered()
        assert not breaker.is_open

    run(main())
