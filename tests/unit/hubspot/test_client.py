"""One request over a real socket: what goes out, what comes of each answer, and what breaks on the wire."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import traceback
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from loader.errors import UsageError
from loader.hubspot import Answer, HubSpot, Kind, Secret, StaticToken, Verdict
from loader.hubspot.secret import HIDDEN
from loader.model import Pair
from loader.version import __version__
from tests.support.wire import STANDS, TOKEN, Ledger, Script, Seen, Wire, http, says

PAIR = Pair(7, "contacts", "1", "2-345", "2")
CERTIFICATE = Path(__file__).parents[2] / "support" / "tls.pem"


def client(url: str, ledger: Ledger, **options: Any) -> HubSpot:
    options.setdefault("timeout", 5.0)
    return HubSpot(url, "2025-09", StaticToken(Secret(TOKEN)), ledger, **options)


def exchange(
    script: Script, ledger: Ledger | None = None, times: int = 1, **options: Any
) -> tuple[list[Verdict], list[Seen]]:
    """The verdicts on PAIR, sent so many times to a server with this script, and what the server saw."""

    async def main() -> tuple[list[Verdict], list[Seen]]:
        notes = ledger or Ledger()
        async with Wire(script) as wire, client(wire.url, notes, **options) as hubspot:
            verdicts = [await hubspot.associate(PAIR) for _ in range(times)]
        assert not notes.open, "a permit was not handed back"
        assert TOKEN not in repr(verdicts)
        return verdicts, wire.seen

    return asyncio.run(main())


def verdict_on(script: Script, ledger: Ledger | None = None, **options: Any) -> Verdict:
    return exchange(script, ledger, **options)[0][0]


def test_what_goes_out() -> None:
    ledger = Ledger()
    verdicts, seen = exchange(says(http(200, STANDS)), ledger, times=3)
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
            Wire(says(http(200, STANDS, Set_Cookie="a=b; Path=/"))) as wire,
            # By name: no cookie jar keeps the cookies of an address.
            client(wire.url.replace("127.0.0.1", "localhost"), Ledger()) as hubspot,
        ):
            for _ in range(2):
                await hubspot.associate(PAIR)
        return wire.seen

    assert ["cookie" in request.headers for request in asyncio.run(main())] == [False, False]


def test_a_path_before_the_api_is_kept() -> None:
    async def main() -> list[Seen]:
        async with Wire(says(http(200, STANDS))) as wire, client(f"{wire.url}/proxy/", Ledger()) as hubspot:
            await hubspot.associate(PAIR)
        return wire.seen

    assert asyncio.run(main())[0].path.startswith("/proxy/crm/objects/2025-09/contacts/1/")


@pytest.mark.parametrize("odd", ["../x", "a/b", "a?b", "a#b", "a b", "%2e%2e", "", "ä", "a\r\nX: y"])
def test_no_type_or_id_leads_elsewhere(odd: str) -> None:
    async def main() -> None:
        async with Wire(says(http(200, STANDS))) as wire, client(wire.url, Ledger()) as hubspot:
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


@pytest.mark.parametrize(
    ("answer", "kind", "category", "note"),
    [
        (http(200, STANDS), Kind.SUCCESS, "", "answered"),
        (http(201, STANDS), Kind.SUCCESS, "", "answered"),
        (http(200, STANDS, Content_Type="text/plain"), Kind.SUCCESS, "", "answered"),
        (http(207, b'{"errors":[{"category":"C"}]}'), Kind.REFUSED, "C", "answered"),
        (http(200, b'{"results":[]}'), Kind.MADE_NOTHING, "NOT_IN_RESULTS", "answered"),
        *((http(status), Kind.REFUSED, f"HTTP_{status}", "answered") for status in (400, 404, 405, 410, 413)),
        *((http(status), Kind.REFUSED, f"HTTP_{status}", "answered") for status in (414, 415, 422, 418)),
        (http(403, b'{"category":"C"}'), Kind.REFUSED, "C", "answered"),
        (http(403, b"<html>"), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(401), Kind.ACCOUNT, "HTTP_401", "answered"),
        (http(403, SCOPES), Kind.ACCOUNT, "MISSING_SCOPES", "answered"),
        (http(429), Kind.THROTTLED, "HTTP_429", "throttled"),
        (http(429, b'{"policyName":"TEN_SECONDLY_ROLLING"}'), Kind.THROTTLED, "HTTP_429", "throttled"),
        (http(429, DAILY), Kind.DAILY, "HTTP_429", "answered"),
        (http(477, Retry_After="86400"), Kind.MIGRATION, "HTTP_477", "answered"),
        *(
            (http(status), Kind.TRANSIENT, f"HTTP_{status}", "answered")
            for status in (408, 409, 423, 425, 500)
        ),
        *(
            (http(status), Kind.TRANSIENT, f"HTTP_{status}", "answered")
            for status in (502, 503, 504, 511, 599)
        ),
        *(
            (http(status, b"<html>"), Kind.TRANSIENT, f"HTTP_{status}", "answered")
            for status in range(520, 527)
        ),
        (http(200, b'{"status":"PENDING"}'), Kind.TRANSIENT, "PENDING", "answered"),
        (http(200, b'{"status":"PROCESSING"}'), Kind.TRANSIENT, "PROCESSING", "answered"),
        (http(200, b'{"status":"CANCELED"}'), Kind.TRANSIENT, "CANCELED", "answered"),
        (http(200, b"<html>hello</html>"), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(200), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (b"HTTP/1.1 204 No\r\n\r\n", Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(200, STANDS[:-9]), Kind.TRANSIENT, "UNREADABLE_ANSWER", "answered"),
        (http(600, STANDS), Kind.TRANSIENT, "HTTP_600", "answered"),
    ],
)
def test_the_outcome_table(answer: bytes, kind: Kind, category: str, note: str) -> None:
    ledger = Ledger()
    verdict = verdict_on(says(answer), ledger)
    assert (verdict.kind, verdict.category) == (kind, category)
    assert ledger.notes == [note]


def test_the_pace_hears_the_headers_and_the_wait() -> None:
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


# --- Faults of the wire.


async def reset(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def hang_up(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def hang(_: Seen, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def begin(head: bytes, then: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> Script:
    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(0.02)  # so that the head arrives before the fault
        await then(writer)

    return script


async def abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    for _ in range(100):
        writer.write(b" ")
        await asyncio.sleep(0.05)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "kind", "category", "note"),
    [
        (reset, Kind.NO_ANSWER, "CONNECTION_BROKEN", "lost"),
        (hang_up, Kind.NO_ANSWER, "CONNECTION_BROKEN", "lost"),
        (hang, Kind.NO_ANSWER, "TIMEOUT", "lost"),
        (begin(b"HTTP/1.1 200 O", abort), Kind.NO_ANSWER, "CONNECTION_BROKEN", "lost"),
        (begin(b"HTTP/1.1 200 O", drip), Kind.NO_ANSWER, "TIMEOUT", "lost"),
        (begin(b"SSH-2.0-OpenSSH_9\r\n\r\n", close), Kind.TRANSIENT, "UNREADABLE_ANSWER", "lost"),
        (
            says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99_999 + b"\r\n\r\n"),
            Kind.TRANSIENT,
            "UNREADABLE_ANSWER",
            "lost",
        ),
        (begin(HEAD + STANDS[:99], abort), Kind.TRANSIENT, "CONNECTION_BROKEN", "answered"),
        (begin(HEAD + STANDS[:99], close), Kind.TRANSIENT, "CONNECTION_BROKEN", "answered"),
        (begin(HEAD + STANDS[:99], drip), Kind.TRANSIENT, "TIMEOUT", "answered"),
        (begin(CHUNKED + b"5\r\n{", close), Kind.TRANSIENT, "CONNECTION_BROKEN", "answered"),
        (says(CHUNKED + b"zz\r\n{"), Kind.TRANSIENT, "UNREADABLE_ANSWER", "lost"),
    ],
)
def test_a_fault_of_the_wire_is_a_verdict(script: Script, kind: Kind, category: str, note: str) -> None:
    ledger = Ledger()
    verdict = verdict_on(script, ledger, timeout=0.4)
    assert (verdict.kind, verdict.category) == (kind, category), verdict
    assert verdict.message
    assert ledger.notes == [note]


def test_a_refusal_whose_body_breaks_off_is_no_verdict_on_the_pair() -> None:
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: 500\r\n\r\n{"
    assert verdict_on(begin(head, close)).kind is Kind.TRANSIENT


def test_a_dead_kept_alive_connection_is_not_used_behind_the_paces_back() -> None:
    """aiohttp would send a PUT again by itself; here each sending has its own permit."""
    answers = [http(200, STANDS)]

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.pop()) if answers else writer.close()

    ledger = Ledger()
    verdicts, seen = exchange(script, ledger, times=2)
    assert [verdict.kind for verdict in verdicts] == [Kind.SUCCESS, Kind.NO_ANSWER]
    assert len(seen) == 2
    assert ledger.notes == ["answered", "lost"]


def test_a_closed_port_is_unreachable() -> None:
    async def main() -> Verdict:
        async with Wire(hang) as wire:
            url = wire.url
        async with client(url, ledger) as hubspot:
            return await hubspot.associate(PAIR)

    ledger = Ledger()
    verdict = asyncio.run(main())
    assert (verdict.kind, verdict.category) == (Kind.UNREACHABLE, "UNREACHABLE")
    assert "127.0.0.1" in verdict.message
    assert ledger.notes == ["lost"]


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    async def main() -> Verdict:
        async with client("https://no-such-host.invalid", Ledger()) as hubspot:
            return await hubspot.associate(PAIR)

    verdict = asyncio.run(main())
    assert verdict.kind is Kind.UNREACHABLE
    assert "no-such-host.invalid can't be resolved" in verdict.message


def test_a_connection_that_is_never_made_is_unreachable() -> None:
    async def main() -> Verdict:
        # A listener that never finishes the TLS handshake.
        async with (
            Wire(hang) as wire,
            client(wire.url.replace("http:", "https:"), Ledger(), timeout=0.4) as hubspot,
        ):
            return await hubspot.associate(PAIR)

    verdict = asyncio.run(main())
    assert (verdict.kind, verdict.category) == (Kind.UNREACHABLE, "UNREACHABLE")


@pytest.mark.parametrize("length", [True, False])
def test_a_huge_answer_is_cut_off_and_not_drained(length: bool) -> None:
    sent = 0

    async def flood(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 50_000_000:
            writer.write(b" " * 100_000)
            await writer.drain()
            sent += 100_000

    head = b"HTTP/1.1 200 OK\r\n" + (b"Content-Length: 50000000\r\n" if length else b"") + b"\r\n"
    verdicts, seen = exchange(begin(head, flood), times=2)
    assert {verdict.category for verdict in verdicts} == {"UNREADABLE_ANSWER"}
    assert [request.connection for request in seen] == [1, 2]
    assert sent < 20_000_000, "the rest was drained"


def gzipped(data: bytes) -> bytes:
    """The same at any time, unlike `gzip.compress`: the tests' names are made of it."""
    return gzip.compress(data, mtime=0)


def deflated(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize(
    ("encoding", "body", "kind"),
    [
        ("gzip", gzipped(STANDS), Kind.SUCCESS),
        ("GZIP", gzipped(STANDS), Kind.SUCCESS),
        ("deflate", zlib.compress(STANDS), Kind.SUCCESS),
        ("deflate", deflated(STANDS), Kind.SUCCESS),
        ("identity", STANDS, Kind.SUCCESS),
        ("gzip", gzipped(STANDS)[:-9], Kind.TRANSIENT),
        ("gzip", STANDS, Kind.TRANSIENT),
        ("br", STANDS, Kind.TRANSIENT),
        ("gzip, gzip", gzipped(gzipped(STANDS)), Kind.TRANSIENT),
        ("gzip", gzipped(b" " * 50_000_000 + STANDS), Kind.TRANSIENT),
    ],
)
def test_a_compressed_answer_is_read_within_bounds(encoding: str, body: bytes, kind: Kind) -> None:
    verdict = verdict_on(says(http(200, body, Content_Encoding=encoding)))
    assert verdict.kind is kind
    assert verdict.category in ("", "UNREADABLE_ANSWER")


def test_a_compression_bomb_is_not_inflated() -> None:
    script = says(http(200, gzip.compress(b" " * 100_000_000, 1), Content_Encoding="gzip"))
    tracemalloc.start()
    try:
        assert verdict_on(script).category == "UNREADABLE_ANSWER"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_other_host_gets_no_request(status: int) -> None:
    async def main() -> tuple[Verdict, list[Seen]]:
        async with Wire(says(http(200, STANDS))) as other:
            location = f"{other.url}/elsewhere?token=x"
            script = says(http(status, b"", Location=location))
            async with Wire(script) as wire, client(wire.url, Ledger()) as hubspot:
                return await hubspot.associate(PAIR), other.seen

    verdict, elsewhere = asyncio.run(main())
    assert (verdict.kind, verdict.reason) == (Kind.ACCOUNT, "redirect")
    assert verdict.message.endswith("/elsewhere")
    assert elsewhere == []


# --- TLS: always verified, with the CA that the platform's variables name.


def over_tls() -> Verdict:
    async def main() -> Verdict:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        asyncio.get_running_loop().set_exception_handler(
            lambda *_: None
        )  # the server's side of a refused handshake
        async with Wire(says(http(200, STANDS)), context) as wire, client(wire.url, Ledger()) as hubspot:
            return await hubspot.associate(PAIR)

    return asyncio.run(main())


@pytest.fixture
def no_ca(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_certificate_that_nobody_trusts_is_told(no_ca: pytest.MonkeyPatch) -> None:
    verdict = over_tls()
    assert (verdict.kind, verdict.category) == (Kind.UNREACHABLE, "TLS_CERTIFICATE")
    assert "self-signed certificate" in verdict.message
    assert "SSL_CERT_FILE" in verdict.hint


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_the_platforms_variables_name_a_ca(no_ca: pytest.MonkeyPatch, variable: str) -> None:
    no_ca.setenv(variable, str(CERTIFICATE))
    assert over_tls().kind is Kind.SUCCESS


def test_an_unreadable_ca_is_wrong_usage(no_ca: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_ca.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE"):
        over_tls()


def test_a_server_without_tls_is_told(no_ca: pytest.MonkeyPatch) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def main() -> Verdict:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            async with client(f"https://127.0.0.1:{port}", Ledger()) as hubspot:
                return await hubspot.associate(PAIR)

    verdict = asyncio.run(main())
    assert (verdict.kind, verdict.category) == (Kind.UNREACHABLE, "TLS")


# --- The environment: proxies are used, a netrc is not.


def test_a_netrc_does_not_replace_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    _, seen = exchange(says(http(200, STANDS)))
    assert seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def through_proxy(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, base_url: str, user: str = "user:pa%20ss@"
) -> tuple[Verdict, list[Seen]]:
    async def main() -> tuple[Verdict, list[Seen]]:
        async with Wire(says(answer)) as proxy:
            address = proxy.url.replace("//", f"//{user}")
            monkeypatch.setenv("HTTPS_PROXY", address)
            monkeypatch.setenv("HTTP_PROXY", address)
            async with client(base_url, Ledger()) as hubspot:
                return await hubspot.associate(PAIR), proxy.seen

    for name in ("https_proxy", "http_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return asyncio.run(main())


@pytest.mark.parametrize(
    ("user", "authorization"),
    [("user:pa%20ss@", "Basic dXNlcjpwYSBzcw=="), ("", None)],
    ids=["known", "none"],
)
def test_the_platforms_proxy_is_asked_and_never_sees_the_token(
    monkeypatch: pytest.MonkeyPatch, user: str, authorization: str | None
) -> None:
    verdict, seen = through_proxy(monkeypatch, http(407), "https://hubspot.invalid", user)
    assert verdict.kind is Kind.UNREACHABLE
    assert verdict.message == "The proxy refuses to connect to hubspot.invalid: HTTP 407"
    assert (seen[0].method, seen[0].path) == ("CONNECT", "hubspot.invalid:443")
    assert seen[0].headers.get("proxy-authorization") == authorization
    assert TOKEN not in str(seen)


def test_loopback_goes_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, seen = through_proxy(monkeypatch, http(200, STANDS), "http://127.0.0.1:9")
    assert verdict.kind is Kind.UNREACHABLE
    assert seen == []


def test_an_unusable_proxy_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with client("https://hubspot.invalid", Ledger()):
            pass

    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://user:password@localhost:1")
    with pytest.raises(UsageError, match="proxy") as caught:
        asyncio.run(main())
    assert "password" not in str(caught.value)


# --- The token shows nowhere.


@pytest.mark.parametrize("status", [200, 207, 302, 400, 401, 403, 404, 429, 500])
def test_a_server_that_echoes_the_request_does_not_make_us_show_the_token(status: int) -> None:
    echo = f"Authorization: Bearer {TOKEN}"
    document = {
        "message": "m" * 980 + echo,
        "category": TOKEN,
        "correlationId": TOKEN,
        "context": {"h": [echo]},
    }
    for body in (orjson.dumps(document), orjson.dumps({"errors": [document]}), f"<title>{echo}".encode()):
        headers = {"Location": f"/{TOKEN}", "X-HubSpot-Correlation-Id": TOKEN}
        lines: list[dict[str, Any]] = []
        verdict = verdict_on(says(http(status, body, **headers)), log=lines.append)
        assert TOKEN[:20] not in repr(verdict)
        assert TOKEN[:20] not in repr(lines)


@pytest.mark.parametrize("spelling", [TOKEN, TOKEN.replace("-", "\\u002d"), TOKEN.replace("-", "%2D")])
def test_nor_does_a_server_that_echoes_it_in_a_success(spelling: str) -> None:
    body = STANDS.replace(b"HUBSPOT_DEFINED", spelling.encode())
    for answer in (http(200, body), http(200, STANDS, **{"X-HubSpot-Correlation-Id": spelling})):
        verdict = verdict_on(says(answer))
        assert verdict.kind is Kind.SUCCESS
        assert HIDDEN in repr(verdict)
        assert spelling not in repr(verdict)
        assert TOKEN not in repr(verdict)


def test_no_object_or_traceback_shows_the_token() -> None:
    class BrokenPaceError(Exception):
        pass

    class BrokenPace(Ledger):
        def answered(self, permit: Any, headers: Any) -> None:
            super().answered(permit, headers)
            raise BrokenPaceError

    async def main() -> str:
        async with Wire(says(http(200, STANDS))) as wire, client(wire.url, BrokenPace()) as hubspot:
            try:
                await hubspot.associate(PAIR)
            except BrokenPaceError as error:
                shown = traceback.TracebackException.from_exception(error, capture_locals=True)
                return "".join(shown.format()) + repr(vars(hubspot))
        raise AssertionError("the error was swallowed")

    shown = asyncio.run(main())
    assert "Bearer [hidden]" in shown
    assert TOKEN not in shown


# --- The pace, the log, and other calls.


def test_a_cancelled_request_hands_its_ticket_back() -> None:
    async def main(script: Script) -> list[str]:
        ledger, arrived = Ledger(), asyncio.Event()

        async def announced(seen: Seen, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await script(seen, writer)

        async with Wire(announced) as wire, client(wire.url, ledger) as hubspot:
            task = asyncio.create_task(hubspot.associate(PAIR))
            await arrived.wait()
            await asyncio.sleep(0.05)  # so that the head has arrived where there is one
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
    exchange(says(http(200, STANDS, X_HubSpot_Correlation_Id="c-1"), http(404)), times=2, log=lines.append)
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


# --- Where a token may go.


@pytest.mark.parametrize(
    "url",
    [
        "https://api.hubapi.com",
        "https://api.hubapi.com/",
        " https://api-eu1.hubapi.com/prefix/ ",
        "http://localhost:8080",
        "http://LOCALHOST.",
        "http://127.0.0.1",
        "http://127.9.9.9:1",
        "http://[::1]:5",
    ],
)
def test_https_or_loopback_is_allowed(url: str) -> None:
    client(url, Ledger())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.hubapi.com",
        "ftp://api.hubapi.com",
        "https://",
        "https:///path",
        "http://api.hubapi.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://2130706433.",
        "https://user@api.hubapi.com",
        "https://:secret@api.hubapi.com",
        "https://api.hubapi.com?x=1",
        "https://api.hubapi.com#x",
        "https://api.hubapi.com:99999",
        "https://[bad",
        "http://localhost@evil.example",
    ],
)
def test_nothing_else_gets_the_token(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        client(url, Ledger())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("version", ["", "2025/09", "..", "a b", "2025-09?"])
def test_a_version_is_a_word(version: str) -> None:
    with pytest.raises(UsageError):
        HubSpot("https://api.hubapi.com", version, StaticToken(Secret(TOKEN)), Ledger())
