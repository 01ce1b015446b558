"""The network at the start of a load, and a wrong server at its end."""

from __future__ import annotations

import asyncio
import signal
import ssl
import time
from pathlib import Path

from loader.simulator import Simulator
from tests.support.command import (
    TYPES,
    Finished,
    Serving,
    end,
    load,
    report_of,
    start_warm,
    wait_until,
    write_pairs,
)
from tests.support.wire import ASSOCIATED, Script, Seen, Wire, http, says

CERTIFICATE = Path(__file__).parents[1] / "support" / "tls.pem"


def pairs(folder: Path, rows: int = 50) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


def nothing_was_sent(ended: Finished, file: Path, *words: str) -> None:
    """Exit 2, no file, and the reason in words."""
    assert ended.code == 2, ended.err
    assert "HubSpot is out of reach." in ended.err
    for word in words:
        assert word in ended.err
    assert not report_of(file).exists()


# Before anything has answered.


def test_a_port_on_which_nothing_listens(tmp_path: Path) -> None:
    file = pairs(tmp_path)
    nothing_was_sent(load("http://127.0.0.1:9", file), file, "No connection to 127.0.0.1:9")


def test_a_proxy_that_refuses_to_connect(tmp_path: Path) -> None:
    file = pairs(tmp_path)
    with Serving(lambda: Wire(says(http(403)))) as proxy:
        env = {"HTTPS_PROXY": proxy.url, "https_proxy": proxy.url, "NO_PROXY": "", "no_proxy": ""}
        ended = load("https://api.hubapi.com", file, env=env)
    nothing_was_sent(ended, file, "The proxy refuses to connect to api.hubapi.com: HTTP 403")


async def hang(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Say nothing."""


async def reset(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def test_what_answers_at_the_third_try_is_loaded(tmp_path: Path) -> None:
    waiting: list[Script] = [reset, reset]

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        answer = waiting.pop(0) if waiting else says(http(200, ASSOCIATED))
        await answer(seen, writer)

    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with Serving(lambda: Wire(script)) as wire:
        assert load(wire.url, file).code == 0


def test_ctrl_c_while_nothing_answers(tmp_path: Path) -> None:
    file = pairs(tmp_path)
    with Serving(lambda: Wire(hang)) as wire:
        process = start_warm("load", file, "--base-url", wire.url, *TYPES)
        wait_until(lambda: wire.ask(lambda server: bool(server.seen)))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        ended = end(process)
    assert ended.code == 130
    assert time.monotonic() - began < 2


# A server that is not HubSpot, or can't be trusted.


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """The other host, which the redirect names, gets neither a request nor the token."""
    with Serving(lambda: Wire(says(http(200, ASSOCIATED)))) as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        script = says(http(302, b"", Location=f"{elsewhere}/x?token=1"))
        with Serving(lambda: Wire(script)) as here:
            stopped = load(here.url, pairs(tmp_path, 50))
        assert other.server.connections == 0
    assert stopped.code == 2
    assert f"a redirect to {elsewhere}/x" in stopped.err
    assert "correct --base-url" in stopped.err
    assert not report_of(tmp_path / "pairs.csv").exists()


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class Quiet(Wire):
    """A TLS server that does not complain of clients that refuse its certificate."""

    async def __aenter__(self) -> Quiet:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await super().__aenter__()
        return self


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    with Serving(lambda: Quiet(says(http(200, ASSOCIATED)), tls())) as wire:
        refused = load(wire.url, file)
        assert not wire.server.seen
    nothing_was_sent(refused, file, "self-signed certificate", "SSL_CERT_FILE")


def test_a_server_without_tls(tmp_path: Path) -> None:
    file = pairs(tmp_path)
    with Serving(Simulator) as plain:  # it answers a handshake with a bare HTTP 400
        ended = load(plain.url.replace("http:", "https:"), file)
    nothing_was_sent(ended, file, "No TLS connection with 127.0.0.1")
