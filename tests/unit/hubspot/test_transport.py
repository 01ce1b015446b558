"""What a connection bears: long headers, and whatever bytes a server sends in the place of an answer."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.hubspot import HubSpot, Kind, Secret, StaticToken, Verdict
from loader.model import Pair
from tests.support.wire import ASSOCIATED, TOKEN, Ledger, Seen, Wire, http

PAIR = Pair(7, "contacts", "1", "companies", "2")


def verdicts_on(*answers: bytes) -> list[Verdict]:
    """The verdicts on PAIR if the server sends these bytes in turn and then closes."""

    async def main() -> list[Verdict]:
        waiting = list(answers)

        async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
            writer.write(waiting.pop(0))
            writer.close()

        ledger, token = Ledger(), StaticToken(Secret(TOKEN))
        lines: list[dict[str, object]] = []
        async with (
            Wire(script) as wire,
            HubSpot(wire.url, "2025-09", token, ledger, timeout=2.0, log=lines.append) as hubspot,
        ):
            verdicts = [await hubspot.associate(PAIR) for _ in answers]
        assert not ledger.open
        assert len(lines) == len(answers)
        for line in lines:
            str(line).encode()  # a log can hold it
        return verdicts

    return asyncio.run(main())


@pytest.mark.parametrize("length", [9_000, 60_000])
def test_headers_of_up_to_64_kib_are_read(length: int) -> None:
    (verdict,) = verdicts_on(http(200, ASSOCIATED, X_Long="y" * length))
    assert verdict.kind is Kind.SUCCESS


def test_a_longer_header_is_an_answer_that_cannot_be_read() -> None:
    (verdict,) = verdicts_on(http(200, ASSOCIATED, X_Long="y" * 99_999))
    assert (verdict.kind, verdict.category) == (Kind.TRANSIENT, "UNREADABLE_ANSWER")


def test_a_correlation_id_that_is_not_utf_8_can_be_logged() -> None:
    answer = http(200, ASSOCIATED, X_HubSpot_Correlation_Id="c-1")
    (verdict,) = verdicts_on(answer.replace(b"c-1", b"c-\xff"))
    assert (verdict.kind, verdict.correlation_id) == (Kind.SUCCESS, "c-\ufffd")


whole = http(200, ASSOCIATED, X_HubSpot_Correlation_Id="c-1", Retry_After="1", X_HubSpot_RateLimit_Max="190")
spoilt = st.tuples(st.integers(0, 260), st.integers(0, 4), st.binary(max_size=6)).map(
    lambda cut: whole[: cut[0]] + cut[2] + whole[cut[0] + cut[1] :]
)
chunked = st.tuples(st.sampled_from([b"5", b"-1", b"0", b"zz", b"f" * 20, b" "]), st.binary(max_size=9)).map(
    lambda parts: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"\r\n".join(parts)
)


@given(st.lists(st.one_of(spoilt, chunked, st.binary(max_size=99)), min_size=4, max_size=4))
def test_whatever_bytes_come_over_the_wire_have_a_verdict(answers: list[bytes]) -> None:
    for verdict in verdicts_on(*answers):
        assert isinstance(verdict.kind, Kind)
        repr(verdict).encode()
