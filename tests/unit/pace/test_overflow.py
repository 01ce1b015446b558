"""No rolling window overflows, whatever the way of a request is: the promise of `Pace`, as properties.

Judging by send times rests on measurements, so hypothesis draws the same examples in each run.
"""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader.pace import Pace, Permit, Rate
from tests.benchmarks.window_server import WindowServer, load, uniform
from tests.support import clock

_SECONDS = st.floats(0.001, 1.5)


@settings(derandomize=True)
@given(
    limit=st.integers(1, 60),
    interval=st.sampled_from([7.0, 10.0, 20.0]),
    shortest=st.tuples(_SECONDS, _SECONDS),
    jitter=st.tuples(_SECONDS, _SECONDS),
    headers=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_when_requests_are_counted_anywhere_on_their_way(
    limit: int,
    interval: float,
    shortest: tuple[float, float],
    jitter: tuple[float, float],
    headers: bool,
    seed: int,
) -> None:
    random = Random(seed)
    before = uniform(random, shortest[0], shortest[0] + jitter[0])
    after = uniform(random, shortest[1], shortest[1] + jitter[1])
    # If answers tell nothing, only the cap can say what the limit is.
    server = WindowServer(limit, interval, before=before, after=after, headers=headers)
    pace = Pace(cap=None if headers else Rate(limit, interval))
    clock.run(load(server, pace, "ours", until=3 * interval))
    assert "ours" not in server.log.rejected


@settings(derandomize=True)
@given(
    limits=st.lists(st.integers(15, 50), min_size=2, max_size=3),
    lost=st.floats(0.0, 0.5),
    released=st.floats(0.0, 0.3),
    seed=st.integers(0, 2**32),
)
def test_when_answers_are_lost_permits_are_released_and_limits_rise(
    limits: list[int], lost: float, released: float, seed: int
) -> None:
    random = Random(seed)
    steps = sorted(limits)
    server = WindowServer(steps[0], before=uniform(random, 0.0, 0.2), after=uniform(random, 0.0, 0.5))
    pace = Pace()

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for step, limit in enumerate(steps[1:], 1):
            loop.call_at(8.0 * step, setattr, server, "limit", limit)

        async def work() -> None:
            while loop.time() < 26.0:
                permit = await pace.acquire()
                if random.random() < released:
                    pace.release(permit)
                    continue
                accepted, headers = await server.request("ours")
                assert accepted
                if random.random() < lost:
                    pace.lost(permit)
                else:
                    pace.answered(permit, headers)

        await asyncio.gather(*(work() for _ in range(20)))

    clock.run(main())
    assert pace.requests == len(server.log.accepted["ours"])


@pytest.mark.parametrize("after", [(0.0, 0.0), (0.0, 4.0)])
def test_a_pause_brings_no_burst_afterwards(after: tuple[float, float]) -> None:
    server = WindowServer(120, after=uniform(Random(3), *after))

    async def main() -> None:
        pace = Pace()
        for start, seconds in ((15.0, 3.0), (22.0, 12.0), (50.0, 1.0)):
            asyncio.get_running_loop().call_at(start, pace.pause, seconds, "moving")
        await load(server, pace, "ours", until=80.0)

    clock.run(main())
    assert "ours" not in server.log.rejected
    assert server.log.accepted_between("ours", 15.3, 18.0) == 0
    assert server.log.accepted_between("ours", 60.0, 80.0) >= 0.95 * 240


@pytest.mark.parametrize(
    ("seconds", "way", "headers"),
    [(2.0, 0.03, True), (9.0, 0.03, False), (11.0, 2.0, True), (3600.0, 2.0, False)],
)
def test_a_machine_that_was_suspended_sends_no_burst(seconds: float, way: float, headers: bool) -> None:
    """What waited in its buffers is counted as it wakes up, and the clock says that it was sent long ago."""
    random = Random(1)
    before, after = uniform(random, way, way + 0.02), uniform(random, 0.05, 0.1)
    server = WindowServer(120, before=before, after=after, headers=headers)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, clock.VirtualTimeLoop)
        loop.call_at(30.0, loop.jump, seconds)
        await load(server, Pace(cap=None if headers else Rate(120, 10.0)), "ours", until=85.0 + seconds)

    clock.run(main())
    share = 0.98 if headers else 0.75  # by send times, and by answers alone
    assert server.log.accepted_between("ours", 20.0, 30.0) >= share * 120
    assert "ours" not in server.log.rejected
    assert server.log.accepted_between("ours", 75.0 + seconds, 85.0 + seconds) >= share * 120


@pytest.mark.parametrize("rate", [Rate(20, 10.0), Rate(3, 1.0), Rate(400, 1.0)])
@pytest.mark.parametrize("told", [100_000, None])
def test_the_cap_holds_for_quick_and_slow_requests_together(rate: Rate, told: int | None) -> None:
    """As PUTs and batch calls of one run are; counted as they arrive."""
    random, arrived = Random(1), list[float]()

    async def work(pace: Pace, latency: tuple[float, float]) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < 3 * rate.seconds:
            permit: Permit = await pace.acquire()
            await asyncio.sleep(0.004)
            arrived.append(loop.time())
            await asyncio.sleep(random.uniform(*latency))
            limits = {"x-hubspot-ratelimit-max": str(told), "x-hubspot-ratelimit-remaining": str(told)}
            pace.answered(permit, limits if told else {})

    async def main() -> None:
        pace = Pace(cap=rate)
        await asyncio.gather(*(work(pace, way) for way in ((0.003, 0.01), (0.3, 0.4)) * 20))

    clock.run(main())
    gaps = [later - at for at, later in zip(arrived, arrived[rate.requests :], strict=False)]
    assert min(gaps) >= rate.seconds - 1e-9
