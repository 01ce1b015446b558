"""The way to HubSpot: which base URLs may get the token, proxies, and reading an answer within bounds."""

from __future__ import annotations

import ipaddress
import zlib
from urllib.request import getproxies, proxy_bypass

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from loader.errors import UsageError
from loader.hubspot.tls import tls_context
from loader.version import __version__

ANSWER_LIMIT = 1 << 20  #: bytes; a larger answer is cut off and counts as unreadable (contract, section 5)
CONNECT_SECONDS = 10.0  #: for TCP and TLS together; a host that takes longer counts as unreachable
_HEADER_LIMIT = 1 << 16  #: bytes of one header, and of the status line

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # answers are small; a compressed one costs more than it saves
    "Content-Type": "application/json",  # aiohttp would send application/octet-stream with an empty PUT
    "User-Agent": f"assoc-loader/{__version__}",
}
_EXAMPLE = "Give one like https://api.hubapi.com."


class ConnectionBrokenError(aiohttp.ClientError):
    """The connection broke before an answer came; the request was sent once."""


def parse_base_url(text: str) -> URL:
    """`text` as the URL that the paths of the endpoints are added to.

    Raises UsageError for a URL to which the token must not go: without https (except to loopback), or with
    credentials, a query or a fragment.
    """
    try:
        url = URL(text.strip())
        host, port = url.host, url.port
    except ValueError as fault:
        raise UsageError(f"The base URL is not a URL: {fault}", _EXAMPLE) from None
    if url.scheme not in ("http", "https") or not host or not port:
        raise UsageError("The base URL needs a scheme and a host.", _EXAMPLE)
    if url.raw_user is not None or url.raw_password is not None or url.raw_query_string or url.raw_fragment:
        raise UsageError("The base URL must not hold a user, a password, a query or a fragment.")
    if url.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"The base URL's host {host} would get the token unencrypted.",
            "Use https; plain http goes to this machine alone (localhost, 127.0.0.1, ::1).",
        )
    return url


def endpoint(base_url: URL, path: str) -> URL:
    """The URL of `path`, which begins with a slash, below `base_url`; the path is taken as it is."""
    return base_url.with_path(base_url.raw_path.rstrip("/") + path, encoded=True)


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine; without a DNS look-up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def open_session(base_url: URL, *, timeout: float, connections: int) -> aiohttp.ClientSession:
    """A session for requests to `base_url`, each with `timeout` seconds for everything.

    Proxies come from the platform (HTTPS_PROXY, NO_PROXY, the system's settings). The session itself does not
    read the environment (`trust_env`): aiohttp would look for a netrc entry before each request, and if it
    found one, refuse to send our own Authorization. Raises UsageError for settings that can't be used.
    """
    connector = aiohttp.TCPConnector(
        limit=connections,
        ssl=tls_context() if base_url.scheme == "https" else True,
        ttl_dns_cache=60,  # seconds; an outage may end with the service at another address
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT_SECONDS, timeout / 2)),
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # done within bounds below
        proxy=_proxy(base_url),
        middlewares=(_send_once,),
        max_line_size=_HEADER_LIMIT,
        max_field_size=_HEADER_LIMIT,
    )


async def read_body(response: aiohttp.ClientResponse, limit: int = ANSWER_LIMIT) -> bytes | None:
    """The body, decompressed; None if it is larger than `limit` bytes or can't be decompressed.

    A larger body is not drained: the connection is dropped. Raises network errors as they are.
    """
    content = response.content
    # Usually the whole answer comes with its headers.
    body = content.read_nowait() if content.is_eof() else await content.readany()
    if not content.at_eof():
        chunks, size = [body], len(body)
        while size <= limit and (chunk := await content.readany()):
            chunks.append(chunk)
            size += len(chunk)
        body = b"".join(chunks)
    if len(body) > limit:
        response.close()
        return None
    encoding = response.headers.get("Content-Encoding")
    return body if not encoding else _decompressed(body, encoding.strip().lower(), limit)


async def _send_once(request: aiohttp.ClientRequest, send: ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a PUT by itself when a kept-alive connection turns out to be dead.

    The pace must know of each attempt, and the run retries what got no answer anyway.
    """
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise  # nothing was sent, and aiohttp does not repeat this one
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as fault:
        words = fault.strerror if isinstance(fault, OSError) else "closed before an answer"
        raise ConnectionBrokenError(words or type(fault).__name__) from None


def _decompressed(body: bytes, encoding: str, limit: int) -> bytes | None:
    if encoding == "identity":
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return None
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib by its header; else raw deflate
        inflater = zlib.decompressobj(window)
        try:
            plain = inflater.decompress(body, limit + 1)
        except zlib.error:
            continue
        return plain if inflater.eof and len(plain) <= limit else None
    return None


def _proxy(base_url: URL) -> URL | None:
    """The platform's proxy for `base_url`; none for this machine: over plain http it would see the token."""
    host = base_url.host or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    text = getproxies().get(base_url.scheme)
    if not text:
        return None
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(
            f"The proxy that the environment names for {base_url.scheme} can't be used.",
            "Give an http:// proxy in HTTPS_PROXY, or leave HubSpot's host out with NO_PROXY.",
        )
    return url
