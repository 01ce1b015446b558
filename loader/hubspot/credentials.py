"""Where the token comes from: a file, the environment, or OAuth. It is never taken from the command line."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Mapping
from typing import BinaryIO, NamedTuple, Protocol

from loader.errors import CredentialsError
from loader.hubspot.oauth import OAuth
from loader.hubspot.secret import Secret

TOKEN_VARIABLE = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 - the variable's name, not a token
OAUTH_VARIABLES = ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_REFRESH_TOKEN")

_LONGEST_FILE = 65536  # bytes; a token has fewer than a thousand
_HINT = f"Put the access token into {TOKEN_VARIABLE} or into a file for --token-file."


class Credentials(Protocol):
    """Who the requests speak for."""

    @property
    def current(self) -> Secret | None:
        """The token to send, where one is at hand that needs no renewal; costs nothing."""

    async def token(self) -> Secret:
        """The token to send. Raises Stopped where HubSpot refuses it, RenewalError where none can be had."""

    async def renew(self, refused: Secret) -> bool:
        """Whether there is another token to try, now that HubSpot has called `refused` expired."""


class StaticToken:
    """One token for the whole run: a private app's or a service key's, which do not expire with time."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    @property
    def current(self) -> Secret:
        """The token."""
        return self._token

    async def token(self) -> Secret:
        """The token."""
        return self._token

    async def renew(self, refused: Secret) -> bool:
        """There is no other."""
        return False


class Found(NamedTuple):
    """The credentials that were found, and what the user should be warned of."""

    credentials: Credentials
    warnings: tuple[str, ...] = ()


def find_credentials(
    base_url: str, *, token_file: str | None, environ: Mapping[str, str], stdin: BinaryIO
) -> Found:
    """The first that is given: the token file (`-`: `stdin`), HUBSPOT_ACCESS_TOKEN, the OAuth variables.

    An empty variable counts as not given. Raises CredentialsError where none is given or the one that
    counts can't be used, without quoting it. With OAuth, UsageError for a base URL that must not get a token.
    """
    if token_file is not None:
        raw, warnings = _read_file(token_file, stdin)
        return Found(StaticToken(parse_token(raw, _file_name(token_file))), warnings)
    if text := environ.get(TOKEN_VARIABLE, ""):
        return Found(StaticToken(parse_token(text, TOKEN_VARIABLE)))
    given = {name: environ[name] for name in OAUTH_VARIABLES if environ.get(name, "").strip()}
    if not given:
        raise CredentialsError("There is no access token.", _HINT)
    if missing := [name for name in OAUTH_VARIABLES if name not in given]:
        raise CredentialsError(f"For OAuth, {' and '.join(missing)} must be set too.", _HINT)
    client_id, client_secret, refresh_token = (parse_token(given[name], name) for name in OAUTH_VARIABLES)
    return Found(OAuth(base_url, client_id.reveal(), client_secret, refresh_token))


def parse_token(raw: str | bytes, source: str) -> Secret:
    """The token in `raw`, which `source` (for the message) holds; the message never quotes it.

    Surrounding white space, a byte-order mark and a leading `Bearer ` are taken away.
    """
    text = _decoded(raw).strip("\ufeff \t\r\n\v\f\0")
    text = re.sub(r"^bearer(?:\s+|$)", "", text, flags=re.IGNORECASE)
    if not text:
        raise CredentialsError(f"{source} holds no access token.", _HINT)
    if re.search(r"\s", text):
        raise CredentialsError(
            f"The token in {source} has white space inside.", "It must be the token alone."
        )
    if not re.fullmatch(r"[!#-\[\]-~]+", text):  # printable ASCII without quotes and backslash
        raise CredentialsError(
            f"The token in {source} holds characters that no token has.",
            "Copy it again, without quotation marks and from the place where HubSpot shows it.",
        )
    return Secret(text)


def _decoded(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    # PowerShell's `>` writes UTF-16.
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # Not "strict": its error would hold the bytes. "replace" gives a character that no token has.
    return raw.decode("utf-16" if wide else "utf-8", "replace")


def _file_name(path: str) -> str:
    return "standard input" if path == "-" else f"the token file {path}"


def _read_file(path: str, stdin: BinaryIO) -> tuple[bytes, tuple[str, ...]]:
    """What the file holds, and a warning where other users of this machine can read it."""
    warnings: tuple[str, ...] = ()
    try:
        if path == "-":
            raw = stdin.read(_LONGEST_FILE + 1)
        else:
            with open(path, "rb") as file:
                raw = file.read(_LONGEST_FILE + 1)
                warnings = _open_to_others(path, os.fstat(file.fileno()))
    except OSError as fault:
        raise CredentialsError(f"{_file_name(path)} can't be read: {fault.strerror}", _HINT) from None
    if len(raw) > _LONGEST_FILE:
        raise CredentialsError(f"{_file_name(path)} is too large for a token.", _HINT)
    return raw, warnings


def _open_to_others(path: str, status: os.stat_result) -> tuple[str, ...]:
    """Windows keeps who may read in lists that a mode does not show, so nothing is said there."""
    if os.name != "posix" or not stat.S_ISREG(status.st_mode) or not status.st_mode & 0o077:
        return ()
    return (f"Other users can read the token file {path}; `chmod 600 {path}` keeps it yours.",)
