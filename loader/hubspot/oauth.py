"""OAuth: access tokens that live for minutes, fetched with a refresh token and renewed before they expire.

https://developers.hubspot.com/docs/api-reference/auth-oauth-v1/guide

The request is a form with grant_type=refresh_token; the answer has `access_token` and `expires_in` (seconds).
A 401 does not mean that a token must be renewed: `expires_in` decides. Only EXPIRED_AUTHENTICATION forces a
renewal, since the clock of a suspended laptop stops and the life of a token does not.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Mapping
from math import inf

from loader.errors import Stopped
from loader.hubspot.envelope import count_of, decode
from loader.hubspot.outcome_table import judge_status
from loader.hubspot.secret import Secret
from loader.hubspot.transport import endpoint, open_session, parse_base_url, read_body
from loader.hubspot.verdict import Kind, Verdict
from loader.hubspot.wire_errors import WIRE_ERRORS, verdict_of_error
from loader.text import one_line

#: The endpoint, and its predecessor, which ends on 16 February 2027 (doc): used if the first answers 404.
PATH, OLD_PATH = "/oauth/2026-03/token", "/oauth/v1/token"
RENEW_AT = 0.85  #: the share of a token's life after which it is renewed
DEFAULT_LIFE = 1800.0  #: seconds, if the answer does not say (doc: 30 minutes)
TRIES = 4  #: before the caller has to wait
FIRST_WAIT = (
    1.0  #: seconds; the upper bound of the wait after the first error, doubled after each further one
)
LONGEST_BACK_OFF = 60.0  #: seconds
LONGEST_HERE = 5.0  #: seconds of one wait between the tries; a longer one is left to the caller
LARGEST_ANSWER = 65536  #: bytes

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_TOKEN = re.compile(r"[!-~]+")
_ROTATED = (
    "HubSpot has replaced the refresh token. This run goes on with the new one, which is not saved: before "
    "the next run, authorize the app again and put its new refresh token into HUBSPOT_REFRESH_TOKEN."
)


class RenewalError(Exception):
    """No token is available at present. `verdict` is of the kind UNREACHABLE: no row is at fault."""

    def __init__(self, cause: Verdict) -> None:
        message = f"Can't get an access token: {cause.message}"
        super().__init__(message)
        # No status: the token endpoint may have answered, but no association was asked for.
        self.verdict = cause._replace(
            kind=Kind.UNREACHABLE, http_status=0, category="TOKEN_RENEWAL", message=message
        )


class OAuth:
    """Credentials that fetch and renew their access token; all workers share one renewal at a time.

    Workers use the old token until it expires, even if a renewal is in flight or has failed.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: Secret,
        refresh_token: Secret,
        *,
        warn: Callable[[str], None],
        timeout: float = 30.0,
        jitter: Callable[[float], float] = lambda most: random.uniform(0, most),  # noqa: S311 - no cryptography
    ) -> None:
        """`timeout` is in seconds for one try; `jitter` gives the wait in seconds, given the longest one.

        `warn` is told once if HubSpot replaces the refresh token, which a person has to know.
        """
        self._base = parse_base_url(base_url)
        self._client_id, self._client_secret, self._refresh_token = client_id, client_secret, refresh_token
        self._warn, self._rotated = warn, False
        self._timeout, self._jitter = timeout, jitter
        self._path = PATH
        self._access = Secret("")
        self._renew_at = self._ends_at = -inf
        self._failures, self._all_tried = 0, False
        self._failure: Verdict | None = None
        self._renewing = asyncio.Lock()

    @property
    def current(self) -> Secret | None:
        """The access token, as long as it lives and need not be renewed."""
        # After a failed renewal, the next one may be due later than the token expires.
        due = min(self._renew_at, self._ends_at)
        return self._access if asyncio.get_running_loop().time() < due else None

    async def token(self) -> Secret:
        """The access token, fetched or renewed if it is time to.

        Raises Stopped('token_refused') if HubSpot refuses the refresh token, and RenewalError if the renewal
        failed and the old token has expired.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._renew_at and (now >= self._ends_at or not self._renewing.locked()):
            async with self._renewing:
                await self._renew_when_due()
            now = asyncio.get_running_loop().time()
        if self._failure is not None and now >= self._ends_at:
            raise RenewalError(self._failure)
        return self._access

    async def renew(self, refused: Secret) -> bool:
        """Renew now, unless another worker has done so since `refused` was sent. Raises as `token` does."""
        if refused is self._access:
            self._renew_at = self._ends_at = -inf
        await self.token()
        return True

    async def _renew_when_due(self) -> None:
        """Renew, with a few tries if the token has expired; else the next worker tries after a back-off.

        After these tries the run has to do the waiting: it knows how long an outage may last.
        """
        loop = asyncio.get_running_loop()
        tries = 1 if self._all_tried else TRIES
        for last in (False,) * (tries - 1) + (True,):
            asked_at = loop.time()
            if asked_at < self._renew_at:
                return  # another worker renewed it, or failed to, while this one waited
            self._failure = await self._ask(asked_at)
            if self._failure is None:
                self._failures, self._all_tried = 0, False
                return
            wait = self._failure.retry_after
            if wait is None:
                wait = self._jitter(min(FIRST_WAIT * 2**self._failures, LONGEST_BACK_OFF))
            self._failures += 1
            self._all_tried = self._all_tried or last
            if last or wait > LONGEST_HERE or loop.time() < self._ends_at:
                self._renew_at = loop.time() + wait
                return
            await asyncio.sleep(wait)

    async def _ask(self, asked_at: float) -> Verdict | None:
        """Ask HubSpot for a token and keep it; a Verdict says why there is none yet. Raises Stopped."""
        try:
            status, headers, body = await self._post()
            if status == 404 and self._path == PATH:
                self._path = OLD_PATH
                status, headers, body = await self._post()
        except WIRE_ERRORS as error:
            return verdict_of_error(error, self._base.host or "", self._timeout)
        if 200 <= status < 300:
            # Without the text of the answer: it may hold a token.
            return None if self._keep(body, asked_at) else judge_status(status, {}, None, now=time.time())
        for secret in (self._client_secret, self._refresh_token):
            body, headers = secret.hide_in_bytes(body or b""), secret.hide_in_headers(headers)
        verdict = judge_status(status, headers, body, now=time.time())
        if verdict.kind in (Kind.REFUSED, Kind.ACCOUNT):
            raise _refusal(verdict)
        return verdict

    async def _post(self) -> tuple[int, Mapping[str, str], bytes | None]:
        """Status, headers and body of the answer. Raises WIRE_ERRORS."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
            "refresh_token": self._refresh_token.reveal(),
        }
        url = endpoint(self._base, self._path)
        async with (
            open_session(self._base, timeout=self._timeout, connections=1) as session,
            session.post(url, data=form, headers=_FORM, allow_redirects=False) as response,
        ):
            return response.status, response.headers, await read_body(response, LARGEST_ANSWER)

    def _keep(self, body: bytes | None, asked_at: float) -> bool:
        """Keep the tokens of an answer; False if there is no access token in it."""
        answer = decode(body) or {}
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not _TOKEN.fullmatch(access):
            return False
        seconds = float(count_of(answer.get("expires_in")) or DEFAULT_LIFE)
        self._access = Secret(access)
        self._renew_at, self._ends_at = asked_at + RENEW_AT * seconds, asked_at + seconds
        if isinstance(refresh, str) and _TOKEN.fullmatch(refresh) and refresh != self._refresh_token.reveal():
            self._refresh_token = Secret(refresh)
            if not self._rotated:
                self._rotated = True
                self._warn(_ROTATED)
        return True


def _refusal(verdict: Verdict) -> Stopped:
    if verdict.reason == "redirect":
        return Stopped("redirect", f"No access token: {verdict.message}", verdict.hint)
    return Stopped(
        "token_refused",
        f"HubSpot refused an access token: HTTP {verdict.http_status}, {one_line(verdict.message, 300)}",
        "Check HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN: the app may have been "
        "uninstalled from the account, or the refresh token replaced.",
    )
