"""Where the token goes and where it shows: TLS, proxies, the environment, base URLs, tracebacks."""

from __future__ import annotations

import asyncio
import ssl
import traceback
from pathlib import Path
from typing import Any

import orjson
import pytest

from loader.errors import UsageError
from loader.hubspot import Kind, Verdict
from loader.hubspot.secret import HIDDEN
from tests.support.exchange import PAIR, client, exchange, verdict_on
from tests.support.wire import ASSOCIATED, TOKEN, Ledger, Seen, Wire, http, says

CERTIFICATE = Path(__file__).parents[2] / "support" / "tls.pem"

# --- TLS: always verified, with the CA that the platform's variables name.


def over_tls() -> Verdict:
    async def main() -> Verdict:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        asyncio.get_running_loop().set_exception_handler(
            lambda *_: None
        )  # the server's side of a refused handshake
        async with Wire(says(http(200, ASSOCIATED)), context) as wire, client(wire.url, Ledger()) as hubspot:
            return await hubspot.associate(PAIR)

    return asyncio.run(main())


@pytest.fixture
def no_ca(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_certificate_that_is_not_trusted(no_ca: pytest.MonkeyPatch) -> None:
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
    netrc.write_text("default login person password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    _, seen = exchange(says(http(200, ASSOCIATED)))
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
    verdict, seen = through_proxy(monkeypatch, http(200, ASSOCIATED), "http://127.0.0.1:9")
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


@pytest.mark.parametrize("trace", [TOKEN, "no secret"])
@pytest.mark.parametrize("status", [200, 207, 302, 400, 401, 403, 404, 429, 500])
def test_a_server_that_echoes_the_request_does_not_make_us_show_the_token(status: int, trace: str) -> None:
    echo = f"Authorization: Bearer {TOKEN}"
    document = {
        "message": "m" * 980 + echo,
        "category": TOKEN,
        "correlationId": trace,
        "context": {"h": [echo]},
    }
    for body in (orjson.dumps(document), orjson.dumps({"errors": [document]}), f"<title>{echo}".encode()):
        headers = {"Location": f"/{TOKEN}", "X-HubSpot-Correlation-Id": trace}
        lines: list[dict[str, Any]] = []
        verdict = verdict_on(says(http(status, body, **headers)), log=lines.append)
        assert TOKEN[:20] not in repr(verdict)
        assert TOKEN[:20] not in repr(lines)


@pytest.mark.parametrize("spelling", [TOKEN, TOKEN.replace("-", "\\u002d"), TOKEN.replace("-", "%2D")])
def test_nor_does_a_server_that_echoes_it_in_a_success(spelling: str) -> None:
    body = ASSOCIATED.replace(b"HUBSPOT_DEFINED", spelling.encode())
    for answer in (http(200, body), http(200, ASSOCIATED, **{"X-HubSpot-Correlation-Id": spelling})):
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
        async with Wire(says(http(200, ASSOCIATED))) as wire, client(wire.url, BrokenPace()) as hubspot:
            try:
                await hubspot.associate(PAIR)
            except BrokenPaceError as error:
                shown = traceback.TracebackException.from_exception(error, capture_locals=True)
                return "".join(shown.format()) + repr(vars(hubspot))
        raise AssertionError("the error was swallowed")

    shown = asyncio.run(main())
    assert "Bearer [hidden]" in shown
    assert TOKEN not in shown


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
