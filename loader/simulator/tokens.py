"""The tokens that the account accepts, and the OAuth endpoint."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

import orjson

from loader.simulator.answers import Call, Reply
from loader.simulator.api_errors import bad_token, expired_token
from loader.simulator.settings import SimulatorSettings

#: The client of a request without an accepted token.
UNKNOWN_CLIENT = 0


class Tokens:
    """The tokens that a simulator has issued. It keeps only their hashes."""

    def __init__(self) -> None:
        self._expires: dict[int, float] = {}
        self._refresh_tokens: set[int] = set()
        self._used: set[int] = set()

    def client(self, authorization: str, now: float, settings: SimulatorSettings) -> int:
        """A number that tells tokens apart. Raises `ApiError` (401) if the header is not accepted."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or not token:
            raise bad_token()
        client = hash(token)
        if (expires := self._expires.get(client)) is not None:
            if now < expires:
                return client
            raise expired_token()
        if settings.tokens is not None and token not in settings.tokens:
            raise bad_token()
        return client

    def grant(self, call: Call, now: float) -> Reply:
        """POST oauth/…/token: an access token for a refresh token."""
        form = parse_qs(call.body.decode("utf-8", "replace"))
        if form.get("grant_type") != ["refresh_token"]:
            return _refuse(call, "BAD_GRANT_TYPE", "the grant type must be refresh_token")
        if not (form.get("client_id") and form.get("client_secret")):
            return _refuse(call, "BAD_CLIENT_ID", "missing or unknown client ID or secret")
        refresh_token = form.get("refresh_token", [""])[0]
        if not refresh_token or not self._accepts(refresh_token, call.settings):
            return _refuse(call, "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        token = secrets.token_urlsafe(32)
        self._expires[hash(token)] = now + call.settings.token_lifetime
        if call.settings.rotate_refresh_tokens:
            self._used.add(hash(refresh_token))
            refresh_token = secrets.token_urlsafe(32)
            self._refresh_tokens.add(hash(refresh_token))
        body = {
            "token_type": "bearer",
            "access_token": token,
            "refresh_token": refresh_token,
            "expires_in": int(call.settings.token_lifetime),
        }
        return Reply(200, orjson.dumps(body))

    def _accepts(self, refresh_token: str, settings: SimulatorSettings) -> bool:
        known = hash(refresh_token)
        if known in self._used:
            return False
        accepted = settings.refresh_tokens
        return accepted is None or refresh_token in accepted or known in self._refresh_tokens


def _refuse(call: Call, status: str, message: str) -> Reply:
    body = {"status": status, "message": message, "correlationId": call.correlation_id}
    return Reply(400, orjson.dumps(body))
