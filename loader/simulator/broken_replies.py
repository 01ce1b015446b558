"""Answers that are broken in transit, made on the connection itself. `magic.BROKEN_ANSWERS` lists them."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache

from aiohttp import web

from loader.simulator.answers import JSON, BrokenReply

_Sender = Callable[[web.BaseRequest, bytes], Awaitable[web.StreamResponse]]

_MEGABYTE = 1 << 20
_LEVELS = 100_000

# struct linger: two ints, on Windows two shorts
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


async def send_broken(request: web.BaseRequest, reply: BrokenReply) -> web.StreamResponse:
    """Send a broken answer. What it returns lets aiohttp release the connection."""
    return await _SENDERS[reply.number](request, reply.body)


async def _hang(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    # Ends when the client disconnects, or when the server stops and cancels its handlers.
    while request.transport is not None:  # noqa: ASYNC110 (aiohttp has no event for a lost connection)
        await asyncio.sleep(0.2)
    return web.Response()


async def _drip(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    async def bytewise() -> AsyncIterator[bytes]:
        for place in range(len(body)):
            yield body[place : place + 1]
            await asyncio.sleep(1)

    return await _stream(request, bytewise(), {"Content-Length": str(len(body))})


async def _reset(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    if request.transport is not None:
        # Closing with a linger time of zero sends a reset (RST) instead of an orderly end (FIN).
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        request.transport.abort()
    return web.Response()


async def _close(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _half_a_body(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    return await _raw(request, head.encode() + body[: len(body) // 2])


async def _half_a_chunk(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON['Content-Type']}\r\nTransfer-Encoding: chunked\r\n\r\n"
    return await _raw(request, head.encode() + b"%x\r\n" % len(body) + body[: len(body) // 2])


async def _garbage(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return await _raw(request, b"\x15\x03\x01\x00\x02\x02\x16 this is no HTTP\r\n\r\n")


async def _big_body(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    async def fifty_megabytes() -> AsyncIterator[bytes]:
        yield body[:-1] + b',"padding":"'
        for _ in range(50):
            yield b" " * _MEGABYTE
        yield b'"}'

    return await _stream(request, fifty_megabytes(), {})


async def _bomb(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    async def one_gigabyte() -> AsyncIterator[bytes]:
        first, again = _bomb_parts()
        yield first
        for _ in range(1023):
            yield again

    return await _stream(request, one_gigabyte(), {"Content-Encoding": "gzip"})


async def _not_gzip(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=body, headers={**JSON, "Content-Encoding": "gzip"})


async def _not_utf8(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=body.replace(b"COMPLETE", b"\xff\xfe\xc3\x28"), headers=JSON)


async def _other_pair(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=body, headers=JSON)


def _with_header(header: bytes) -> _Sender:
    async def send(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {JSON['Content-Type']}\r\nContent-Length: {len(body)}\r\n"
        return await _raw(request, head.encode() + header + b"\r\n\r\n" + body)

    return send


async def _number_ids(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=re.sub(rb'"id":"(\d+)"', rb'"id":\1', body), headers=JSON)


async def _empty_object(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=b"{}", headers=JSON)


async def _deep(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    nested = b"[" * _LEVELS + b"]" * _LEVELS
    return web.Response(body=body[:-1] + b',"errors":' + nested + b"}", headers=JSON)


async def _raw(request: web.BaseRequest, sent: bytes) -> web.StreamResponse:
    """Write bytes past aiohttp, then close. aiohttp finds the connection closing and drops its answer."""
    if request.transport is not None:
        request.transport.write(sent)
        request.transport.close()
    return web.Response()


async def _stream(
    request: web.BaseRequest, pieces: AsyncIterator[bytes], headers: dict[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={**JSON, **headers})
    try:
        await response.prepare(request)
        async for piece in pieces:
            await response.write(piece)
    except ConnectionError:
        pass  # the client has closed the connection, as it should
    return response


@cache
def _bomb_parts() -> tuple[bytes, bytes]:
    """A gzip header with a megabyte of zeros, and another megabyte that can be repeated any number of times.

    A full flush ends on a byte boundary and forgets what came before, so the second piece can follow itself.
    """
    pack = zlib.compressobj(9, wbits=31)
    zeros = bytes(_MEGABYTE)
    first = pack.compress(zeros) + pack.flush(zlib.Z_FULL_FLUSH)
    again = pack.compress(zeros) + pack.flush(zlib.Z_FULL_FLUSH)
    return first, again


_SENDERS: dict[int, _Sender] = {
    600: _hang,
    601: _drip,
    602: _reset,
    603: _close,
    604: _half_a_body,
    605: _half_a_chunk,
    606: _garbage,
    607: _big_body,
    608: _bomb,
    609: _not_gzip,
    610: _not_utf8,
    611: _other_pair,
    612: _with_header(b"X-Padding: " + b"x" * 40_000),
    613: _with_header(b"X-Padding: " + b"x" * 100_000),
    614: _with_header(b"X-HubSpot-Correlation-Id: \xff\xfe\xc3\x28"),
    615: _number_ids,
    616: _empty_object,
    617: _deep,
}
