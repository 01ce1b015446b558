"""The rate limit headers, whatever they hold."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from loader.pace import DailyUsage
from loader.pace.headers import NOTHING, read_limits

_HEADERS = {
    "X-HubSpot-RateLimit-Max": "190",
    "X-HubSpot-RateLimit-Remaining": "189",
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    "X-HubSpot-RateLimit-Daily": "650000",
    "X-HubSpot-RateLimit-Daily-Remaining": "649999",
}


@pytest.mark.parametrize(
    "headers",
    [
        _HEADERS,
        {name.lower(): value for name, value in _HEADERS.items()},
        CIMultiDict({name.upper(): value for name, value in _HEADERS.items()}),
    ],
)
def test_names_match_in_any_case(headers: Mapping[str, str]) -> None:
    assert read_limits(headers) == (190, 10.0, 189, 650_000, 649_999)


@pytest.mark.parametrize(
    "nonsense", ["", "0", "-1", "many", "1e9", "1000000000000000", "19.5", "²", "190, 190", "9" * 5000]
)
def test_nonsense_is_as_if_nothing_was_said(nonsense: str) -> None:
    limits = read_limits(dict.fromkeys(_HEADERS, nonsense))
    assert limits.limit is limits.interval is limits.daily_limit is None


def test_more_cannot_remain_than_the_limit() -> None:
    assert read_limits({**_HEADERS, "X-HubSpot-RateLimit-Remaining": "191"}).remaining is None
    assert read_limits({**_HEADERS, "X-HubSpot-RateLimit-Remaining": "0"}).remaining == 0


@given(st.dictionaries(st.sampled_from(sorted(_HEADERS)), st.text(max_size=20) | st.integers().map(str)))
def test_reading_never_fails(headers: dict[str, str]) -> None:
    limits = read_limits(headers)
    assert limits.limit is None or limits.limit > 0
    assert limits.interval is None or limits.interval > 0


def test_an_answer_without_limits_says_nothing() -> None:
    assert read_limits(CIMultiDict({"Content-Type": "application/json"})) is NOTHING


def test_the_daily_usage_outlives_answers_that_do_not_tell_it() -> None:
    usage = DailyUsage()
    usage.learn(read_limits(_HEADERS))
    usage.learn(read_limits({"X-HubSpot-RateLimit-Max": "190"}))
    assert (usage.limit, usage.remaining) == (650_000, 649_999)
