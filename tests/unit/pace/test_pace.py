"""Permits: who gets one when, and what is done with those that come back."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Mapping
from random import Random

import pytest

from loader.pace import Pace, Permit, Rate
from tests.benchmarks.window_server import WindowServer, load, uniform
from tests.support import clock

_FAST = Rate(100_000, 1.0)


def _limits(limit: int, remaining: int, seconds: float = 10.0) -> dict[str, str]:
    return {
        "X-HubSpot-RateLimit-Max": str(limit),
        "X-HubSpot-RateLimit-Remaining": str(remaining),
        "X-HubSpot-RateLimit-Interval-Milliseconds": f"{1000 * seconds:.0f}",
    }


async def _acquire(pace: Pace, count: int) -> list[Permit]:
    return [await pace.acquire() for _ in range(count)]


async def _opened(pace: Pace, headers: Mapping[str, str] | None = None) -> None:
    """Let the first request, which goes alone, be answered."""
    pace.answered(await pace.acquire(), headers or {})


def test_the_first_request_goes_alone() -> None:
    server = WindowServer(20, before=uniform(Random(7), 0.01, 0.02), after=uniform(Random(7), 0.02, 0.2))
    clock.run(load(server, Pace(), "ours", until=11.0))
    times = server.log.accepted["ours"]
    assert times[1] - times[0] >= 0.03  # the answer is there before the second is sent
    assert "ours" not in server.log.rejected


def test_a_lost_probe_opens_the_way() -> None:
    async def main() -> float:
        pace = Pace()
        pace.lost(await pace.acquire())
        await pace.acquire()
        return asyncio.get_running_loop().time()

    assert clock.run(main()) < 1.0


def test_a_probe_that_hangs_is_not_waited_for() -> None:
    async def main() -> float:
        await _acquire(Pace(), 2)
        return asyncio.get_running_loop().time()

    assert clock.run(main()) == pytest.approx(5.0, abs=0.1)


def test_after_a_probe_that_was_not_sent_the_next_request_is_the_probe() -> None:
    async def main() -> float:
        pace = Pace()
        pace.release(await pace.acquire())
        await _acquire(pace, 2)
        return asyncio.get_running_loop().time()

    assert clock.run(main()) == pytest.approx(5.0, abs=0.1)


def test_a_permit_that_was_not_used_gives_its_slot_back_at_once() -> None:
    async def main() -> tuple[int, int, float]:
        pace = Pace(cap=Rate(10, 10.0))
        await _opened(pace)
        permits = await _acquire(pace, 9)
        waiting = asyncio.create_task(pace.acquire())
        await asyncio.sleep(1.0)
        assert not waiting.done()
        pace.release(permits[4])
        await asyncio.sleep(0.001)
        pace.release(waiting.result())
        reading = pace.reading
        return reading.requests, reading.in_window, asyncio.get_running_loop().time()

    requests, in_window, ended = clock.run(main())
    assert (requests, in_window) == (9, 9)
    assert ended < 10.0


def test_a_burst_of_429s_pauses_everyone_once() -> None:
    told: list[str] = []

    async def main() -> None:
        pace = Pace(cap=_FAST, watch=lambda event, _details: told.append(event))
        await _opened(pace)
        permits = await _acquire(pace, 20)
        await asyncio.sleep(0.1)
        for permit in permits:
            pace.throttled(permit, {}, None)
            await asyncio.sleep(0.01)
        assert pace.reading.paused_for == pytest.approx(0.8, abs=0.01)
        assert pace.reading.pause_reason == "throttled"
        await pace.acquire()
        assert asyncio.get_running_loop().time() == pytest.approx(1.1, abs=0.01)

    clock.run(main())
    assert told.count("pause") == 1


@pytest.mark.parametrize("cap", [Rate(1, 5.0), Rate(20, 100.0)], ids=["for a slot", "for their turn"])
def test_a_pause_reaches_those_who_wait_already(cap: Rate) -> None:
    async def main() -> float:
        pace = Pace(cap=cap)
        await _opened(pace)
        if cap.requests > 1:
            await pace.acquire()
        waiting = asyncio.create_task(pace.acquire())
        await asyncio.sleep(1.0)
        pace.pause(30.0, "moving")
        paused = asyncio.get_running_loop().time()
        pace.pause(1.0, "outage")
        assert pace.reading.pause_reason == "moving"
        await waiting
        return asyncio.get_running_loop().time() - paused

    assert clock.run(main()) == pytest.approx(30.0, abs=0.01)


def test_cancelled_waiters_lose_neither_slots_nor_turns() -> None:
    async def main() -> tuple[list[int], float]:
        pace = Pace(cap=Rate(10, 10.0))
        await _opened(pace)
        order: list[int] = []

        async def work(number: int) -> None:
            pace.answered(await pace.acquire(), {})
            order.append(number)

        tasks = [asyncio.create_task(work(number)) for number in range(200)]
        await asyncio.sleep(0.5)
        for number in [*range(3, 40, 2), *range(40, 200)]:
            tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return order, asyncio.get_running_loop().time()

    order, ended = clock.run(main())
    assert order == sorted(order)  # first come, first served
    assert set(order) >= {0, 1, 2, *range(4, 40, 2)}
    assert len(order) <= 25  # besides those, only who was in time before it was cancelled
    assert ended <= 30.0  # ten per ten seconds: nothing was lost


def test_every_answer_counts_at_a_fast_pace_too() -> None:
    async def main() -> int:
        pace = Pace(cap=_FAST)
        await _opened(pace, _limits(5000, 4999, seconds=1.0))
        permits = await _acquire(pace, 4)
        for permit, remaining in zip(permits, (3000, 1000, 1000, 1000), strict=True):
            pace.answered(permit, _limits(5000, remaining, seconds=1.0))  # all in the same moment
        return pace.reading.allowance

    assert clock.run(main()) < 2500


def test_the_reading_tells_what_is_known_and_why_it_is_less() -> None:
    async def main() -> None:
        pace = Pace(cap=Rate(50, 10.0), reserve=10)
        assert (pace.reading.limit, pace.reading.allowance, pace.requests) == (None, 45, 0)
        await _opened(pace, {**_limits(190, 189), "X-HubSpot-RateLimit-Daily-Remaining": "7"})
        reading = pace.reading
        assert (reading.limit, reading.interval, reading.allowance) == (190, 10.0, 50)
        assert (reading.in_window, reading.requests, reading.daily_remaining) == (1, 1, 7)
        assert reading.why_less == "--rate"

    clock.run(main())


def test_decisions_are_told() -> None:
    told: list[tuple[str, dict[str, object]]] = []

    async def main() -> None:
        pace = Pace(watch=lambda event, details: told.append((event, details)))
        await _opened(pace, _limits(190, 189))
        await _opened(pace, _limits(190, 188))

    clock.run(main())
    assert told == [
        ("pace", {"requests": 100, "seconds": 10.0}),
        ("limit", {"requests": 190, "seconds": 10.0}),
        ("pace", {"requests": 190, "seconds": 10.0}),
    ]


@pytest.mark.parametrize(("cap", "headers"), [(None, {}), (Rate(1000, 1.0), _limits(19, 5, seconds=1.0))])
def test_a_pace_remembers_no_more_than_its_windows(cap: Rate | None, headers: dict[str, str]) -> None:
    async def main() -> tuple[int, int]:
        pace, sizes = Pace(cap=cap), []
        tracemalloc.start()
        try:
            for _ in range(2):
                for _ in range(200):
                    permit = await pace.acquire()
                    await asyncio.sleep(0.2)
                    pace.answered(permit, headers)
                sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        return sizes[0], sizes[1]

    before, after = clock.run(main())
    assert after - before < 200 * 8
