"""TLS: which certificates are trusted, and mistakes in the environment variables about them."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from loader.errors import UsageError

_KEY_LOG = "SSLKEYLOGFILE"
_HINT = "Correct it or unset it."


def _import_aiohttp() -> None:
    """aiohttp makes TLS contexts when it is imported, and fails if the key log can't be written.

    Most commands need no TLS, and those that do get a context of their own.
    """
    key_log = os.environ.pop(_KEY_LOG, None)
    try:
        import aiohttp  # noqa: F401
    finally:
        if key_log is not None:
            os.environ[_KEY_LOG] = key_log


_import_aiohttp()


def tls_context() -> ssl.SSLContext:
    """A context that trusts the platform's certificates and those that the environment names.

    The variables are SSL_CERT_FILE and SSL_CERT_DIR of OpenSSL and REQUESTS_CA_BUNDLE of requests. Raises
    UsageError if one of them, or SSLKEYLOGFILE, names a path that can't be used; OpenSSL would ignore that.
    """
    try:
        context = ssl.create_default_context()
    except OSError as fault:
        if not (path := os.environ.get(_KEY_LOG)):
            raise
        raise UsageError(
            f"{_KEY_LOG} names {path}, which can't be written: {fault.strerror}", _HINT
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        if path := os.environ.get(variable):
            _trust(context, variable, Path(path))
    folders = os.environ.get("SSL_CERT_DIR", "")
    if folders and not any(Path(folder).is_dir() for folder in folders.split(os.pathsep)):
        raise UsageError(f"SSL_CERT_DIR names {folders}, which does not exist", _HINT)
    return context


def _trust(context: ssl.SSLContext, variable: str, path: Path) -> None:
    try:
        if path.is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except FileNotFoundError:
        raise UsageError(f"{variable} names {path}, which does not exist", _HINT) from None
    except OSError as fault:
        why = getattr(fault, "reason", None) or fault.strerror
        raise UsageError(f"{variable} names {path}, which can't be used: {why}", _HINT) from None
