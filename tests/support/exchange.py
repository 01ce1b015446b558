"""One pair sent by the client to a server of raw sockets: the verdicts, and what the server saw."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loader.hubspot import HubSpot, Secret, StaticToken, Verdict
from loader.model import Pair
from tests.support.wire import TOKEN, Ledger, Script, Seen, Wire

PAIR = Pair(7, "contacts", "1", "2-345", "2")


def client(url: str, ledger: Ledger, **options: Any) -> HubSpot:
    """A client that waits at most 5 s."""
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
    """The verdict on PAIR, sent once."""
    return exchange(script, ledger, **options)[0][0]


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"


async def reset(_: Seen, writer: asyncio.StreamWriter) -> None:
    """A script that resets the connection."""
    writer.transport.abort()


async def hang(_: Seen, writer: asyncio.StreamWriter) -> None:
    """A script that never answers."""
    await asyncio.sleep(60)


def begin(head: bytes, then: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> Script:
    """A script that begins an answer, and then does something else."""

    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()
        await asyncio.sleep(0.02)  # so that the head arrives before the fault
        await then(writer)

    return script


async def drip(writer: asyncio.StreamWriter) -> None:
    """Go on so slowly that it takes too long."""
    for _ in range(100):
        writer.write(b" ")
        await asyncio.sleep(0.05)
