"""A HubSpot that says yes to everything, fast: bare asyncio, one answer per request head."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

_RESULT = (
    '{{"from":{{"id":"{0}"}},"to":{{"id":"{1}"}},"associationSpec":'
    '{{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":{2}}}}}'
)
_HEADERS = (
    "Content-Type: application/json\r\n"
    "X-HubSpot-RateLimit-Max: 10000000\r\nX-HubSpot-RateLimit-Interval-Milliseconds: 10000\r\n"
)


def _answer(head: bytes) -> bytes:
    parts = head.split(b" ", 2)[1].decode("ascii").split("/")
    if len(parts) != 10:  # the account, and whatever else is asked
        body = '{"portalId":1,"timeZone":"UTC","uiDomain":"app.hubspot.com"}'
    else:
        source, target = parts[5], parts[9]
        body = f'{{"status":"COMPLETE","results":[{_RESULT.format(source, target, 279)},'
        body += f"{_RESULT.format(target, source, 280)}]}}"
    return f"HTTP/1.1 200 OK\r\n{_HEADERS}Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii")


class _Yes(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        *heads, self._heard = (self._heard + data).split(b"\r\n\r\n")  # a PUT has no body
        for head in heads:
            self._transport.write(_answer(head))


def serve(theirs: Connection) -> None:
    """Serve for ever on a free port of loopback; the URL is sent to `theirs`."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_Yes, "127.0.0.1", 0)
        theirs.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await server.serve_forever()

    asyncio.run(main())
