"""The network in trouble: nobody there, nobody answering, the wrong one answering (issue 4)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import TYPES, Serving, end, load, report_of, rows_of, start, write_pairs
from tests.support.wire import STANDS, Script, Seen, Wire, http, says

CERTIFICATE = Path(__file__).parents[1] / "support" / "tls.pem"
SLOW = SimulatorSettings(rate_limit=1_000_000, daily_limit=None, latency=(0.05, 0.1))


@pytest.fixture
def port() -> int:
    """A port where nobody listens."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def simulator(port: int, state: SimulatorState) -> Serving[Simulator]:
    return Serving(lambda: Simulator(SLOW, port=port, state=state))


def pairs(folder: Path, rows: int) -> Path:
    return write_pairs(folder / "pairs.csv", ((n, n + 10**6) for n in range(1, rows + 1)))


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def all_associated(report: Path, rows: int) -> None:
    lines = rows_of(report)
    assert [line["row"] for line in lines] == [str(n) for n in range(1, rows + 1)]
    assert {line["status"] for line in lines} == {"associated"}
    # A row whose connection broke while others were still answered has had one attempt of its own.
    assert {line["attempts"] for line in lines} <= {"1", "2"}


def test_nobody_there_at_first(port: int, tmp_path: Path) -> None:
    file = pairs(tmp_path, 200)
    process = start("load", file, "--base-url", f"http://127.0.0.1:{port}", *TYPES)
    wait_until(report_of(file).exists)
    time.sleep(1)  # the first requests have failed by then
    assert process.poll() is None
    with simulator(port, SimulatorState()):
        assert end(process).code == 0
    all_associated(report_of(file), 200)


def test_away_in_the_middle_and_back_again(port: int, tmp_path: Path) -> None:
    file, state = pairs(tmp_path, 700), SimulatorState(100_000)
    with simulator(port, state):
        process = start("load", file, "--base-url", f"http://127.0.0.1:{port}", *TYPES, "--workers", "30")
        wait_until(lambda: state.calls["associate"] > 100)
    asked = state.calls["associate"]
    time.sleep(1)
    assert process.poll() is None
    with simulator(port, state):
        assert end(process).code == 0
    all_associated(report_of(file), 700)
    assert state.calls["associate"] - 700 <= 30, "more were sent twice than were under way"
    assert asked < 700


def test_away_for_too_long(port: int, tmp_path: Path) -> None:
    file, state = pairs(tmp_path, 700), SimulatorState(100_000)
    url = f"http://127.0.0.1:{port}"
    with simulator(port, state):
        process = start("load", file, "--base-url", url, *TYPES, "--workers", "30", "--outage-timeout", "2")
        wait_until(lambda: state.calls["associate"] > 100)
    stopped = end(process, 20)
    assert stopped.code == 3
    assert "nobody has answered for" in stopped.err
    assert f"No connection to 127.0.0.1:{port}" in stopped.err
    assert "The same command goes on from there" in stopped.err
    assert {line["status"] for line in rows_of(report_of(file))} == {"associated"}
    with simulator(port, state):
        assert load(url, file).code == 0
    all_associated(report_of(file), 700)


def test_a_name_that_does_not_exist(tmp_path: Path) -> None:
    file = pairs(tmp_path, 50)
    stopped = load("https://hubspot.invalid", file, "--outage-timeout", "1", env={"NO_PROXY": "*"})
    assert stopped.code == 3
    assert "The name hubspot.invalid can't be resolved" in stopped.err
    assert not rows_of(report_of(file))


async def hang(_: Seen, writer: asyncio.StreamWriter) -> None:
    """Say nothing."""


async def reset(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def begin_and_hang(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: appli")


@pytest.mark.parametrize("script", [hang, reset, begin_and_hang])
def test_nobody_answers_any_row(tmp_path: Path, script: Script) -> None:
    """Session, but silent: an outage, asked about with one request at a time, and no row's fault."""
    file = pairs(tmp_path, 500)
    with Serving(lambda: Wire(script)) as wire:
        stopped = load(wire.url, file, "--timeout", "1", "--outage-timeout", "3", "--workers", "20")
        asked = len(wire.server.seen)
    assert stopped.code == 3
    assert "nobody has answered for" in stopped.err
    assert not rows_of(report_of(file))
    assert asked < 20 + 12, "an outage is asked about with one request at a time"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to send to one process")
def test_ctrl_c_in_an_outage(port: int, tmp_path: Path) -> None:
    file = pairs(tmp_path, 500)
    process = start("load", file, "--base-url", f"http://127.0.0.1:{port}", *TYPES)
    wait_until(report_of(file).exists)
    time.sleep(0.5)  # the first requests have failed by then
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.code == 130
    assert time.monotonic() - began < 2
    assert "0 of 500 pairs associated, 500 not sent" in ended.out


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    """The other host, which the redirect names, gets neither a request nor the token."""
    with Serving(lambda: Wire(says(http(200, STANDS)))) as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost")
        script = says(http(status, b"", Location=f"{elsewhere}/x?token=1"))
        with Serving(lambda: Wire(script)) as here:
            stopped = load(here.url, pairs(tmp_path, 50))
        assert other.server.connections == 0
    assert stopped.code == 3
    assert f"a redirect to {elsewhere}/x" in stopped.err
    assert "correct --base-url" in stopped.err
    assert not rows_of(report_of(tmp_path / "pairs.csv"))


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


class Quiet(Wire):
    """A TLS server that does not print_error of clients who refuse its certificate."""

    async def __aenter__(self) -> Quiet:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await super().__aenter__()
        return self


def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(1, 2)])
    no_ca = {"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": ""}
    with Serving(lambda: Quiet(says(http(200, STANDS)), tls())) as wire:
        stopped = load(wire.url, file, env=no_ca, timeout=20)  # at once, not after --outage-timeout
        assert not wire.server.seen
        assert stopped.code == 3
        assert "self-signed certificate" in stopped.err
        assert "SSL_CERT_FILE" in stopped.err
        assert not rows_of(report_of(file))
        trusted = load(wire.url, file, env={"SSL_CERT_FILE": str(CERTIFICATE)})
    assert trusted.code == 0, trusted.err


def test_tls_that_fails_otherwise_is_an_outage(tmp_path: Path) -> None:
    with Serving(Simulator) as plain:  # it answers a handshake with a bare HTTP 400
        url = plain.url.replace("http:", "https:")
        stopped = load(url, pairs(tmp_path, 5), "--outage-timeout", "1")
    assert stopped.code == 3
    assert "No TLS connection with 127.0.0.1" in stopped.err
