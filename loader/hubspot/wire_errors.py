"""Network errors as verdicts: what it means that no whole answer came.

The messages hold the error's own words only: aiohttp's errors carry the headers of the request along.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import aiohttp

from loader.hubspot.verdict import Kind, Verdict
from loader.text import one_line

#: Every error that the network can cause. A transport may raise an OSError that aiohttp does not wrap.
WIRE_ERRORS: Final = (aiohttp.ClientError, asyncio.TimeoutError, OSError)

_TLS_HINT = (
    "Certificates are always verified. Behind a company proxy that inspects TLS, name the company's CA file "
    "in SSL_CERT_FILE."
)


def verdict_of_error(error: BaseException, host: str, timeout: float) -> Verdict:
    """What `error` means, raised by a request to `host` that had `timeout` seconds for everything.

    The cases go from the specific to the general, like the error classes.
    """
    match error:
        case aiohttp.ClientConnectorCertificateError():
            cause = error.certificate_error
            why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)
            what = f"The TLS certificate of {host} can't be trusted: {why}"
            return _unreachable("TLS_CERTIFICATE", what, _TLS_HINT)
        case aiohttp.ClientConnectorSSLError():
            why = getattr(error.os_error, "reason", None) or error.os_error
            return _unreachable("TLS", f"No TLS connection with {host}: {why}", _TLS_HINT)
        case aiohttp.ClientConnectorDNSError():
            return _unreachable("UNREACHABLE", f"The name {error.host} can't be resolved: {_words(error)}")
        case aiohttp.ClientHttpProxyError():
            return _unreachable("UNREACHABLE", f"The proxy refuses to connect to {host}: HTTP {error.status}")
        case aiohttp.ClientConnectorError():
            return _unreachable("UNREACHABLE", f"No connection to {error.host}:{error.port}: {_words(error)}")
        case aiohttp.ConnectionTimeoutError():
            return _unreachable("UNREACHABLE", f"No connection to {host}: it took too long")
        case asyncio.TimeoutError():
            return Verdict(Kind.NO_ANSWER, 0, "TIMEOUT", f"{host} gave no answer within {timeout:g} s")
        case aiohttp.ClientResponseError():
            message = f"{host} does not speak HTTP: {_words(error)}"
            return Verdict(Kind.TRANSIENT, 0, "UNREADABLE_ANSWER", message)
        case _:
            message = f"{host} broke the connection: {_words(error)}"
            return Verdict(Kind.NO_ANSWER, 0, "CONNECTION_BROKEN", message)


def broken_off(verdict: Verdict, error: BaseException, timeout: float) -> Verdict:
    """`verdict` on an answer whose body broke off with `error`: if the answer can't be read, say why."""
    if verdict.category != "UNREADABLE_ANSWER":
        return verdict
    if isinstance(error, asyncio.TimeoutError):
        message = f"The answer was not complete within {timeout:g} s"
        return verdict._replace(category="TIMEOUT", message=message)
    message = "The connection broke in the middle of the answer"
    return verdict._replace(category="CONNECTION_BROKEN", message=message)


def _unreachable(category: str, message: str, hint: str = "") -> Verdict:
    return Verdict(Kind.UNREACHABLE, 0, category, one_line(message, 300), hint=hint)


def _words(error: BaseException) -> str:
    """The error's own words, which never hold a header of the request."""
    if isinstance(error, aiohttp.ClientConnectorError):
        inner = error.os_error
        return one_line(inner.strerror or str(inner), 200)
    if isinstance(error, aiohttp.ClientResponseError):
        return one_line(error.message.splitlines()[0] if error.message else type(error).__name__, 200)
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror, 200)
    return one_line(str(error), 200) or type(error).__name__
