"""The simulator's limits: exactly HubSpot's window, whoever the requests come from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.simulator import SimulatorSettings, SimulatorState
from loader.simulator.limits import Limits, Policy
from tests.support.simulator_client import Client, Reply, against

#: Gaps between requests, many of them such that a window ends exactly on a request.
_GAPS = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5, 5.0, 10.0]), min_size=1, max_size=60)


def _times(gaps: list[float]) -> list[float]:
    return [sum(gaps[: count + 1]) for count in range(len(gaps))]


@given(gaps=_GAPS, limit=st.integers(1, 5), count_rejected=st.booleans())
def test_the_rolling_window_admits_what_fits_and_nothing_more(
    gaps: list[float], limit: int, count_rejected: bool
) -> None:
    settings = SimulatorSettings(rate_limit=limit, count_rejected=count_rejected)
    limits = Limits()
    held: list[float] = []
    for now in _times(gaps):
        before = sum(1 for stamp in held if stamp > now - 10)
        over = limits.admit(1, now, 0.0, settings, exempt=False)
        assert (over is None) == (before < limit)
        if over is None or count_rejected:
            held.append(now)
        remaining = limits.headers(1, now, settings)["X-HubSpot-RateLimit-Remaining"]
        assert int(remaining) == max(limit - sum(1 for stamp in held if stamp > now - 10), 0)


@given(gaps=_GAPS, limit=st.integers(1, 5))
def test_the_fixed_window_starts_anew_at_each_multiple(gaps: list[float], limit: int) -> None:
    settings = SimulatorSettings(rate_limit=limit, window="fixed")
    limits = Limits()
    admitted: list[float] = []
    for now in _times(gaps):
        before = sum(1 for stamp in admitted if stamp // 10 == now // 10)
        over = limits.admit(1, now, 0.0, settings, exempt=False)
        assert (over is None) == (before < limit)
        if over is None:
            admitted.append(now)


@given(gaps=_GAPS)
def test_the_peak_is_the_fullest_rolling_window(gaps: list[float]) -> None:
    limits = Limits()
    times = _times(gaps)
    for now in times:
        limits.admit(1, now, 0.0, SimulatorSettings(rate_limit=3), exempt=False)
    assert limits.peak == max(sum(1 for other in times if now - 10 < other <= now) for now in times)


def test_the_day_ends_at_midnight_of_the_accounts_time_zone() -> None:
    settings = SimulatorSettings(daily_limit=2, time_zone="Asia/Tokyo")
    limits = Limits()
    midnight = 1_784_905_200.0  # 25 July 2026, 00:00 in Tokyo
    verdicts = [
        limits.admit(1, 0.0, wall, settings, exempt=exempt)
        for wall, exempt in (
            (midnight - 9, False),
            (midnight - 8, True),
            (midnight - 1, False),
            (midnight, False),
        )
    ]
    assert verdicts == [None, None, Policy.DAILY, None]
    assert limits.day.resets_at == midnight + 86_400


def test_a_practice_day_may_be_short() -> None:
    settings = SimulatorSettings(daily_limit=1, day_length=60)
    limits = Limits()
    verdicts = [limits.admit(1, 0.0, wall, settings, exempt=False) for wall in (1000.0, 1059.0, 1060.0)]
    assert verdicts == [None, Policy.DAILY, None]


def test_what_exceeds_the_window_is_turned_away_and_says_so() -> None:
    async def three(client: Client) -> list[Reply]:
        return [await client.put("1", str(to_id)) for to_id in (2, 3, 4)]

    state = SimulatorState()
    first, second, third = against(three, SimulatorSettings(rate_limit=2, daily_limit=10), state)
    assert first.headers["X-HubSpot-RateLimit-Max"] == "2"
    assert first.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert first.headers["X-HubSpot-RateLimit-Daily"] == "10"
    assert [reply.headers["X-HubSpot-RateLimit-Remaining"] for reply in (first, second, third)] == list("100")
    assert first.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "9"
    assert (first.status, second.status, third.status) == (200, 200, 429)
    assert (third.json["policyName"], third.json["errorType"]) == ("TEN_SECONDLY_ROLLING", "RATE_LIMIT")
    assert third.json["category"] == "RATE_LIMITS"
    assert "Retry-After" not in third.headers
    assert (state.limits.peak, state.limits.rejected, state.limits.day.used) == (3, 1, 2)
    assert len(state.associations) == 4


def test_each_token_has_its_own_window() -> None:
    async def ask(client: Client) -> list[int]:
        path = "/account-info/2025-09/details"
        return [(await client.call("GET", path, token=token)).status for token in ("a", "b", "a")]

    assert against(ask, SimulatorSettings(rate_limit=1)) == [200, 200, 429]


def test_batches_count_for_the_day_only() -> None:
    async def ask(client: Client) -> list[Reply]:
        pair = [{"from": {"id": "1"}, "to": {"id": "2"}}]
        return [await client.batch("associate/default", pair) for _ in range(4)]

    replies = against(ask, SimulatorSettings(rate_limit=1, daily_limit=3))
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert replies[3].json["policyName"] == "DAILY"
    assert "X-HubSpot-RateLimit-Max" not in replies[0].headers


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        (SimulatorSettings(rate_limit=0, daily_limit=None), set()),
        (SimulatorSettings(limit_headers=False), set()),
        (SimulatorSettings(daily_limit=None), {"Max", "Remaining", "Interval-Milliseconds"}),
        (SimulatorSettings(rate_limit=0), {"Daily", "Daily-Remaining"}),
    ],
    ids=["no limits", "silent", "OAuth", "daily only"],
)
def test_headers_may_be_absent(settings: SimulatorSettings, seen: set[str]) -> None:
    headers = against(lambda client: client.put("1", "2"), settings).headers
    prefix = "X-HubSpot-RateLimit-"
    assert {name.removeprefix(prefix) for name in headers if name.startswith(prefix)} == seen


def test_a_limit_may_change_while_it_serves() -> None:
    async def ask(client: Client) -> list[int]:
        statuses = [(await client.put("1", "2")).status]
        client.simulator.settings = SimulatorSettings(rate_limit=2)
        return statuses + [(await client.put("1", "2")).status for _ in range(2)]

    assert against(ask, SimulatorSettings(rate_limit=1)) == [200, 200, 429]


def test_requests_without_a_good_token_do_not_count() -> None:
    state = SimulatorState()
    against(lambda client: client.call("GET", "/x", token=None), state=state)
    assert (state.limits.peak, state.limits.day.used) == (0, 0)
