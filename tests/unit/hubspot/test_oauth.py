"""Access tokens that are fetched, renewed before they end, and shared: against a real socket server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.errors import Stopped
from loader.hubspot import HubSpot, Kind, OAuth, Secret, Verdict
from loader.hubspot.oauth import TRIES, RenewalError
from loader.model import Pair
from tests.support import json_like
from tests.support.wire import ASSOCIATED, Ledger, Script, Seen, Wire, http

PAIR = Pair(1, "contacts", "1", "companies", "2")
REFRESH, CLIENT_SECRET = "refresh-2222-3333", "client-secret-4444"
EXPIRED = http(401, b'{"category":"EXPIRED_AUTHENTICATION","message":"expired"}')


def grant(number: int, life: object = 1800) -> bytes:
    return http(200, orjson.dumps({"access_token": f"access-{number:06}", "expires_in": life}))


def tokens(*answers: bytes | None, pair: Callable[[Seen], bytes] = lambda _: http(200, ASSOCIATED)) -> Script:
    """Answers to token requests in turn, the last one for ever (None: reset); `pair` answers all others."""
    waiting = list(answers)

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if not seen.path.startswith("/oauth/"):
            writer.write(pair(seen))
            return
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        writer.transport.abort() if answer is None else writer.write(answer)

    return script


class TurnableLoop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward, so that a token grows old at once."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def put_forward(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, TurnableLoop)
    loop.ahead += seconds


def run(
    script: Script, body: Callable[[OAuth, Wire], Awaitable[Any]], warnings: list[str] | None = None
) -> tuple[Any, list[Seen]]:
    async def main() -> tuple[Any, list[Seen]]:
        async with Wire(script) as wire:
            oauth = OAuth(
                wire.url,
                "client-1",
                Secret(CLIENT_SECRET),
                Secret(REFRESH),
                warn=(warnings if warnings is not None else []).append,
                timeout=2.0,
                jitter=lambda _: 0.0,
            )
            result = await body(oauth, wire)
        return result, [seen for seen in wire.seen if seen.path.startswith("/oauth/")]

    with asyncio.Runner(loop_factory=TurnableLoop) as runner:
        return runner.run(main())


async def texts(oauth: OAuth, times: int) -> list[str]:
    return [(await oauth.token()).reveal() for _ in range(times)]


def test_a_token_is_fetched_once_and_kept_while_it_lives() -> None:
    found, asked = run(tokens(grant(1)), lambda oauth, _: texts(oauth, 3))
    assert found == ["access-000001"] * 3
    assert len(asked) == 1
    assert asked[0].method == "POST"
    assert asked[0].headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in asked[0].headers
    assert parse_qs(asked[0].body.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["client-1"],
        "client_secret": [CLIENT_SECRET],
        "refresh_token": [REFRESH],
    }


def test_a_token_is_renewed_before_it_ends() -> None:
    async def body(oauth: OAuth, _: Wire) -> list[str]:
        first = await texts(oauth, 2)
        put_forward(0.86 * 1800)
        return first + await texts(oauth, 1)

    found, _ = run(tokens(grant(1), grant(2)), body)
    assert found == ["access-000001", "access-000001", "access-000002"]


def test_all_workers_share_one_renewal() -> None:
    async def body(oauth: OAuth, _: Wire) -> set[str]:
        return {secret.reveal() for secret in await asyncio.gather(*(oauth.token() for _ in range(50)))}

    found, asked = run(tokens(grant(1)), body)
    assert found == {"access-000001"}
    assert len(asked) == 1


@pytest.mark.parametrize(
    "fault", [None, http(500), http(502, b"<html>"), http(429), http(200, b"{}"), http(200)]
)
def test_a_passing_fault_is_tried_again(fault: bytes | None) -> None:
    found, asked = run(tokens(fault, fault, grant(1)), lambda oauth, _: texts(oauth, 1))
    assert found == ["access-000001"]
    assert len(asked) == 3


def test_where_none_can_be_had_it_is_an_outage_and_not_a_rows_fault() -> None:
    async def body(oauth: OAuth, wire: Wire) -> tuple[Verdict, Ledger]:
        ledger = Ledger()
        async with HubSpot(wire.url, "2025-09", oauth, ledger) as hubspot:
            return await hubspot.associate(PAIR), ledger

    (verdict, ledger), asked = run(tokens(http(503)), body)
    assert (verdict.kind, verdict.category) == (Kind.UNREACHABLE, "TOKEN_RENEWAL")
    assert ledger.notes == ["released"]
    assert len(asked) == TRIES


def test_a_failed_renewal_does_not_stop_the_work_while_the_old_token_lives() -> None:
    async def body(oauth: OAuth, _: Wire) -> list[str]:
        first = await texts(oauth, 1)
        put_forward(0.86 * 1800)  # time to renew, and still alive
        alive = await texts(oauth, 1)
        put_forward(0.15 * 1800)
        with pytest.raises(RenewalError):
            await oauth.token()
        return first + alive

    found, asked = run(tokens(grant(1), http(500)), body)
    assert found == ["access-000001"] * 2
    assert len(asked) == 2 + TRIES


def test_after_an_outage_the_workers_do_not_storm_the_endpoint() -> None:
    async def body(oauth: OAuth, _: Wire) -> list[object]:
        return await asyncio.gather(*(oauth.token() for _ in range(50)), return_exceptions=True)

    unavailable = http(503, Retry_After="0.02")
    found, asked = run(tokens(unavailable), body)
    assert {type(result) for result in found} == {RenewalError}
    assert len(asked) < 10 * TRIES


@pytest.mark.parametrize(
    "answer",
    [
        http(
            400,
            f'{{"status":"BAD_REFRESH_TOKEN","message":"{REFRESH} and {CLIENT_SECRET} are bad"}}'.encode(),
        ),
        http(401),
        http(403, b"{}"),
    ],
)
def test_a_refusal_stops_the_run(answer: bytes) -> None:
    async def body(oauth: OAuth, wire: Wire) -> Stopped:
        ledger = Ledger()
        async with HubSpot(wire.url, "2025-09", oauth, ledger) as hubspot:
            with pytest.raises(Stopped) as caught:
                await hubspot.associate(PAIR)
        assert ledger.notes == ["released"]
        return caught.value

    stopped, asked = run(tokens(answer), body)
    assert stopped.reason == "token_refused"
    assert "HUBSPOT_REFRESH_TOKEN" in stopped.hint
    assert REFRESH not in str(stopped)
    assert CLIENT_SECRET not in str(stopped)
    assert len(asked) == 1


def test_the_old_endpoint_is_asked_if_there_is_no_new_one() -> None:
    """And from then on alone."""

    async def body(oauth: OAuth, _: Wire) -> list[str]:
        first = await oauth.token()
        assert await oauth.renew(first)
        return [first.reveal(), *await texts(oauth, 1)]

    found, asked = run(tokens(http(404), grant(1), grant(2)), body)
    assert found == ["access-000001", "access-000002"]
    assert [seen.path for seen in asked] == ["/oauth/2026-03/token", "/oauth/v1/token", "/oauth/v1/token"]
    assert asked[0].body == asked[1].body


def test_if_there_is_neither_endpoint_the_run_stops() -> None:
    async def body(oauth: OAuth, _: Wire) -> Stopped:
        with pytest.raises(Stopped) as caught:
            await oauth.token()
        return caught.value

    stopped, asked = run(tokens(http(404, b"{}")), body)
    assert stopped.reason == "token_refused"
    assert len(asked) == 2


def rotating(number: int) -> bytes:
    refresh = f"rotated-{number:06}"
    return http(200, orjson.dumps({"access_token": f"access-{number:06}", "refresh_token": refresh}))


def test_a_rotated_refresh_token_is_used_and_told_once_but_not_shown() -> None:
    async def body(oauth: OAuth, _: Wire) -> None:
        for _renewal in range(3):
            await oauth.renew(await oauth.token())

    warnings: list[str] = []
    _, asked = run(tokens(rotating(1), rotating(2), rotating(3)), body, warnings)
    sent = [parse_qs(seen.body.decode())["refresh_token"] for seen in asked]
    assert sent[:3] == [[REFRESH], ["rotated-000001"], ["rotated-000002"]]
    (warning,) = warnings
    assert "HUBSPOT_REFRESH_TOKEN" in warning
    assert "rotated" not in warning
    assert REFRESH not in warning


@pytest.mark.parametrize("refresh", [REFRESH, "", None, 7, ["x"], "two words"])
def test_what_is_no_new_refresh_token_changes_nothing(refresh: object) -> None:
    same = http(200, orjson.dumps({"access_token": "access-1", "refresh_token": refresh}))

    async def body(oauth: OAuth, _: Wire) -> None:
        await oauth.renew(await oauth.token())

    warnings: list[str] = []
    _, asked = run(tokens(same), body, warnings)
    assert asked[0].body == asked[1].body
    assert warnings == []


def test_a_401_alone_renews_nothing() -> None:
    refused = http(401, b'{"category":"INVALID_AUTHENTICATION"}')

    async def body(oauth: OAuth, wire: Wire) -> Verdict:
        async with HubSpot(wire.url, "2025-09", oauth, Ledger()) as hubspot:
            return await hubspot.associate(PAIR)

    verdict, asked = run(tokens(grant(1), grant(2), pair=lambda _: refused), body)
    assert verdict.kind is Kind.ACCOUNT
    assert len(asked) == 1


@given(st.sampled_from([200, 201, 400, 403, 404, 500]), json_like.bodies)
def test_whatever_the_endpoint_answers_there_is_a_token_or_a_reason(status: int, answer: bytes) -> None:
    async def body(oauth: OAuth, _: Wire) -> None:
        try:
            assert (await oauth.token()).reveal()
        except (Stopped, RenewalError) as error:
            str(error).encode()

    run(tokens(http(status, answer)), body)


def test_a_redirect_is_not_followed() -> None:
    async def body(oauth: OAuth, _: Wire) -> Stopped:
        with pytest.raises(Stopped) as caught:
            await oauth.token()
        return caught.value

    stopped, _ = run(tokens(http(302, Location="https://evil.example/x?y=z")), body)
    assert stopped.reason == "redirect"
    assert "https://evil.example/x" in str(stopped)


def expires(*bad: str) -> Callable[[Seen], bytes]:
    return lambda seen: (
        EXPIRED if seen.headers["authorization"].removeprefix("Bearer ") in bad else http(200, ASSOCIATED)
    )


def test_an_expired_token_is_renewed_once_and_the_request_sent_again() -> None:
    """A suspended laptop: the loop's clock stood still, the token's life went on."""

    async def body(oauth: OAuth, wire: Wire) -> tuple[list[Verdict], Ledger]:
        ledger = Ledger()
        async with HubSpot(wire.url, "2025-09", oauth, ledger) as hubspot:
            verdicts = await asyncio.gather(*(hubspot.associate(PAIR) for _ in range(20)))
        assert not ledger.open
        return verdicts, ledger

    (verdicts, ledger), asked = run(tokens(grant(1), grant(2), pair=expires("access-000001")), body)
    assert {verdict.kind for verdict in verdicts} == {Kind.SUCCESS}
    assert len(asked) == 2, "all workers share the forced renewal"
    assert set(ledger.notes) == {"answered"}
    assert 20 < len(ledger.notes) <= 40, "each sending has its own permit"


def test_a_late_news_of_an_old_token_renews_nothing() -> None:
    async def body(oauth: OAuth, _: Wire) -> list[str]:
        old = await oauth.token()
        assert await oauth.renew(old)
        assert await oauth.renew(old)
        return await texts(oauth, 1)

    found, asked = run(tokens(grant(1), grant(2), grant(3)), body)
    assert found == ["access-000002"]
    assert len(asked) == 2


def test_a_new_token_that_is_expired_too_stops_the_run() -> None:
    async def body(oauth: OAuth, wire: Wire) -> tuple[Verdict, int]:
        async with HubSpot(wire.url, "2025-09", oauth, Ledger()) as hubspot:
            verdict = await hubspot.associate(PAIR)
        return verdict, len(wire.seen)

    (verdict, requests), _ = run(tokens(grant(1), grant(2), pair=lambda _: EXPIRED), body)
    assert (verdict.kind, verdict.reason) == (Kind.ACCOUNT, "token_refused")
    assert requests == 4  # two for tokens, two for the pair


@pytest.mark.parametrize("life", [None, "1800", -5, 0, [], True])
def test_a_token_without_a_sensible_life_is_used_all_the_same(life: object) -> None:
    found, asked = run(tokens(grant(1, life), grant(2)), lambda oauth, _: texts(oauth, 1))
    assert found == ["access-000001"]
    assert len(asked) == 1


def test_nothing_shows_the_secrets() -> None:
    async def body(oauth: OAuth, _: Wire) -> str:
        await oauth.token()
        return repr(vars(oauth))

    shown, _ = run(tokens(grant(1)), body)
    assert not any(secret in shown for secret in (REFRESH, CLIENT_SECRET, "access-000001"))
