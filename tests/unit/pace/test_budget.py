"""How the pace comes down after 429s, and how it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random

import pytest

from loader.pace import Pace, Rate
from loader.pace.budget import Budget
from loader.pace.headers import RateLimits
from tests.benchmarks.window_server import WindowServer, load, uniform
from tests.support import clock


class Moody(WindowServer):
    """Has room and says so, and answers 429 or 477 to some requests all the same."""

    moods: frozenset[int] = frozenset()
    moves: frozenset[int] = frozenset()
    seen = 0
    pace: Pace | None = None

    async def request(self, client: str) -> tuple[bool, Mapping[str, str]]:
        self.seen += 1
        number = self.seen
        accepted, headers = await super().request(client)
        if number in self.moves and self.pace is not None:
            self.pace.pause(1.0, "moving")  # what a run does about a 477 with `Retry-After: 1`
        return accepted and number not in self.moods, headers


class Liar(WindowServer):
    """Tells of 100 requests, and lets fewer through."""

    lets_through = 50

    def _count(self, now: float) -> bool:
        self._forget(now)
        accepted = len(self._taken) < self.lets_through
        if accepted:
            self._taken.append(now)
        return accepted


def test_stray_429s_and_477s_hold_the_pace_down_no_longer_than_two_windows() -> None:
    """25 of them among 1,500 good answers once took 349 s instead of 79."""
    random = Random(1)
    server = Moody(190, before=uniform(random, 0.01, 0.015), after=uniform(random, 0.01, 0.285))
    faults = random.sample(range(50, 750), 12)
    server.moods, server.moves = frozenset(faults[:6]), frozenset(faults[6:])
    told: list[tuple[float, str]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        server.pace = Pace(watch=lambda event, _details: told.append((loop.time(), event)))
        await load(server, server.pace, "ours", until=90.0)

    clock.run(main())
    accepted = server.log.accepted["ours"]  # stray 429s included: the server has counted them
    assert accepted[750] <= 55.0  # 39 s, and a pause of one second for each
    last = max(at for at, event in told if event == "pause")
    assert server.log.accepted_between("ours", last + 20.0, last + 40.0) >= 0.985 * 2 * 190
    assert server.log.rejected.get("ours") is None


@pytest.mark.parametrize(("after", "lets_through"), [((0.01, 0.285), 80), ((0.3, 1.2), 30)])
def test_a_limit_that_the_headers_do_not_tell_is_found(after: tuple[float, float], lets_through: int) -> None:
    """HubSpot asks that fewer than 5 % of the requests of a day be errors."""
    random = Random(1)
    server = Liar(100, before=uniform(random, 0.01, 0.015), after=uniform(random, *after))
    server.lets_through = lets_through
    clock.run(load(server, Pace(), "ours", until=150.0))
    accepted, rejected = (
        count("ours", 70.0, 150.0) for count in (server.log.accepted_between, server.log.rejected_between)
    )
    assert rejected < 0.05 * (accepted + rejected)
    assert accepted >= 0.85 * 8 * lets_through


def test_without_headers_a_limit_far_below_the_cap_is_found() -> None:
    server = WindowServer(20, headers=False, after=uniform(Random(1), 0.05, 0.1))
    clock.run(load(server, Pace(cap=Rate(1000, 10.0)), "ours", until=120.0))
    assert len(server.log.rejected["ours"]) <= 0.3 * len(server.log.accepted["ours"])


def test_without_headers_time_alone_gives_the_pace_back() -> None:
    server = WindowServer(100, headers=False, after=uniform(Random(1), 0.05, 0.1))

    async def main() -> None:
        pace = Pace()
        pace.answered(await pace.acquire(), {})
        for permit in [await pace.acquire() for _ in range(3)]:
            pace.throttled(permit, {}, None)
        await load(server, pace, "ours", until=60.0)

    clock.run(main())
    assert server.log.accepted_between("ours", 40.0, 60.0) >= 0.97 * 200


def test_a_429_lowers_the_pace_and_time_gives_it_back() -> None:
    budget = Budget(100, 10.0, reserve=0)
    assert budget.by_answer == 100
    budget.step_down(0.0, own=90)
    assert budget.by_answer == 90
    assert budget.why_less == "slower after a 429"
    levels = []
    for now in (10.0, 20.0, 30.0):
        budget.recover(now)
        levels.append(budget.by_answer)
    assert levels == [94, 100, 100]
    assert budget.why_less == ""


def test_if_headers_show_room_it_is_back_within_one_interval() -> None:
    budget = Budget(190, 10.0, reserve=0)
    room = RateLimits(190, 10.0, 100, None, None)
    budget.learn(0.0, room, (90, 90), latency=0.1, rejected=True)
    budget.step_down(0.0, own=90)
    assert budget.by_answer == 170
    budget.recover(5.0)
    assert 175 <= budget.by_answer <= 182
    budget.recover(10.0)
    assert budget.by_answer == 189


def test_the_reserve_is_a_share_of_the_limit() -> None:
    assert Budget(190, 10.0, reserve=25).by_answer == 142
    assert Budget(190, 10.0, reserve=99.9).by_answer == 1
    assert Budget(190, 10.0, reserve=25).why_less == "--reserve 25"


def test_what_others_use_is_theirs() -> None:
    budget = Budget(190, 10.0, reserve=0)
    for answer in range(1, 40):
        limits = RateLimits(190, 10.0, 20, None, None)
        budget.learn(answer / 19, limits, (90, 90), latency=0.1, rejected=False)
    assert budget.by_answer <= 190 - 80
    assert budget.why_less == "others use 80"
