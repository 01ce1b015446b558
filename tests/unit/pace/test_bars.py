"""The bars of the README, each held in virtual time against a server that enforces the window exactly."""

from __future__ import annotations

import asyncio
import itertools
from random import Random

import pytest

from loader.pace import Pace, Rate
from tests.benchmarks.pace import Scenario, measure_virtually
from tests.benchmarks.window_server import WindowServer, compete, load, uniform
from tests.support import clock


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("20 ms"),
        Scenario("20 to 300 ms on the way out"),
        Scenario("3 s"),
        Scenario("20 ms", tells_late=True),
        Scenario("3 s", tells_late=True),
        Scenario("20 to 300 ms", window="fixed", count_rejected=True),
        Scenario("0.3 to 1.2 s", limit=100),
    ],
)
def test_the_limit_is_used_and_nothing_is_rejected(scenario: Scenario) -> None:
    result = measure_virtually(scenario, 20)
    assert result.rejected == 0
    assert result.used >= 0.985


@pytest.mark.parametrize(
    ("scenario", "rest"),
    [
        (Scenario(rival="takes half"), 0.97),
        (Scenario("0.3 to 1.2 s", rival="takes half", tells_late=True), 0.88),
    ],
)
def test_a_competitor_that_takes_half_gets_it_and_we_use_the_rest(scenario: Scenario, rest: float) -> None:
    result = measure_virtually(scenario, 30)
    assert result.rejected_share <= 0.01
    assert result.rest >= rest
    assert result.rival >= 0.48


@pytest.mark.parametrize(
    "scenario", [Scenario(rival="second loader"), Scenario(rival="second loader, later", limit=100)]
)
def test_two_loaders_share_one_token(scenario: Scenario) -> None:
    result = measure_virtually(scenario, 30, seed=2)
    assert result.used >= 0.4
    assert result.rival >= 0.4
    assert result.used + result.rival >= 0.93
    assert result.rejected_share <= 0.02


@pytest.mark.parametrize(
    ("latency", "least"),
    [
        ("20 ms", 0.4),  # each loader fills the window to the last slot
        ("0.3 to 1.2 s", 0.25),  # what the answers tell is old
    ],
)
def test_a_second_loader_is_not_starved_by_quick_or_slow_answers(latency: str, least: float) -> None:
    result = measure_virtually(Scenario(latency, rival="second loader, later"), 30)
    assert result.rival >= least
    assert result.used + result.rival >= 0.8
    assert result.rejected_share <= 0.02


def test_a_competitor_with_a_tenth_costs_little_more_than_that() -> None:
    server = _server(limit=100)

    async def main() -> None:
        rival = compete(server, "rival", itertools.repeat(1.0), start=0.0, until=70.0)
        await asyncio.gather(load(server, Pace(), "ours", until=70.0), rival)

    clock.run(main())
    assert server.log.accepted_between("ours", 40.0, 70.0) >= 0.85 * 3 * server.limit
    assert len(server.log.rejected.get("rival", ())) <= 5


def test_the_budget_is_taken_back_when_the_competitor_ends() -> None:
    server = _server(limit=100)

    async def main() -> None:
        rival = compete(server, "rival", itertools.repeat(0.2), start=0.0, until=40.0)
        await asyncio.gather(load(server, Pace(), "ours", until=80.0), rival)

    clock.run(main())
    assert server.log.accepted_between("ours", 65.0, 75.0) >= 0.97 * server.limit


def test_auto_reaches_the_full_limit_within_twelve_seconds() -> None:
    server = _server()
    clock.run(load(server, Pace(), "ours", until=12.0))
    assert server.log.accepted_between("ours", 2.0, 12.0) >= 0.97 * server.limit


def test_without_headers_the_lowest_tier_holds() -> None:
    server = _server(headers=False)
    clock.run(load(server, Pace(), "ours", until=30.0))
    assert 195 <= server.log.accepted_between("ours", 10.0, 30.0) <= 200


@pytest.mark.parametrize(("cap", "most"), [(Rate(5, 1.0), 50), (Rate(60, 10.0), 60), (Rate(300, 20.0), 150)])
def test_a_cap_below_the_account_holds_in_its_own_window_and_is_used(cap: Rate, most: int) -> None:
    server = _server()
    clock.run(load(server, Pace(cap=cap), "ours", until=40.0))
    assert _most_within(server.log.accepted["ours"], cap.seconds) <= cap.requests
    assert server.log.accepted_between("ours", 20.0, 40.0) >= 0.89 * 2 * most


def test_a_cap_above_the_account_does_not_raise_it() -> None:
    server = _server(limit=100)
    clock.run(load(server, Pace(cap=Rate(1000, 10.0)), "ours", until=30.0))
    assert "ours" not in server.log.rejected
    assert server.log.accepted_between("ours", 10.0, 30.0) >= 194


def test_the_reserve_is_left_alone() -> None:
    server = _server()
    clock.run(load(server, Pace(reserve=25), "ours", until=30.0))
    assert _most_within(server.log.accepted["ours"], 10.0) <= 142
    assert server.log.accepted_between("ours", 10.0, 30.0) >= 0.97 * 2 * 142


@pytest.mark.parametrize(("first", "then"), [(100, 50), (50, 120)])
def test_a_limit_that_changes_in_the_middle_is_followed(first: int, then: int) -> None:
    server = _server(limit=first)

    async def main() -> None:
        asyncio.get_running_loop().call_at(20.0, setattr, server, "limit", then)
        await load(server, Pace(), "ours", until=60.0)

    clock.run(main())
    assert server.log.rejected_between("ours", 0.0, 60.0) <= 5  # what was in flight when the limit fell
    assert server.log.accepted_between("ours", 40.0, 60.0) >= 0.95 * 2 * then


@pytest.mark.parametrize(("cap", "most"), [(None, 26), (Rate(60, 10.0), 9)])
def test_requests_are_spread_over_the_window(cap: Rate | None, most: int) -> None:
    server = _server(before=(0.01, 0.01))
    clock.run(load(server, Pace(cap=cap), "ours", until=30.0))
    assert _most_within(server.log.accepted["ours"], 1.0) <= most  # 19 and 6, and what makes up for delays


def _server(
    *, limit: int = 190, headers: bool = True, before: tuple[float, float] = (0.01, 0.02)
) -> WindowServer:
    random = Random(7)
    ways = uniform(random, *before), uniform(random, 0.02, 0.2)
    return WindowServer(limit, before=ways[0], after=ways[1], headers=headers)


def _most_within(times: list[float], seconds: float) -> int:
    first, most = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - seconds + 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most
