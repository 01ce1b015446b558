"""Headers: Retry-After, the correlation ID, where a redirect leads; and that no bytes upset them."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from loader.hubspot.headers import correlation_id, media_type, redirect_target, retry_after

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("300", 300.0),
        ("301", 300.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 23:13:30 +0100", 10.0),
        ("Tuesday, 14-Nov-23 22:13:30 GMT", 10.0),
        ("Wed, 15 Nov 2023 22:13:20 GMT", 300.0),
        ("Tue, 14 Nov 2023 22:13:19 GMT", None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("\uff17", None),
        ("1_0", None),
        ("9" * 400, None),
        ("soon", None),
        ("Tue, 99 Nov 2023 22:13:30 GMT", None),
        ("Tue, 14 Nov 99999 22:13:30 GMT", None),
    ],
)
def test_seconds_and_dates(text: str, wait: float | None) -> None:
    assert retry_after({"Retry-After": text}, NOW) == wait


def test_the_bound_is_the_callers_and_the_name_has_no_case() -> None:
    assert retry_after(CIMultiDict({"retry-after": "86400"}), NOW, longest=inf) == 86400.0
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [("c-1", "c-1"), ("a\udcff\x1b\nb", "a\ufffd\ufffd b"), ("x" * 500, "x" * 99 + "…"), ("", "")],
)
def test_a_correlation_id_is_printable(text: str, shown: str) -> None:
    assert correlation_id({"X-HubSpot-Correlation-Id": text}) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("https://u:p@evil.example/a?token=x#y", "https://evil.example/a"),
        ("//evil.example/a?b", "//evil.example/a"),
        ("/login?x=1", "/login"),
        ("http://[bad/", "nowhere"),
        ("", "nowhere"),
    ],
)
def test_a_redirect_is_told_without_what_may_be_secret(location: str, place: str) -> None:
    assert redirect_target({"Location": location}) == place


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape")))
def test_nothing_upsets_them(text: str) -> None:
    wait = retry_after({"Retry-After": text}, NOW)
    assert wait is None or 0 <= wait <= 300
    for shown in (
        correlation_id({"X-HubSpot-Correlation-Id": text}),
        media_type({"Content-Type": text}),
        redirect_target({"Location": text}),
    ):
        shown.encode()
        assert shown.isprintable()
