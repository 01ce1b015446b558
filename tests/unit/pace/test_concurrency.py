"""How many batch calls are under way at once follows what the server can take."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from loader.pace import Ceiling, Concurrency, Pace, Pacer, Permit, Quota, Rate
from tests.support import clock


class _Crew:
    """A server with so many hands: more requests than these wait, and take longer."""

    def __init__(self, hands: int, seconds: float = 0.5) -> None:
        self.most = self._under_way = 0
        self._hands = asyncio.Semaphore(hands)
        self._seconds = seconds

    async def request(self) -> None:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        async with self._hands:
            await asyncio.sleep(self._seconds)
        self._under_way -= 1


async def _work(pacer: Concurrency, crew: _Crew, seconds: float, workers: int = 50) -> int:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    done = 0

    async def work() -> None:
        nonlocal done
        while loop.time() < end:
            permit = await pacer.acquire()
            await crew.request()
            pacer.answered(permit, {})
            done += 1

    await asyncio.gather(*(work() for _ in range(workers)))
    return done


def test_it_begins_with_a_few_and_grows_to_the_bound_while_answers_stay_fast() -> None:
    async def main() -> None:
        pacer, crew = Concurrency(), _Crew(1000)
        assert pacer.reading.allowance == 4
        await _work(pacer, crew, 60.0)
        assert pacer.reading.allowance == 16
        assert crew.most == 16

    clock.run(main())


def test_a_server_with_few_hands_is_kept_busy() -> None:
    async def main() -> None:
        pacer, crew = Concurrency(), _Crew(3)
        assert await _work(pacer, crew, 60.0) >= 0.95 * 60 * 3 / 0.5

    clock.run(main())


def test_a_burst_of_429s_pauses_once_and_halves_the_requests() -> None:
    async def main() -> None:
        pacer = Concurrency()
        tickets = [await pacer.acquire() for _ in range(4)]
        await asyncio.sleep(0.1)
        for permit in tickets:
            pacer.throttled(permit, {}, 5.0)
        reading = pacer.reading
        assert (reading.allowance, reading.in_window) == (2, 0)
        assert reading.paused_for == pytest.approx(5.0, abs=0.01)
        await pacer.acquire()
        assert asyncio.get_running_loop().time() == pytest.approx(5.1, abs=0.01)

    clock.run(main())


def test_cancelled_waiters_lose_no_place() -> None:
    async def main() -> None:
        pacer = Concurrency()
        held = [await pacer.acquire() for _ in range(4)]
        waiting = [asyncio.create_task(pacer.acquire()) for _ in range(4)]
        await asyncio.sleep(0.1)
        for permit in held[:2]:
            pacer.lost(permit)
        waiting[0].cancel()  # called up already
        waiting[2].cancel()  # not yet
        await asyncio.wait(waiting, timeout=1.0)
        got = [task for task in waiting if task.done() and not task.cancelled()]
        assert [waiting.index(task) for task in got] == [1, 3]
        assert pacer.reading.in_window == 4

    clock.run(main())


def test_the_quota_is_shared() -> None:
    async def main() -> None:
        quota = Quota()
        pacer = Concurrency(quota)
        permit: Permit = await pacer.acquire()
        pacer.answered(
            permit, {"x-hubspot-ratelimit-daily": "1000", "x-hubspot-ratelimit-daily-remaining": "7"}
        )
        assert (quota.limit, quota.remaining) == (1000, 7)

    clock.run(main())


@pytest.mark.parametrize("rate", [Rate(20, 10.0), Rate(3, 1.0), Rate(3000, 1.0)])
def test_two_pacers_stay_below_one_ceiling(rate: Rate) -> None:
    """Single and batch calls of one run, `--rate N/S` for both together; counted as they arrive."""
    arrived: list[tuple[float, str]] = []

    async def send(pacer: Pacer, name: str) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < 30.0:
            permit = await pacer.acquire()
            await asyncio.sleep(0.004)
            arrived.append((loop.time(), name))
            await asyncio.sleep(0.006)
            pacer.answered(permit, {})

    async def main() -> None:
        ceiling = Ceiling(rate)
        single, batch = Pace(ceiling=ceiling), Concurrency(ceiling=ceiling)
        # Nobody has said what the account allows, so the ceiling is all that bounds the single calls.
        await asyncio.gather(*(send(pacer, name) for pacer, name in ((single, "one"), (batch, "many")) * 30))

    clock.run(main())
    times = [at for at, _ in arrived]
    assert all(
        later - at >= rate.seconds - 1e-9 for at, later in zip(times, times[rate.requests :], strict=False)
    )
    assert len(arrived) >= 0.9 * rate.requests * 30 / rate.seconds
    assert {name for _, name in arrived} == {"one", "many"}


def test_quick_batch_calls_keep_the_ceiling_beside_slow_single_calls() -> None:
    """What a single call takes at least says nothing of when a quick batch call was counted."""
    random = Random(1)
    arrived: list[float] = []

    async def send(pacer: Pacer, answer: tuple[float, float], pause: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < 120.0:
            permit = await pacer.acquire()
            await asyncio.sleep(random.uniform(0.01, 0.015))
            arrived.append(loop.time())
            await asyncio.sleep(random.uniform(*answer))
            pacer.answered(permit, {})
            await asyncio.sleep(random.uniform(0.0, pause))

    async def main() -> None:
        ceiling = Ceiling(Rate(50, 10.0))
        single, batch = Pace(ceiling=ceiling), Concurrency(ceiling=ceiling)
        singles = (send(single, (0.39, 0.4), 0.0) for _ in range(60))
        await asyncio.gather(*singles, *(send(batch, (0.03, 0.05), 6.0) for _ in range(8)))

    clock.run(main())
    assert all(later - at >= 10.0 - 1e-9 for at, later in zip(arrived, arrived[50:], strict=False))
    assert len(arrived) >= 0.95 * 50 * 12


def test_answers_slower_than_the_ceilings_seconds_cost_half_of_it_and_no_more() -> None:
    """Also where the account's own window, of the same seconds as long as nothing is known, is full first."""

    random = Random(1)

    async def main() -> int:
        pace = Pace(ceiling=Ceiling(Rate(3, 1.0)))
        loop = asyncio.get_running_loop()
        sent = 0

        async def send() -> None:
            nonlocal sent
            while loop.time() < 300.0:
                permit = await pace.acquire()
                sent += 1
                await asyncio.sleep(random.uniform(2.5, 3.5))
                pace.answered(permit, {})

        await asyncio.gather(*(send() for _ in range(30)))
        return sent

    assert clock.run(main()) >= 0.48 * 3 * 300
