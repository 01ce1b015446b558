"""What it means that no whole answer came: every error of the wire, as a verdict.

The messages are made of the fault's own words only: aiohttp's errors carry the request's headers along.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

import aiohttp

from loader.hubspot.error_details import one_line
from loader.hubspot.verdict import Kind, Verdict

#: Everything that the wire can do to a request. OSError and ValueError stand beside aiohttp's own tree,
#: because a transport may raise what aiohttp does not wrap.
WIRE_FAULTS: Final = (aiohttp.ClientError, asyncio.TimeoutError, OSError)

_TLS_HINT = (
    "Certificates are always verified. Behind a company proxy that inspects TLS, name the company's CA file "
    "in SSL_CERT_FILE."
)


def verdict_of_fault(fault: BaseException, host: str, timeout: float) -> Verdict:
    """What `fault`, raised while sending to `host` with `timeout` seconds for everything, means.

    The rows go from the special to the general, as the errors' classes do.
    """
    match fault:
        case aiohttp.ClientConnectorCertificateError():
            cause = fault.certificate_error
            why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else str(cause)
            what = f"The TLS certificate of {host} can't be trusted: {why}"
            return _unreachable("TLS_CERTIFICATE", what, _TLS_HINT)  # no waiting will mend it
        case aiohttp.ClientConnectorSSLError():
            why = getattr(fault.os_error, "reason", None) or fault.os_error
            return _unreachable("TLS", f"No TLS connection with {host}: {why}", _TLS_HINT)
        case aiohttp.ClientConnectorDNSError():
            return _unreachable("UNREACHABLE", f"The name {fault.host} can't be resolved: {_words(fault)}")
        case aiohttp.ClientHttpProxyError():
            return _unreachable("UNREACHABLE", f"The proxy refuses to connect to {host}: HTTP {fault.status}")
        case aiohttp.ClientConnectorError():
            return _unreachable("UNREACHABLE", f"No connection to {fault.host}:{fault.port}: {_words(fault)}")
        case aiohttp.ConnectionTimeoutError():
            return _unreachable("UNREACHABLE", f"No connection to {host}: it took too long")
        case asyncio.TimeoutError():
            return Verdict(Kind.NO_ANSWER, 0, "TIMEOUT", f"{host} gave no answer within {timeout:g} s")
        case aiohttp.ClientResponseError():
            return Verdict(
                Kind.TRANSIENT, 0, "UNREADABLE_ANSWER", f"{host} does not speak HTTP: {_words(fault)}"
            )
        case _:
            return Verdict(
                Kind.NO_ANSWER, 0, "CONNECTION_BROKEN", f"{host} broke the connection: {_words(fault)}"
            )


def broken_off(verdict: Verdict, fault: BaseException, timeout: float) -> Verdict:
    """`verdict` of an answer whose body broke off with `fault`: where the answer can't be read, say why."""
    if verdict.category != "UNREADABLE_ANSWER":
        return verdict
    if isinstance(fault, asyncio.TimeoutError):
        return verdict._replace(
            category="TIMEOUT", message=f"The answer was not complete within {timeout:g} s"
        )
    return verdict._replace(
        category="CONNECTION_BROKEN", message="The connection broke in the middle of the answer"
    )


def _unreachable(category: str, message: str, hint: str = "") -> Verdict:
    return Verdict(Kind.UNREACHABLE, 0, category, one_line(message, 300), hint=hint)


def _words(fault: BaseException) -> str:
    """The fault's own words, which never hold a header of the request."""
    if isinstance(fault, aiohttp.ClientConnectorError):
        inner = fault.os_error
        return one_line(inner.strerror or str(inner), 200)
    if isinstance(fault, aiohttp.ClientResponseError):
        return one_line(fault.message.splitlines()[0] if fault.message else type(fault).__name__, 200)
    if isinstance(fault, OSError) and fault.strerror:
        return one_line(fault.strerror, 200)
    return one_line(str(fault), 200) or type(fault).__name__
