"""One request over a real socket: what goes out, and what comes of each answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loader.errors import Stopped, UsageError
from loader.hubspot import Answer, HubSpot, Kind, Secret, StaticToken, Verdict
from loader.model import Pair
from loader.version import __version__
from tests.support.exchange import HEAD, PAIR, begin, client, drip, exchange, hang, reset, verdict_on
from tests.support.wire import ASSOCIATED, TOKEN, Ledger, Script, Seen, Wire, http, says


def test_what_goes_out() -> None:
    ledger = Ledger()
    verdicts, seen = exchange(says(http(200, ASSOCIATED)), ledger, times=3)
    assert [verdict.kind for verdict in verdicts] == [Kind.SUCCESS] * 3
    assert verdicts[0].association_types == "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"
    request = seen[0]
    assert request.method == "PUT"
    assert request.path == "/crm/objects/2025-09/contacts/1/associations/default/2-345/2"
    assert request.body == b""
    expected = {
        "authorization": f"Bearer {TOKEN}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json",
        "user-agent": f"assoc-loader/{__version__}",
    }
    assert expected.items() <= request.headers.items()
    assert set(request.headers) <= {*expected, "host", "content-length"}
    assert {request.connection for request in seen} == {1}, "the connection is kept alive"
    assert ledger.notes == ["answered"] * 3


def test_cookies_are_not_kept() -> None:
    async def main() -> list[Seen]:
        async with (
            Wire(says(http(200, ASSOCIATED, Set_Cookie="a=b; Path=/"))) as wire,
            # By name: no cookie jar keeps the cookies of an address.
            client(wire.url.replace("127.0.0.1", "localhost"), Ledger()) as hubspot,
        ):
            for _ in range(2):
                await hubspot.associate(PAIR)
        return wire.seen

    assert ["cookie" in request.headers for request in asyncio.run(main())] == [False, False]


@pytest.mark.parametrize(("status", "reason"), [(401, "token_refused"), (488, "wrong_data_centre")])
def test_a_probe_that_is_turned_away_stops_the_run(status: int, reason: str) -> None:
    async def main() -> None:
        async with Wire(says(http(status))) as wire, client(wire.url, Ledger()) as hubspot:
            await hubspot.answers()

    with pytest.raises(Stopped) as why:
        asyncio.run(main())
    assert why.value.reason == reason


@pytest.mark.parametrize("status", [200, 403, 429, 503])
def test_any_other_answer_to_a_probe_is_an_answer(status: int) -> None:
    async def main() -> bool:
        async with Wire(says(http(status))) as wire, client(wire.url, Ledger()) as hubspot:
            return await hubspot.answers()

    assert asyncio.run(main())


def test_a_path_before_the_api_is_kept() -> None:
    async def main() -> list[Seen]:
        async with (
            Wire(says(http(200, ASSOCIATED))) as wire,
            client(f"{wire.url}/proxy/", Ledger()) as hubspot,
        ):
            await hubspot.associate(PAIR)
        return wire.seen

    assert asyncio.run(main())[0].path.startswith("/proxy/crm/objects/2025-09/contacts/1/")


@pytest.mark.parametrize("odd", ["../x", "a/b", "a?b", "a#b", "a b", "%2e%2e", "", "ä", "a\r\nX: y"])
def test_no_type_or_id_leads_elsewhere(odd: str) -> None:
    async def main() -> None:
        async with Wire(says(http(200, ASSOCIATED))) as wire, client(wire.url, Ledger()) as hubspot:
            for place in range(4):  # each type and each ID
                cells = list(PAIR[1:5])
                cells[place] = odd
                with pytest.raises(ValueError, match="not a path"):
                    await hubspot.associate(Pair(7, cells[0], cells[1], cells[2], cells[3]))
            assert not wire.seen

    asyncio.run(main())


# --- The outcome table, each row over the wire.

SCOPES = b'{"category":"MISSING_SCOPES","errors":[{"context":{"requiredScopes":["crm.x.write"]}}]}'
DAILY = b'{"policyName":"DAILY","errorType":"RATE_LIMIT"}'


def test_the_outcome_table() -> None:
    """Which answer means what is tested in `test_outcome_table`; here it comes over the wire."""
    rows = [
        (http(200, ASSOCIATED), Kind.SUCCESS, "", "answered"),
        (http(201, ASSOCIATED), Kind.SUCCESS, "", "answered"),
        (http(200, ASSOCIATED, Content_Type="text/plain"), Kind.SUCCESS, "", "answered"),
        (http(207, b'{"errors":[{"category":"C"}]}'), Kind.REFUSED, "C", "answered"),
        (http(200, b'{"results":[]}'), Kind.MADE_NOTHING, "NOT_IN_RESULTS", "answered"),
        (http(404), Kind.REFUSED, "HTTP_404", "answered"),
        (http(403, b'{"category":"C"}'), Kind.REFUSED, "C", "answered"),
        (http(403, b"<html>"), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(401), Kind.ACCOUNT, "HTTP_401", "answered"),
        (http(403, SCOPES), Kind.ACCOUNT, "MISSING_SCOPES", "answered"),
        (http(429), Kind.THROTTLED, "HTTP_429", "throttled"),
        (http(429, b'{"policyName":"TEN_SECONDLY_ROLLING"}'), Kind.THROTTLED, "HTTP_429", "throttled"),
        (http(429, DAILY), Kind.DAILY, "HTTP_429", "answered"),
        (http(477, Retry_After="86400"), Kind.MIGRATION, "HTTP_477", "answered"),
        (http(500), Kind.TRANSIENT, "HTTP_500", "answered"),
        (http(520, b"<html>"), Kind.TRANSIENT, "HTTP_520", "answered"),
        (http(200, b'{"status":"PENDING"}'), Kind.TRANSIENT, "PENDING", "answered"),
        (http(200, b"<html>hello</html>"), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(200), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (b"HTTP/1.1 204 No\r\n\r\n", Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(200, ASSOCIATED[:-9]), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(600, ASSOCIATED), Kind.TRANSIENT, "HTTP_600", "answered"),
    ]
    ledger = Ledger()
    verdicts, _ = exchange(says(*(answer for answer, *_ in rows)), ledger, times=len(rows))
    found = [(one.kind, one.category, note) for one, note in zip(verdicts, ledger.notes, strict=True)]
    assert found == [tuple(expected) for _, *expected in rows]


def test_the_pace_is_told_the_headers_and_the_wait() -> None:
    ledger = Ledger()
    verdict_on(says(http(429, Retry_After="4", X_HubSpot_RateLimit_Max="190")), ledger)
    assert ledger.wait == 4.0
    assert ledger.headers["x-hubspot-ratelimit-max"] == "190"


def test_a_429_whose_body_breaks_off_still_throttles() -> None:
    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 429 Too Many\r\nContent-Length: 99\r\nRetry-After: 3\r\n\r\n{")
        writer.close()

    ledger = Ledger()
    assert verdict_on(script, ledger).kind is Kind.THROTTLED
    assert (ledger.notes, ledger.wait) == (["throttled"], 3.0)


# --- The pace, the log, and other calls.


def test_a_cancelled_request_hands_its_permit_back() -> None:
    async def main(script: Script) -> list[str]:
        ledger, arrived = Ledger(), asyncio.Event()

        async def announced(seen: Seen, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await script(seen, writer)

        async with Wire(announced) as wire, client(wire.url, ledger) as hubspot:
            task = asyncio.create_task(hubspot.associate(PAIR))
            await arrived.wait()
            await asyncio.sleep(0.05)  # so that the head has arrived if there is one
            assert hubspot.in_flight == 1
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not ledger.open
            assert hubspot.in_flight == 0
        return ledger.notes

    assert asyncio.run(main(hang)) == ["lost"]
    assert asyncio.run(main(begin(HEAD, drip))) == ["answered"]
    assert asyncio.run(main(begin(HEAD.replace(b"200 OK", b"429 No"), drip))) == ["lost"]


def test_the_log_gets_a_line_for_each_sending() -> None:
    lines: list[dict[str, Any]] = []
    exchange(
        says(http(200, ASSOCIATED, X_HubSpot_Correlation_Id="c-1"), http(404)), times=2, log=lines.append
    )
    assert [line.pop("milliseconds") >= 0 for line in lines] == [True, True]
    common = {"event": "request", "method": "PUT", "row": 7}
    path = "/crm/objects/2025-09/contacts/1/associations/default/2-345/2"
    assert lines == [
        {**common, "path": path, "status": 200, "kind": "success", "category": "", "correlation_id": "c-1"},
        {
            **common,
            "path": path,
            "status": 404,
            "kind": "refused",
            "category": "HTTP_404",
            "correlation_id": "",
        },
    ]


def requested(script: Script, **options: Any) -> tuple[Answer | Verdict, list[Seen], Ledger]:
    async def main() -> tuple[Answer | Verdict, list[Seen], Ledger]:
        ledger = Ledger()
        async with Wire(script) as wire, client(wire.url, ledger) as hubspot:
            path = f"/crm/associations/{hubspot.version}/contacts/companies/batch/read"
            return await hubspot.request("POST", path, **options), wire.seen, ledger

    return asyncio.run(main())


def test_any_other_call_gives_a_whole_2xx_answer_back() -> None:
    answer, seen, ledger = requested(says(http(207, b'{"x":1}', X_A="b")), json={"inputs": [{"id": "1"}]})
    assert isinstance(answer, Answer)
    assert (answer.status, answer.headers["x-a"], answer.body) == (207, "b", b'{"x":1}')
    assert (seen[0].method, seen[0].path) == (
        "POST",
        "/crm/associations/2025-09/contacts/companies/batch/read",
    )
    assert seen[0].body == b'{"inputs":[{"id":"1"}]}'
    assert seen[0].headers["content-type"] == "application/json"
    assert ledger.notes == ["answered"]


def test_any_other_call_gives_an_empty_2xx_answer_back() -> None:
    answer, *_ = requested(says(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (204, b"")


def test_any_other_call_gives_a_verdict_on_everything_else() -> None:
    for script, kind in (
        (says(http(400)), Kind.REFUSED),
        (says(http(429)), Kind.THROTTLED),
        (reset, Kind.NO_ANSWER),
    ):
        assert isinstance(verdict := requested(script)[0], Verdict)
        assert verdict.kind is kind
    cut = requested(says(http(200, b"x" * 100)), limit=99)[0]
    assert isinstance(cut, Verdict)
    assert (cut.kind, cut.category) == (Kind.TRANSIENT, "UNREADABLE_ANSWER")


@pytest.mark.parametrize("version", ["", "2025/09", "..", "a b", "2025-09?"])
def test_a_version_is_a_word(version: str) -> None:
    with pytest.raises(UsageError):
        HubSpot("https://api.hubapi.com", version, StaticToken(Secret(TOKEN)), Ledger())


# --- Whether a request may start.


class NotNowError(Exception):
    pass


def test_a_request_that_must_not_start_gives_its_permit_back() -> None:
    def admit() -> None:
        raise NotNowError

    async def main() -> None:
        ledger = Ledger()
        async with Wire(says(http(200, ASSOCIATED))) as wire, client(wire.url, ledger) as hubspot:
            for attempt in (
                hubspot.associate(PAIR, admit),
                hubspot.request("GET", "/x", admit=admit),
                hubspot.answers(admit),
            ):
                with pytest.raises(NotNowError):
                    await attempt
            assert (ledger.notes, ledger.open, wire.seen) == (["released"] * 3, set(), [])

    asyncio.run(main())


def test_it_is_asked_with_the_permit_in_hand_and_before_anything_is_sent() -> None:
    async def main() -> None:
        ledger, asked = Ledger(), list[tuple[int, int]]()
        async with Wire(says(http(200, ASSOCIATED))) as wire, client(wire.url, ledger) as hubspot:
            verdict = await hubspot.associate(PAIR, lambda: asked.append((len(ledger.open), len(wire.seen))))
        assert verdict.kind is Kind.SUCCESS
        assert asked == [(1, 0)]

    asyncio.run(main())
