"""The simulator's limits: exactly HubSpot's window, and the day."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.simulator import SimulatorSettings, SimulatorState
from loader.simulator.limits import DAILY, TEN_SECONDLY, RequestLimits
from tests.support.simulator_client import Client, against

#: Gaps between requests in seconds; with these a window often ends exactly on a request.
_GAPS = st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5, 5.0, 10.0]), min_size=1, max_size=60)
_PREFIX = "X-HubSpot-RateLimit-"


def _times(gaps: list[float]) -> list[float]:
    return [sum(gaps[: count + 1]) for count in range(len(gaps))]


@given(gaps=_GAPS, limit=st.integers(1, 5), count_rejected=st.booleans())
def test_the_rolling_window_admits_what_fits_and_nothing_more(
    gaps: list[float], limit: int, count_rejected: bool
) -> None:
    settings = SimulatorSettings(rate_limit=limit, count_rejected=count_rejected)
    limits = RequestLimits()
    held: list[float] = []
    times = _times(gaps)
    for now in times:
        before = sum(1 for stamp in held if stamp > now - 10)
        over = limits.admit(1, now, 0.0, settings)
        assert over == ("" if before < limit else TEN_SECONDLY)
        if not over or count_rejected:
            held.append(now)
        remaining = limits.headers(1, now, settings)[f"{_PREFIX}Remaining"]
        assert int(remaining) == max(limit - sum(1 for stamp in held if stamp > now - 10), 0)
    assert limits.peak == max(sum(1 for other in times if now - 10 < other <= now) for now in times)


@given(gaps=_GAPS, limit=st.integers(1, 5))
def test_the_fixed_window_starts_anew_at_each_multiple(gaps: list[float], limit: int) -> None:
    settings = SimulatorSettings(rate_limit=limit, window="fixed")
    limits = RequestLimits()
    admitted: list[float] = []
    for now in _times(gaps):
        before = sum(1 for stamp in admitted if stamp // 10 == now // 10)
        over = limits.admit(1, now, 0.0, settings)
        assert over == ("" if before < limit else TEN_SECONDLY)
        if not over:
            admitted.append(now)


def test_the_day_ends_at_midnight_of_the_accounts_time_zone_or_later() -> None:
    midnight = 1_784_905_200.0  # 25 July 2026, 00:00 in Tokyo
    for delay in (0, 90):
        settings = SimulatorSettings(daily_limit=2, time_zone="Asia/Tokyo", reset_delay=delay)
        limits = RequestLimits()
        moments = (midnight - 9, midnight - 8, midnight + delay - 1, midnight + delay)
        over = [limits.admit(1, 0.0, wall, settings, exempt=wall == moments[1]) for wall in moments]
        assert over == ["", "", DAILY, ""]
        assert limits.day.resets_at == midnight + 86_400 + delay


def test_a_day_may_be_short() -> None:
    settings = SimulatorSettings(daily_limit=1, day_length=60)
    limits = RequestLimits()
    assert [limits.admit(1, 0.0, wall, settings) for wall in (1000.0, 1059.0, 1060.0)] == ["", DAILY, ""]


def test_a_request_over_the_limit_is_answered_429() -> None:
    async def story(client: Client) -> None:
        first, second, third = [await client.put("1", to_id) for to_id in ("2", "3", "4")]
        assert first.headers[f"{_PREFIX}Max"] == "2"
        assert first.headers[f"{_PREFIX}Interval-Milliseconds"] == "10000"
        assert (first.headers[f"{_PREFIX}Daily"], first.headers[f"{_PREFIX}Daily-Remaining"]) == ("10", "9")
        answers = (first, second, third)
        assert [answer.headers[f"{_PREFIX}Remaining"] for answer in answers] == ["1", "0", "0"]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert third.json["policyName"] == "TEN_SECONDLY_ROLLING"
        assert (third.json["errorType"], third.json["category"]) == ("RATE_LIMIT", "RATE_LIMITS")
        assert "Retry-After" not in third.headers
        limits = client.state.limits
        assert (limits.peak, limits.rejected, limits.day.used) == (3, 1, 2)
        assert len(client.state.associations) == 4
        # a limit may change while it serves, and each token has its own window
        client.simulator.settings = SimulatorSettings(rate_limit=3, daily_limit=5, retry_after="7")
        assert (await client.put("1", "4")).status == 200
        rejected = await client.put("1", "5")
        assert (rejected.status, rejected.headers["Retry-After"]) == (429, "7")
        details = "/account-info/2025-09/details"
        fourth, fifth, sixth = [await client.call("GET", details, token="other") for _ in range(3)]
        assert [answer.status for answer in (fourth, fifth, sixth)] == [200, 200, 429]
        assert (sixth.json["policyName"], sixth.headers["Retry-After"]) == ("DAILY", "7")

    against(story, SimulatorSettings(rate_limit=2, daily_limit=10))


@pytest.mark.parametrize("counted", [True, False])
def test_batch_calls_count_in_the_window_unless_they_are_exempt(counted: bool) -> None:
    async def story(client: Client) -> None:
        first, second, third = [await client.associate(("1", "2")) for _ in range(3)]
        assert (first.status, second.status, third.status) == (200, 429 if counted else 200, 429)
        assert third.json["policyName"] == ("TEN_SECONDLY_ROLLING" if counted else "DAILY")
        assert (f"{_PREFIX}Max" in first.headers) == counted

    against(story, SimulatorSettings(rate_limit=1, daily_limit=2, count_batch_calls=counted))


def test_headers_may_be_absent() -> None:
    async def story(client: Client) -> None:
        for settings, expected in (
            (SimulatorSettings(rate_limit=0, daily_limit=None), set()),
            (SimulatorSettings(limit_headers=False), set()),
            (SimulatorSettings(daily_limit=None), {"Max", "Remaining", "Interval-Milliseconds"}),
            (SimulatorSettings(), {"Max", "Remaining", "Interval-Milliseconds", "Daily", "Daily-Remaining"}),
        ):
            client.simulator.settings = settings
            headers = (await client.put("1", "2")).headers
            seen = {name.removeprefix(_PREFIX) for name in headers if name.startswith(_PREFIX)}
            assert seen == expected, settings

    against(story, SimulatorSettings(), SimulatorState())
