"""What breaks on the wire between the client and a server."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from loader.hubspot import Kind, Verdict
from tests.support.exchange import HEAD, PAIR, begin, client, drip, exchange, hang, reset, verdict_on
from tests.support.wire import ASSOCIATED, Ledger, Script, Seen, Wire, http, says


async def hang_up(_: Seen, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()


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
        (begin(HEAD + ASSOCIATED[:99], abort), Kind.TRANSIENT, "CONNECTION_BROKEN", "answered"),
        (begin(HEAD + ASSOCIATED[:99], close), Kind.TRANSIENT, "CONNECTION_BROKEN", "answered"),
        (begin(HEAD + ASSOCIATED[:99], drip), Kind.TRANSIENT, "TIMEOUT", "answered"),
        (begin(CHUNKED + b"5\r\n{", close), Kind.TRANSIENT, "CONNECTION_BROKEN", "answered"),
        (says(CHUNKED + b"zz\r\n{"), Kind.TRANSIENT, "UNREADABLE_ANSWER", "lost"),
    ],
)
def test_a_fault_of_the_wire_is_a_verdict(script: Script, kind: Kind, category: str, note: str) -> None:
    ledger = Ledger()
    verdict = verdict_on(script, ledger, timeout=0.15)
    assert (verdict.kind, verdict.category) == (kind, category), verdict
    assert verdict.message
    assert ledger.notes == [note]


def test_a_refusal_whose_body_breaks_off_is_no_verdict_on_the_pair() -> None:
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: 500\r\n\r\n{"
    assert verdict_on(begin(head, close)).kind is Kind.TRANSIENT


def test_a_dead_connection_is_not_replaced_without_asking_the_pace() -> None:
    """aiohttp would send a PUT again by itself; here each sending has its own permit."""
    answers = [http(200, ASSOCIATED)]

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
            client(wire.url.replace("http:", "https:"), Ledger(), timeout=0.15) as hubspot,
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
        ("gzip", gzipped(ASSOCIATED), Kind.SUCCESS),
        ("GZIP", gzipped(ASSOCIATED), Kind.SUCCESS),
        ("deflate", zlib.compress(ASSOCIATED), Kind.SUCCESS),
        ("deflate", deflated(ASSOCIATED), Kind.SUCCESS),
        ("identity", ASSOCIATED, Kind.SUCCESS),
        ("gzip", gzipped(ASSOCIATED)[:-9], Kind.TRANSIENT),
        ("gzip", ASSOCIATED, Kind.TRANSIENT),
        ("br", ASSOCIATED, Kind.TRANSIENT),
        ("gzip, gzip", gzipped(gzipped(ASSOCIATED)), Kind.TRANSIENT),
        ("gzip", gzipped(b" " * 5_000_000 + ASSOCIATED), Kind.TRANSIENT),
    ],
)
def test_a_compressed_answer_is_read_within_bounds(encoding: str, body: bytes, kind: Kind) -> None:
    verdict = verdict_on(says(http(200, body, Content_Encoding=encoding)))
    assert verdict.kind is kind
    assert verdict.category in ("", "UNREADABLE_ANSWER")


def test_a_compression_bomb_is_not_inflated() -> None:
    script = says(http(200, gzip.compress(b" " * 20_000_000, 1), Content_Encoding="gzip"))
    tracemalloc.start()
    try:
        assert verdict_on(script).category == "UNREADABLE_ANSWER"
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_other_host_gets_no_request(status: int) -> None:
    async def main() -> tuple[Verdict, list[Seen]]:
        async with Wire(says(http(200, ASSOCIATED))) as other:
            location = f"{other.url}/elsewhere?token=x"
            script = says(http(status, b"", Location=location))
            async with Wire(script) as wire, client(wire.url, Ledger()) as hubspot:
                return await hubspot.associate(PAIR), other.seen

    verdict, elsewhere = asyncio.run(main())
    assert (verdict.kind, verdict.reason) == (Kind.ACCOUNT, "redirect")
    assert verdict.message.endswith("/elsewhere")
    assert elsewhere == []
