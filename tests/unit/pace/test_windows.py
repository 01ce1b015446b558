"""No rolling window overflows, whatever the way of a request is: the pace's promise, as a property.

The refinements of the promise rest on measurements, so the examples are the same in each run: where both legs
vary by seconds, about one run in a thousand is unlucky.
"""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loader.pace import Pace, Rate
from loader.pace.window import Window
from tests.benchmarks.window_server import WindowServer, load, uniform
from tests.support import clock

_SECONDS = st.floats(0.001, 1.5)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    limit=st.integers(1, 120),
    interval=st.sampled_from([7.0, 10.0, 20.0]),
    shortest=st.tuples(_SECONDS, _SECONDS),
    jitter=st.tuples(_SECONDS, _SECONDS),
    headers=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_no_window_overflows_when_requests_are_counted_anywhere_on_their_way(
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
    # Where answers tell nothing, only the ceiling can say what the limit is.
    server = WindowServer(limit, interval, before=before, after=after, headers=headers)
    pace = Pace(cap=None if headers else Rate(limit, interval))
    clock.run(load(server, pace, "ours", until=6 * interval))
    assert "ours" not in server.log.rejected


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    limits=st.lists(st.integers(100, 250), min_size=2, max_size=4),
    lost=st.floats(0.0, 0.5),
    seed=st.integers(0, 2**32),
)
def test_no_window_overflows_when_answers_are_lost_and_limits_rise(
    limits: list[int], lost: float, seed: int
) -> None:
    random = Random(seed)
    steps = sorted(limits)
    server = WindowServer(steps[0], before=uniform(random, 0.0, 0.2), after=uniform(random, 0.0, 0.5))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for step, limit in enumerate(steps[1:], 1):
            loop.call_at(12.0 * step, setattr, server, "limit", limit)
        pace = Pace()

        async def work() -> None:
            while loop.time() < 50.0:
                permit = await pace.acquire()
                accepted, headers = await server.request("ours")
                assert accepted
                if random.random() < lost:
                    pace.lost(permit)
                else:
                    pace.answered(permit, headers)

        await asyncio.gather(*(work() for _ in range(20)))

    clock.run(main())
    assert "ours" not in server.log.rejected


@pytest.mark.parametrize("after", [(0.0, 0.0), (0.2, 0.2), (0.0, 4.0)])
def test_a_pause_brings_no_burst_afterwards(after: tuple[float, float]) -> None:
    random = Random(3)
    server = WindowServer(190, after=uniform(random, *after))

    async def main() -> None:
        pace = Pace()
        loop = asyncio.get_running_loop()
        for start, seconds in ((15.0, 3.0), (22.0, 12.0), (50.0, 1.0)):
            loop.call_at(start, pace.pause, seconds, "moving")
        await load(server, pace, "ours", until=80.0)

    clock.run(main())
    assert "ours" not in server.log.rejected
    assert server.log.accepted_between("ours", 15.3, 18.0) == 0
    assert server.log.accepted_between("ours", 60.0, 80.0) >= 0.95 * 380


def test_it_makes_no_difference_when_a_window_is_looked_at() -> None:
    """A request without an answer holds its slot for two intervals, whoever asks, and how late."""
    for looks in ([], [(1.0, 0.0)], [(1.5, 0.0), (1.7, 0.9)], [(1.9, 5.0)]):
        window = Window(1.0)
        window.send(1, 0.0)
        for now, latency in looks:
            assert window.held(now, latency) == 1
        assert window.held(2.0 - 1e-6, 0.0) == 1
        assert window.held(2.0 + 1e-6, 0.0) == 0
