"""A server of raw sockets on loopback, which writes whatever bytes a test likes, and a note-taking pace."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import NamedTuple, Self

import orjson

from loader.pace import Pace, PaceReading, Permit

TOKEN = "pat-test-11111111-2222-3333-4444-555555555555"

ASSOCIATED = orjson.dumps(
    {
        "status": "COMPLETE",
        "results": [
            {
                "from": {"id": source},
                "to": {"id": target},
                "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
            }
            for source, target, type_id in (("1", "2", 279), ("2", "1", 280))
        ],
        "startedAt": "2026-11-24T11:00:00.000Z",
        "completedAt": "2026-11-24T11:00:00.010Z",
    }
)


class Seen(NamedTuple):
    """A request as it came over the wire; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


Script = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


def http(status: int, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a well-formed answer; underscores in header names become hyphens."""
    named = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode() + body


def says(*answers: bytes) -> Script:
    """One of `answers` for each request in turn, the last one for ever."""
    waiting = list(answers)

    async def script(_: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return script


class Wire:
    """The server, an async context manager. A connection lives on unless the script closes or aborts it."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.script, self.tls = script, tls
        self.seen: list[Seen] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        number = self.connections
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while not writer.is_closing():
                request = await self._read(reader, number)
                self.seen.append(request)
                await self.script(request, writer)
                await writer.drain()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Seen:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Seen(method, path, headers, body, number)


class Ledger(Pace):
    """A pace that gives each permit at once and notes what became of it."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.open: set[int] = set()
        self.headers: Mapping[str, str] = {}
        self.wait: float | None = None
        self._count = 0

    async def acquire(self) -> Permit:
        self._count += 1
        self.open.add(self._count)
        return Permit(self._count, 0.0, 1)

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        self._note("answered", permit, headers)

    def throttled(self, permit: Permit, headers: Mapping[str, str], retry_after: float | None) -> None:
        self._note("throttled", permit, headers)
        self.wait = retry_after

    def lost(self, permit: Permit) -> None:
        self._note("lost", permit, {})

    def release(self, permit: Permit) -> None:
        self._note("released", permit, {})

    def pause(self, seconds: float, reason: str) -> None:
        self.notes.append(f"pause {seconds:g} {reason}")

    @property
    def reading(self) -> PaceReading:
        return PaceReading(None, 10.0, 1, 0, self._count, None, None, 0.0, "")

    def _note(self, word: str, permit: Permit, headers: Mapping[str, str]) -> None:
        self.open.remove(permit.number)  # KeyError: the permit was handed back twice
        self.notes.append(word)
        self.headers = headers
