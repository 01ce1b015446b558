"""Faults below HTTP, made on the connection itself. Their numbers are those of `magic.WIRE`."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache

from aiohttp import web

from loader.simulator.answers import JSON, WireFault

_MEGABYTE = 1 << 20

# struct linger: two ints, on Windows two shorts
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


async def break_wire(request: web.BaseRequest, fault: WireFault) -> web.StreamResponse:
    """Answer `request` with a fault. Returns what aiohttp needs in order to let go of the connection."""
    return await _FAULTS[fault.number](request, fault.body)


async def _hang(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    # Ends when the client goes away, or when the server stops and cancels what is under way.
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
    async def unpacking_to_a_gigabyte() -> AsyncIterator[bytes]:
        first, again = _bomb_parts()
        yield first
        for _ in range(1023):
            yield again

    return await _stream(request, unpacking_to_a_gigabyte(), {"Content-Encoding": "gzip"})


async def _no_gzip(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=body, headers={**JSON, "Content-Encoding": "gzip"})


async def _no_utf8(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=body.replace(b"COMPLETE", b"\xff\xfe\xc3\x28"), headers=JSON)


async def _other_pair(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    return web.Response(body=body, headers=JSON)


async def _raw(request: web.BaseRequest, sent: bytes) -> web.StreamResponse:
    """Send bytes past aiohttp, then close. Its own answer finds the connection closing and is dropped."""
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
        pass  # the client had enough, as it should
    return response


@cache
def _bomb_parts() -> tuple[bytes, bytes]:
    """A gzip head with its first megabyte of zeros, and a further one that may follow any number of times.

    A full flush ends at a byte and forgets what came before, which makes the second piece repeatable.
    """
    pack = zlib.compressobj(9, wbits=31)
    zeros = bytes(_MEGABYTE)
    first = pack.compress(zeros) + pack.flush(zlib.Z_FULL_FLUSH)
    again = pack.compress(zeros) + pack.flush(zlib.Z_FULL_FLUSH)
    return first, again


_FAULTS: dict[int, Callable[[web.BaseRequest, bytes], Awaitable[web.StreamResponse]]] = {
    600: _hang,
    601: _drip,
    602: _reset,
    603: _close,
    604: _half_a_body,
    605: _half_a_chunk,
    606: _garbage,
    607: _big_body,
    608: _bomb,
    609: _no_gzip,
    610: _no_utf8,
    611: _other_pair,
}
