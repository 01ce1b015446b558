"""Where the token comes from: a file, the environment, or OAuth. It is never taken from the command line."""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Callable, Mapping
from typing import BinaryIO, Protocol

from loader.errors import CredentialsError
from loader.hubspot.oauth import OAuth
from loader.hubspot.secret import Secret

TOKEN_VARIABLE = "HUBSPOT_ACCESS_TOKEN"  # noqa: S105 - the variable's name, not a token
OAUTH_VARIABLES = ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_REFRESH_TOKEN")

_LONGEST_FILE = 65536  # bytes; a token has fewer than a thousand
_HINT = f"Put the access token into {TOKEN_VARIABLE} or into a file for --token-file."
_OAUTH_HINT = f"Set them, or use an access token: {TOKEN_VARIABLE} or --token-file."
_BLANKS = "\ufeff \t\r\n\v\f\0"
_QUOTES = ('""', "''", "``", "“”", "‘’", "„“", "«»")  # noqa: RUF001 - word processors make them


class Credentials(Protocol):
    """Gives requests their access token."""

    @property
    def current(self) -> Secret | None:
        """The access token if it need not be fetched or renewed, else None; sends nothing."""

    async def token(self) -> Secret:
        """The access token. Raises Stopped if HubSpot refuses one, RenewalError if none can be had now."""

    async def renew(self, refused: Secret) -> bool:
        """Whether there is another token to try, after HubSpot has called `refused` expired."""


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
        """False: there is no other token."""
        return False


def find_credentials(
    base_url: str,
    *,
    token_file: str | None,
    environ: Mapping[str, str],
    stdin: BinaryIO | None,
    warn: Callable[[str], None],
) -> Credentials:
    """The first that is given of: token file (`-`: `stdin`), HUBSPOT_ACCESS_TOKEN, OAuth variables.

    An empty variable counts as not given. `warn` is told what the user should know, now or later. Raises
    CredentialsError if none is given or the first can't be used, without quoting it; with OAuth also
    UsageError for a base URL that must not get the token.
    """
    if token_file is not None:
        return StaticToken(parse_token(_read_file(token_file, stdin, warn), _file_name(token_file)))
    if text := environ.get(TOKEN_VARIABLE, ""):
        return StaticToken(parse_token(text, TOKEN_VARIABLE))
    given = {name: environ[name] for name in OAUTH_VARIABLES if environ.get(name, "").strip()}
    if not given:
        raise CredentialsError("There is no access token.", _HINT)
    if missing := [name for name in OAUTH_VARIABLES if name not in given]:
        raise CredentialsError(f"For OAuth, {' and '.join(missing)} must be set too.", _OAUTH_HINT)
    client_id, client_secret, refresh_token = (parse_token(given[name], name) for name in OAUTH_VARIABLES)
    return OAuth(base_url, client_id.reveal(), client_secret, refresh_token, warn=warn)


def parse_token(raw: str | bytes, source: str) -> Secret:
    """The token in `raw`, which comes from `source` (for the message, which never quotes it).

    White space, a byte-order mark, quotes around it and a leading `Bearer ` are removed. Raises
    CredentialsError if the rest is not a token.
    """
    text = _unquoted(_decoded(raw))
    text = _unquoted(re.sub(r"^bearer(?:\s+|$)", "", text, flags=re.IGNORECASE))
    if not text:
        raise CredentialsError(f"{source} holds no access token.", _HINT)
    if re.search(r"\s", text):
        raise CredentialsError(
            f"The token in {source} has white space inside.", "It must be the token alone."
        )
    if not re.fullmatch(r"[!#-\[\]-~]+", text):  # printable ASCII without quotes and backslash
        raise CredentialsError(
            f"The token in {source} holds characters that no token has.",
            "Copy it again from the place where HubSpot shows it.",
        )
    return Secret(text)


def _unquoted(text: str) -> str:
    text = text.strip(_BLANKS)
    wrapped = len(text) > 1 and text[0] + text[-1] in _QUOTES
    return text[1:-1].strip(_BLANKS) if wrapped else text


def _decoded(raw: str | bytes) -> str:
    if isinstance(raw, str):
        return raw
    # PowerShell's `>` writes UTF-16.
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # Not "strict": its error would hold the bytes. "replace" gives a character that no token has.
    return raw.decode("utf-16" if wide else "utf-8", "replace")


def _file_name(path: str) -> str:
    return "standard input" if path == "-" else f"the token file {path}"


def _read_file(path: str, stdin: BinaryIO | None, warn: Callable[[str], None]) -> bytes:
    try:
        if path == "-":
            raw = stdin.read(_LONGEST_FILE + 1) if stdin is not None else b""
        else:
            with open(path, "rb") as file:
                raw = file.read(_LONGEST_FILE + 1)
                if _others_can_read(os.fstat(file.fileno())):
                    warn(f"Other users can read the token file {path}; `chmod 600 {path}` keeps it yours.")
    except OSError as fault:
        raise CredentialsError(f"{_file_name(path)} can't be read: {fault.strerror}", _HINT) from None
    if len(raw) > _LONGEST_FILE:
        raise CredentialsError(f"{_file_name(path)} is too large for a token.", _HINT)
    return raw


def _others_can_read(status: os.stat_result) -> bool:
    """Whether the file's mode says so; Windows has access control lists instead, which the mode omits."""
    return os.name == "posix" and stat.S_ISREG(status.st_mode) and bool(status.st_mode & 0o077)
