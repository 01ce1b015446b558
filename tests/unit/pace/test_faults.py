"""429s, pauses, cancellation and nonsense in headers: what the pace does when things go wrong."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from loader.pace import Pace, Permit, Rate
from loader.pace.headers import NOTHING, read_limits
from tests.benchmarks.window_server import WindowServer, load, uniform
from tests.support import clock

_FAST = Rate(100_000, 1.0)
_PER_SECOND = {
    "X-HubSpot-RateLimit-Max": "19",
    "X-HubSpot-RateLimit-Remaining": "5",
    "X-HubSpot-RateLimit-Interval-Milliseconds": "1000",
}


async def _acquire(pace: Pace, count: int) -> list[Permit]:
    return [await pace.acquire() for _ in range(count)]


async def _opened(pace: Pace, headers: Mapping[str, str] | None = None) -> None:
    """Let the first request, which goes alone, be answered."""
    pace.answered(await pace.acquire(), headers or {})


def test_a_burst_of_429s_pauses_everyone_once() -> None:
    told: list[tuple[str, dict[str, object]]] = []

    async def main() -> None:
        pace = Pace(cap=_FAST, watch=lambda event, details: told.append((event, details)))
        await _opened(pace)
        tickets = await _acquire(pace, 20)
        await asyncio.sleep(0.1)
        for permit in tickets:
            pace.throttled(permit, {}, None)
            await asyncio.sleep(0.01)
        assert pace.reading.paused_for == pytest.approx(0.8, abs=0.01)
        assert pace.reading.pause_reason == "throttled"
        await pace.acquire()
        assert asyncio.get_running_loop().time() == pytest.approx(1.1, abs=0.01)

    clock.run(main())
    assert [event for event, _ in told].count("pause") == 1


def test_pauses_double_while_they_do_not_help_and_begin_anew_once_they_have() -> None:
    async def main() -> list[float]:
        pace = Pace(cap=_FAST._replace(seconds=10.0))
        await _opened(pace)
        pauses = []
        for helped in (False, False, False, False, False, True, False):
            permit = await pace.acquire()
            await asyncio.sleep(0.05)
            if helped:
                pace.answered(permit, {})
            else:
                pace.throttled(permit, {}, None)
                pauses.append(pace.reading.paused_for)
        return pauses

    assert clock.run(main()) == pytest.approx([1.0, 2.0, 4.0, 8.0, 10.0, 1.0], abs=0.01)


@pytest.mark.parametrize(("asked", "made"), [(7.0, 7.0), (0.0, 0.5), (-5.0, 0.5), (86_400.0, 300.0)])
def test_retry_after_decides_within_bounds(asked: float, made: float) -> None:
    async def main() -> float:
        pace = Pace(cap=_FAST)
        await _opened(pace)
        pace.throttled(await pace.acquire(), {}, asked)
        return pace.reading.paused_for

    assert clock.run(main()) == pytest.approx(made, abs=0.01)


def test_a_429_lowers_the_pace_and_time_gives_it_back() -> None:
    async def main() -> list[int]:
        pace = Pace(cap=Rate(100, 10.0))
        await _opened(pace)
        tickets = await _acquire(pace, 90)
        allowances = [pace.reading.allowance]
        pace.throttled(tickets[-1], {}, None)
        allowances.append(pace.reading.allowance)
        for _ in range(3):
            await asyncio.sleep(10.0)
            pace.answered(await pace.acquire(), {})
            allowances.append(pace.reading.allowance)
        return allowances

    before, after, *later = clock.run(main())
    assert before == 100
    assert after <= 90
    assert after < later[0] <= later[1] <= later[2] == 100


def test_a_server_that_rejects_for_reasons_of_its_own_is_not_hammered() -> None:
    server = WindowServer(20, headers=False, after=uniform(Random(1), 0.05, 0.1))
    clock.run(load(server, Pace(cap=Rate(1000, 10.0)), "ours", until=120.0))
    assert len(server.log.rejected["ours"]) <= 0.3 * len(server.log.accepted["ours"])


@pytest.mark.parametrize("ceiling", [None, Rate(1000, 10.0), Rate(1000, 1.0), Rate(100_000, 1.0)])
@pytest.mark.parametrize("headers", [{}, _PER_SECOND])
def test_a_pace_remembers_no_more_than_its_windows(ceiling: Rate | None, headers: dict[str, str]) -> None:
    async def main() -> tuple[int, int]:
        pace, sizes = Pace(cap=ceiling), []
        tracemalloc.start()
        try:
            for _ in range(2):
                for _ in range(3000):
                    permit = await pace.acquire()
                    await asyncio.sleep(0.05)
                    pace.answered(permit, headers)
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        return sizes[0], sizes[1]

    before, after = clock.run(main())
    assert after - before < 3000 * 8


def test_a_fast_pace_that_shares_its_limit_listens_to_every_answer() -> None:
    def left(remaining: int) -> dict[str, str]:
        return {
            "X-HubSpot-RateLimit-Max": "5000",
            "X-HubSpot-RateLimit-Remaining": str(remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "1000",
        }

    async def main() -> int:
        pace = Pace(cap=_FAST)
        await _opened(pace, left(4999))
        tickets = await _acquire(pace, 4)
        await asyncio.sleep(0.01)
        for permit, remaining in zip(tickets, (3000, 1000, 1000, 1000), strict=True):
            pace.answered(permit, left(remaining))  # all in the same moment
        return pace.reading.allowance

    assert clock.run(main()) < 2500


def test_a_pause_is_never_shortened() -> None:
    async def main() -> None:
        pace = Pace(cap=_FAST)
        await _opened(pace)
        pace.pause(20.0, "moving")
        pace.pause(1.0, "outage")
        reading = pace.reading
        assert reading.paused_for == pytest.approx(20.0, abs=0.01)
        assert reading.pause_reason == "moving"
        await pace.acquire()
        assert asyncio.get_running_loop().time() == pytest.approx(20.0, abs=0.01)

    clock.run(main())


@pytest.mark.parametrize("ceiling", [Rate(1, 5.0), Rate(20, 100.0)], ids=["for a slot", "for their turn"])
def test_a_pause_reaches_those_who_wait_already(ceiling: Rate) -> None:
    async def main() -> float:
        pace = Pace(cap=ceiling)
        await _opened(pace)
        if ceiling.requests > 1:
            await pace.acquire()
        waiting = asyncio.create_task(pace.acquire())
        await asyncio.sleep(1.0)
        pace.pause(30.0, "moving")
        await waiting
        return asyncio.get_running_loop().time()

    assert clock.run(main()) == pytest.approx(31.0, abs=0.01)


def test_cancelled_waiters_lose_neither_slots_nor_turns() -> None:
    async def main() -> tuple[list[int], float]:
        pace = Pace(cap=Rate(10, 10.0))
        await _opened(pace)
        order: list[int] = []

        async def work(number: int) -> None:
            permit = await pace.acquire()
            order.append(number)
            pace.answered(permit, {})

        tasks = [asyncio.create_task(work(number)) for number in range(1000)]
        await asyncio.sleep(0.5)
        for number in [*range(3, 400, 2), *range(400, 1000)]:
            tasks[number].cancel()
        survivors = [task for number, task in enumerate(tasks) if number < 40 and not task.cancelling()]
        await asyncio.gather(*survivors)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return order, asyncio.get_running_loop().time()

    order, ended = clock.run(main())
    assert order == sorted(order)  # first come, first served
    assert set(order) >= {0, 1, 2, *range(4, 40, 2)}
    assert len(order) <= 25  # besides those, only whoever was in time before it was cancelled
    assert ended <= 30.0  # ten per ten seconds: nothing was lost


def test_a_permit_that_was_not_used_gives_its_slot_back_at_once() -> None:
    async def main() -> tuple[int, int, float]:
        pace = Pace(cap=Rate(10, 10.0))
        await _opened(pace)
        permits = await _acquire(pace, 9)
        waiting = asyncio.create_task(pace.acquire())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        pace.release(permits[4])
        await asyncio.sleep(1.0)  # the spacing of ten in ten seconds, at most
        assert waiting.done()
        pace.release(waiting.result())
        reading = pace.reading
        return reading.requests, reading.in_window, asyncio.get_running_loop().time()

    requests, in_window, ended = clock.run(main())
    assert (requests, in_window) == (9, 9)
    assert ended < 10.0


def test_a_probe_that_was_not_sent_leaves_the_next_request_to_be_the_probe() -> None:
    async def main() -> float:
        pace = Pace()
        pace.release(await pace.acquire())
        await _acquire(pace, 2)
        return asyncio.get_running_loop().time()

    assert clock.run(main()) == pytest.approx(5.0, abs=0.1)


def test_a_lost_probe_opens_the_way() -> None:
    async def main() -> float:
        pace = Pace()
        pace.lost(await pace.acquire())
        await pace.acquire()
        return asyncio.get_running_loop().time()

    assert clock.run(main()) < 1.0


def test_a_probe_that_hangs_is_not_waited_for() -> None:
    async def main() -> float:
        pace = Pace()
        await _acquire(pace, 2)
        return asyncio.get_running_loop().time()

    assert clock.run(main()) == pytest.approx(5.0, abs=0.1)


_HEADERS = {
    "X-HubSpot-RateLimit-Max": "190",
    "X-HubSpot-RateLimit-Remaining": "189",
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    "X-HubSpot-RateLimit-Daily": "650000",
    "X-HubSpot-RateLimit-Daily-Remaining": "649999",
}


@pytest.mark.parametrize(
    "headers",
    [
        _HEADERS,
        {name.lower(): value for name, value in _HEADERS.items()},
        CIMultiDict({name.upper(): value for name, value in _HEADERS.items()}),
    ],
)
def test_headers_count_in_any_case(headers: Mapping[str, str]) -> None:
    assert read_limits(headers) == (190, 10.0, 189, 650_000, 649_999)


@pytest.mark.parametrize(
    "nonsense", ["", "0", "-1", "many", "1e9", "1000000000000", "19.5", "²", "190, 190", "9" * 5000]
)
def test_nonsense_in_the_headers_changes_nothing(nonsense: str) -> None:
    async def main() -> None:
        pace = Pace()
        await _opened(pace, _HEADERS)
        before = pace.reading
        pace.answered(await pace.acquire(), dict.fromkeys(_HEADERS, nonsense))
        after = pace.reading
        assert (after.limit, after.interval, after.allowance) == (190, 10.0, before.allowance)

    clock.run(main())


@given(st.dictionaries(st.sampled_from(sorted(_HEADERS)), st.text() | st.integers().map(str)))
def test_reading_headers_never_fails(headers: dict[str, str]) -> None:
    limits = read_limits(headers)
    assert limits.limit is None or limits.limit > 0
    assert limits.interval is None or limits.interval > 0


def test_an_answer_without_limits_says_nothing() -> None:
    assert read_limits(CIMultiDict({"Content-Type": "application/json"})) is NOTHING


def test_the_quota_of_the_day_outlives_answers_that_do_not_tell_it() -> None:
    async def main() -> None:
        pace = Pace()
        await _opened(pace, _HEADERS)
        await _opened(pace, {"X-HubSpot-RateLimit-Max": "190"})
        assert (pace.reading.daily_limit, pace.reading.daily_remaining) == (650_000, 649_999)

    clock.run(main())
