"""The daily limit: what is left of the day, and sleeping through its end by a wall clock that may jump."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from loader.engine.daily_quota import DailyQuota
from loader.engine.stats import RunStats
from loader.hubspot.account import Account
from loader.pace import Pace
from tests.support.clock import run

NEW_YORK = Account(1, "STANDARD", "app.hubspot.com", "America/New_York")
#: Nine in the evening in New York; the day ends there at 05:00 UTC.
EVENING = datetime(2026, 11, 25, 2, 0, tzinfo=UTC).timestamp()
RESET = datetime(2026, 11, 25, 5, 0, tzinfo=UTC).timestamp()


class Wall:
    """A wall clock that goes with the loop's, and can be set."""

    def __init__(self, start: float) -> None:
        self.ahead = start

    def __call__(self) -> float:
        return self.ahead + asyncio.get_running_loop().time()


def slept(
    account: Account | None, meanwhile: Callable[[Wall], Awaitable[None]] | None = None
) -> tuple[float, list[str]]:
    """Sleep from the evening on; the wall time of waking, and what the stats said of the pause before."""
    said: list[str] = []

    async def night() -> float:
        wall, pace, stats = Wall(EVENING), Pace(), RunStats()
        pace.quota.limit, pace.quota.remaining = 1000, 0
        async with DailyQuota(
            pace, account, stats, lambda _name, _details: None, reserve=0, wait=True, now=wall
        ) as day:
            sleep = asyncio.create_task(day.sleep())
            await asyncio.sleep(1)
            said.append(stats.pause)
            assert pace.reading.paused_for > 0
            if meanwhile is not None:
                await meanwhile(wall)
            await sleep
            assert stats.pause == ""
            assert pace.quota.remaining is None  # what was left of yesterday says nothing of today
            await asyncio.wait_for(pace.acquire(), 31)
        return wall()

    return run(night()), said


def test_it_sleeps_until_midnight_in_the_accounts_zone() -> None:
    woke, (said,) = slept(NEW_YORK)
    assert RESET < woke <= RESET + 120
    assert "2026-11-25 00:01 in the account's zone, America/New_York" in said


def test_a_suspended_laptop_wakes_late_and_goes_on() -> None:
    async def suspend(wall: Wall) -> None:
        wall.ahead += 8 * 3600  # the wall clock went on, the loop's stood still

    woke, _ = slept(NEW_YORK, suspend)
    assert woke < EVENING + 8 * 3600 + 180


def test_a_clock_that_is_set_back_does_not_wake_it_early() -> None:
    async def set_back(wall: Wall) -> None:
        wall.ahead -= 1800

    woke, _ = slept(NEW_YORK, set_back)
    assert RESET < woke <= RESET + 120


def test_without_the_accounts_zone_it_tries_again_now_and_then() -> None:
    woke, _ = slept(None)
    assert 0 <= woke - (EVENING + 15 * 60) < 1


def test_the_reserve_counts_what_is_under_way() -> None:
    async def day() -> None:
        pace = Pace()
        async with DailyQuota(
            pace, None, RunStats(), lambda _name, _details: None, reserve=10, wait=False
        ) as day:
            assert not day.spent(100)  # nothing is known yet
            pace.quota.limit, pace.quota.remaining = 1000, 105
            assert not day.spent(4)
            assert day.spent(5)

    run(day())


def test_who_does_not_wait_is_told_when_the_day_ends() -> None:
    async def day() -> None:
        async with DailyQuota(
            Pace(),
            NEW_YORK,
            RunStats(),
            lambda _name, _details: None,
            reserve=0,
            wait=False,
            now=Wall(EVENING),
        ) as day:
            stopped = day.over("You have reached your daily limit")
            assert str(stopped).startswith("You have reached your daily limit; it is reset at 2026-11-25 ")
            assert "2026-11-25 00:00 in the account's zone, America/New_York" in str(stopped)
            assert "--wait-for-daily-reset" in stopped.hint

    run(day())


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu"])
def test_a_reset_that_is_late_is_asked_for_every_15_minutes(zone: str) -> None:
    """HubSpot's reset comes two hours after midnight; a whole day must not be lost."""

    async def night() -> list[float]:
        account = Account(1, "STANDARD", "app.hubspot.com", zone)
        midnight = account.next_reset(datetime.fromtimestamp(EVENING, UTC))
        assert midnight is not None
        wall, asked = Wall(EVENING), list[float]()
        async with DailyQuota(
            Pace(), account, RunStats(), lambda _name, _details: None, reserve=0, wait=True, now=wall
        ) as day:
            while wall() < midnight.timestamp() + 2 * 3600:
                day.refused(None)
                await day.sleep()
                asked.append(wall() - midnight.timestamp())
        return asked

    after = run(night())
    assert after[0] == pytest.approx(60, abs=1)
    assert [round(later - at) for at, later in pairwise(after)] == [900] * 8


def test_three_hours_after_midnight_the_limit_is_used_up_until_the_next_one() -> None:
    async def day() -> float:
        wall = Wall(RESET + 3 * 3600 + 1)
        async with DailyQuota(
            Pace(), NEW_YORK, RunStats(), lambda _name, _details: None, reserve=0, wait=True, now=wall
        ) as quota:
            quota.refused(None)
            await quota.sleep()
        return wall() - RESET

    assert run(day()) == pytest.approx(86_400 + 60, abs=1)


@pytest.mark.parametrize(
    ("asked", "slept_for"), [(1.0, 3 * 3600 + 60), (4 * 3600.0, 4 * 3600), (1e9, 25 * 3600)]
)
def test_an_answer_may_ask_for_more_than_the_reset_but_not_for_less(asked: float, slept_for: float) -> None:
    async def evening() -> float:
        wall = Wall(EVENING)
        async with DailyQuota(
            Pace(), NEW_YORK, RunStats(), lambda _name, _details: None, reserve=0, wait=True, now=wall
        ) as day:
            day.refused(asked)
            await day.sleep()
        return wall() - EVENING

    assert run(evening()) == pytest.approx(slept_for, abs=1)
