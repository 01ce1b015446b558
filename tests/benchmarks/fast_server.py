"""A server that is faster than any client: it answers only the PUT of a pair and the account call.

`python -m tests.benchmarks.fast_server [DELAY]` prints its port and serves until it is killed; DELAY is in
seconds, for each PUT. It has no limits and sends no limit headers. A raw `asyncio.Protocol`, so that with a
core of its own it waits for the client, and what is measured is the client.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_BODY = (
    '{"status":"COMPLETE","results":['
    '{"from":{"id":"%s"},"to":{"id":"%s"},'
    '"associationSpec":{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":279}},'
    '{"from":{"id":"%s"},"to":{"id":"%s"},'
    '"associationSpec":{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":280}}],'
    '"startedAt":"2026-11-24T11:00:00.000Z","completedAt":"2026-11-24T11:00:00.010Z"}'
)
_ACCOUNT = '{"portalId":7654321,"accountType":"STANDARD","timeZone":"UTC","uiDomain":"app.hubspot.com"}'
_HEAD = (
    "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 11:00:00 GMT\r\n"
    "Content-Type: application/json;charset=utf-8\r\n"
    "X-HubSpot-Correlation-Id: 01234567-89ab-4cde-8f01-23456789abcd\r\nContent-Length: %d\r\n\r\n"
)


class _Connection(asyncio.Protocol):
    """One connection. Requests are sent without a body, and the next one after the answer."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if not self._heard.endswith(b"\r\n\r\n"):
            return
        request, self._heard = self._heard, b""
        path = request[: request.index(b"\r\n")].decode().split(" ")[1].split("/")
        is_pair = len(path) == 10  # /crm/objects/VERSION/TYPE/ID/associations/default/TYPE/ID
        body = _BODY % (path[5], path[9], path[9], path[5]) if is_pair else _ACCOUNT
        answer = (_HEAD % len(body) + body).encode()
        if self._delay and is_pair:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)
        else:
            self._transport.write(answer)


def pinned(core: int) -> list[str]:
    """The command prefix that keeps a process on one core; empty if that is not possible."""
    return ["taskset", "-c", str(core)] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []


@contextmanager
def serving(delay: float = 0.0) -> Iterator[str]:
    """The server's base URL; the server runs on the first core while the block does."""
    command = [*pinned(0), sys.executable, "-m", "tests.benchmarks.fast_server", str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


async def _serve(delay: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(delay), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
