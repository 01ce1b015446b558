"""What a load costs, and when it ends: worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loader.commands.forecast import DailyForecast, end_of_load, forecast
from loader.hubspot.account import Account
from loader.pace import PaceReading
from loader.settings import LoadSettings

EASTERN = Account(1, "STANDARD", "app.hubspot.com", "America/New_York")
NOON = datetime(2026, 3, 6, 17, tzinfo=UTC)  # in New York


def test_a_load_within_the_day_ends_after_its_time() -> None:
    quota = DailyForecast(100, 100, EASTERN.next_reset(NOON))
    assert end_of_load(NOON, 50, 10.0, quota, EASTERN) == NOON + timedelta(seconds=5)


def test_a_load_beyond_the_day_sleeps_until_each_reset_also_when_clocks_change() -> None:
    quota = DailyForecast(1000, 500, EASTERN.next_reset(NOON))
    end = end_of_load(NOON, 2600, 10.0, quota, EASTERN)  # 500 today, 1,000, 1,000, and 100 on the 9th
    assert end is not None
    # In the night of the 8th summer time begins: midnight of the 9th is at 04:00 UTC, not 05:00.
    assert end == datetime(2026, 3, 9, 4, 0, 10, tzinfo=UTC)


def test_a_day_can_be_too_short_for_its_quota() -> None:
    quota = DailyForecast(1_000_000, 1_000_000, NOON + timedelta(seconds=100))
    end = end_of_load(NOON, 1500, 10.0, quota, None)
    assert end == NOON + timedelta(seconds=150)


def test_an_end_that_is_not_within_a_year_is_none() -> None:
    assert end_of_load(NOON, 10**9, 1.0, DailyForecast(None, None, None), None) is None
    assert end_of_load(NOON, 10**9, 1.0, DailyForecast(100, 0, NOON), None) is None


def reading(limit: int | None) -> PaceReading:
    return PaceReading(limit, 10.0, 1, 0, 1, 1000, 900, 0.0, "")


@pytest.mark.parametrize(
    ("options", "requests"),
    [
        ({}, 4001),
        ({"method": "batch"}, 3),
        ({"skip_existing": True}, 4001 + 5),
        ({"method": "batch", "skip_existing": True}, 5 + 5),
    ],
)
def test_requests_of_each_method(options: dict[str, object], requests: int) -> None:
    settings = LoadSettings(input="pairs.csv", **options)  # type: ignore[arg-type]  # options of any type
    assert forecast(4001, settings, reading(190)).requests == requests


@pytest.mark.parametrize(
    ("limit", "options", "per_second"),
    [
        (190, {}, 19.0),
        (None, {}, 10.0),  # the lowest tier, until HubSpot has said its limit
        (190, {"reserve": 50.0}, 9.5),
        (190, {"rate": "50/10"}, 5.0),
        (190, {"rate": "500/10"}, 19.0),
    ],
)
def test_the_pace_is_the_lowest_of_limit_reserve_and_rate(
    limit: int | None, options: dict[str, object], per_second: float
) -> None:
    settings = LoadSettings(input="pairs.csv", **options)  # type: ignore[arg-type]  # options of any type
    will = forecast(100, settings, reading(limit))
    assert (will.per_second, will.seconds) == (per_second, 100 / per_second)
    assert will.assumed == (limit is None)
