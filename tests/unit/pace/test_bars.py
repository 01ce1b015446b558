"""The bars of the pace, each held in virtual time against a server that enforces the window exactly."""

from __future__ import annotations

import asyncio
import itertools
from random import Random

import pytest

from loader.pace import Pace, Rate
from tests.benchmarks.pace import Scenario, measure_virtually
from tests.benchmarks.window_server import WindowServer, compete, load, uniform
from tests.support import clock


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("scenario", "bar"),
    [
        (Scenario("20 ms"), 0.985),
        (Scenario("20 to 300 ms"), 0.985),
        (Scenario("20 to 300 ms on the way out"), 0.985),
        (Scenario("200 ms"), 0.985),
        (Scenario("3 s"), 0.97),
        (Scenario("200 ms", tells_late=True), 0.985),
        (Scenario("0.3 to 1.2 s"), 0.985),
        (Scenario("0.3 to 1.2 s", tells_late=True), 0.985),
        (Scenario("3 s", tells_late=True), 0.97),
        (Scenario("20 to 300 ms", window="fixed"), 0.985),
        (Scenario("3 s", window="fixed"), 0.97),
        (Scenario("20 to 300 ms", count_rejected=True), 0.985),
        (Scenario("200 ms", limit=100), 0.985),
        (Scenario("20 to 300 ms", limit=100), 0.985),
        (Scenario("20 to 300 ms", limit=250), 0.985),
        (Scenario("3 s", limit=250), 0.97),
    ],
)
def test_the_limit_is_used_and_nothing_is_rejected(scenario: Scenario, bar: float, seed: int) -> None:
    result = measure_virtually(scenario, 60, seed)
    assert result.rejected == 0
    assert result.used >= bar


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("scenario", "rest"),
    [
        (Scenario(rival="takes half"), 0.9),
        (Scenario("0.3 to 1.2 s", rival="takes half", tells_late=True), 0.88),
    ],
)
def test_a_competitor_that_takes_half_gets_it_and_we_use_the_rest(
    scenario: Scenario, rest: float, seed: int
) -> None:
    result = measure_virtually(scenario, 60, seed)
    assert result.rejected_share <= 0.01
    assert result.rest >= rest
    assert result.rival >= 0.48


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("limit", [100, 190, 250])
@pytest.mark.parametrize(
    "scenario", [Scenario(rival="second loader"), Scenario(rival="second loader, later")]
)
def test_two_loaders_share_one_token(scenario: Scenario, limit: int, seed: int) -> None:
    result = measure_virtually(scenario._replace(limit=limit), 60, seed)
    assert result.used >= 1 / 3
    assert result.rival >= 1 / 3
    assert result.used + result.rival >= 0.9
    assert result.rejected_share <= 0.02


def test_the_budget_is_taken_back_when_the_competitor_ends() -> None:
    server = _server()

    async def main() -> int:
        rival = compete(server, "rival", itertools.repeat(0.105), start=0.0, until=40.0)
        await asyncio.gather(load(server, Pace(), "ours", until=80.0), rival)
        return server.log.accepted_between("ours", 65.0, 75.0)

    assert clock.run(main()) >= 0.97 * server.limit


def test_auto_reaches_the_full_limit_within_twelve_seconds() -> None:
    server = _server()
    clock.run(load(server, Pace(), "ours", until=12.0))
    assert server.log.accepted_between("ours", 2.0, 12.0) >= 0.97 * server.limit


def test_the_first_request_goes_alone() -> None:
    server = _server(limit=20)

    async def main() -> list[float]:
        await load(server, Pace(), "ours", until=11.0)
        return server.log.accepted["ours"]

    times = clock.run(main())
    assert times[1] - times[0] >= 0.03  # the answer is there before the second is sent
    assert "ours" not in server.log.rejected


def test_without_headers_the_lowest_tier_holds() -> None:
    server = _server(headers=False)
    clock.run(load(server, Pace(), "ours", until=70.0))
    assert 585 <= server.log.accepted_between("ours", 10.0, 70.0) <= 600


@pytest.mark.parametrize(
    ("ceiling", "most"), [(Rate(5, 1.0), 50), (Rate(60, 10.0), 60), (Rate(900, 60.0), 150)]
)
def test_a_ceiling_below_the_account_holds_in_its_own_window(ceiling: Rate, most: int) -> None:
    server = _server()
    clock.run(load(server, Pace(cap=ceiling), "ours", until=130.0))
    times = server.log.accepted["ours"]
    assert _most_within(times, ceiling.seconds) <= ceiling.requests
    assert server.log.accepted_between("ours", 60.0, 120.0) >= 0.9 * 6 * most


def test_a_ceiling_above_the_account_does_not_raise_it() -> None:
    server = _server(limit=100)
    clock.run(load(server, Pace(cap=Rate(1000, 10.0)), "ours", until=40.0))
    assert "ours" not in server.log.rejected
    assert server.log.accepted_between("ours", 10.0, 40.0) >= 290


def test_the_reserve_is_left_alone() -> None:
    server = _server()
    clock.run(load(server, Pace(reserve=25), "ours", until=70.0))
    assert _most_within(server.log.accepted["ours"], 10.0) <= 142
    assert server.log.accepted_between("ours", 10.0, 70.0) >= 0.97 * 6 * 142


@pytest.mark.parametrize(("first", "then"), [(190, 100), (100, 250)])
def test_a_limit_that_changes_in_the_middle_is_followed(first: int, then: int) -> None:
    server = _server(limit=first)

    async def main() -> None:
        asyncio.get_running_loop().call_at(30.0, setattr, server, "limit", then)
        await load(server, Pace(), "ours", until=90.0)

    clock.run(main())
    assert server.log.rejected_between("ours", 0.0, 90.0) <= 5  # what was under way when the limit fell
    assert server.log.accepted_between("ours", 60.0, 90.0) >= 0.95 * 3 * then


def test_answers_slower_than_the_window_do_not_choke_the_pace() -> None:
    server = _server(after=(25.0, 35.0))
    clock.run(load(server, Pace(), "ours", until=160.0, workers=1000))
    assert "ours" not in server.log.rejected
    assert server.log.accepted_between("ours", 100.0, 160.0) >= 0.95 * 6 * server.limit


def test_sends_are_spread_over_the_window() -> None:
    server = _server(before=(0.01, 0.01))
    clock.run(load(server, Pace(), "ours", until=60.0))
    assert _most_within(server.log.accepted["ours"], 1.0) <= 26  # 19 and a burst of a few


def _server(
    *,
    limit: int = 190,
    headers: bool = True,
    before: tuple[float, float] = (0.01, 0.02),
    after: tuple[float, float] = (0.02, 0.2),
) -> WindowServer:
    random = Random(7)
    return WindowServer(
        limit, before=uniform(random, *before), after=uniform(random, *after), headers=headers
    )


def _most_within(times: list[float], seconds: float) -> int:
    return max(sum(1 for other in times[i:] if other < time + seconds - 1e-6) for i, time in enumerate(times))
