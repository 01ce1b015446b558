"""OAuth: access tokens that live for minutes, fetched with a refresh token and renewed before they end.

POST /oauth/v1/token with the form grant_type=refresh_token; the answer has `access_token` and `expires_in`
in seconds (HubSpot's documentation: access tokens live 30 minutes). A 401 is no sign that a token has to
be renewed, so the renewal goes by `expires_in`; only EXPIRED_AUTHENTICATION forces one (a suspended laptop's
clock stands still, the token's life does not).
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Mapping
from math import inf

from loader.errors import Stopped
from loader.hubspot.answers import judge_status
from loader.hubspot.envelope import decode
from loader.hubspot.error_details import one_line
from loader.hubspot.secret import Secret
from loader.hubspot.transport import endpoint, open_session, parse_base_url, read_body
from loader.hubspot.verdict import Kind, Verdict
from loader.hubspot.wire_errors import WIRE_FAULTS, verdict_of_fault

RENEW_AT = 0.85  #: the share of a token's life after which it is renewed
DEFAULT_LIFE = 1800.0  #: seconds, where the answer does not say
TRIES = 4  #: before the outage is the caller's to handle
FIRST_WAIT = (
    1.0  #: seconds; the upper bound of the wait after the first fault, doubled after each further one
)
LONGEST_BACK_OFF = 60.0  #: seconds
LONGEST_HERE = 5.0  #: seconds of one wait between those tries; a longer one is the caller's too
LARGEST_ANSWER = 65536  #: bytes

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class RenewalError(Exception):
    """No token can be had just now. `verdict` is of the kind UNREACHABLE: no row is to blame for it."""

    def __init__(self, cause: Verdict) -> None:
        message = f"No access token can be had: {cause.message}"
        super().__init__(message)
        # No status: the token's endpoint may have answered, but no association was asked for.
        self.verdict = cause._replace(
            kind=Kind.UNREACHABLE, http_status=0, category="TOKEN_RENEWAL", message=message
        )


class OAuth:
    """Credentials that fetch and renew their access token; all workers share one renewal at a time.

    While the old token lives, workers go on with it, whether a renewal is under way or has failed.
    """

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: Secret,
        refresh_token: Secret,
        *,
        timeout: float = 30.0,
        jitter: Callable[[float], float] = lambda most: random.uniform(0, most),  # noqa: S311 - no cryptography
    ) -> None:
        """`timeout` is in seconds for one try. `jitter` gives the wait in seconds, given the longest one."""
        self._base = parse_base_url(base_url)
        self._client_id, self._client_secret, self._refresh_token = client_id, client_secret, refresh_token
        self._timeout, self._jitter = timeout, jitter
        self._access = Secret("")
        self._renew_at = self._ends_at = -inf
        self._failures, self._all_tried = 0, False
        self._failure: Verdict | None = None
        self._renewing = asyncio.Lock()

    @property
    def current(self) -> Secret | None:
        """The access token, as long as it lives and need not be renewed."""
        # After a failed renewal the next one is due later than the token ends.
        due = min(self._renew_at, self._ends_at)
        return self._access if asyncio.get_running_loop().time() < due else None

    async def token(self) -> Secret:
        """The access token, fetched or renewed where it is time to.

        Raises Stopped('token_refused') where HubSpot refuses the refresh token, and RenewalError where
        it can't be asked and no token lives any more.
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
        """Renew, with a few tries where no token lives; else the next worker tries after a back-off.

        Where those tries have failed, it is the run's to wait, which knows how long an outage may last.
        """
        loop = asyncio.get_running_loop()
        tries = 1 if self._all_tried else TRIES
        for last in (False,) * (tries - 1) + (True,):
            asked_at = loop.time()
            if asked_at < self._renew_at:
                return  # another worker did, or failed, while this one waited
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
        """Ask HubSpot for a token and keep it; where that fails in passing, say how."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret.reveal(),
            "refresh_token": self._refresh_token.reveal(),
        }
        url = endpoint(self._base, "/oauth/v1/token")
        try:
            async with (
                open_session(self._base, timeout=self._timeout, connections=1) as session,
                session.post(url, data=form, headers=_FORM, allow_redirects=False) as response,
            ):
                body = await read_body(response, LARGEST_ANSWER)
        except WIRE_FAULTS as fault:
            return verdict_of_fault(fault, self._base.host or "", self._timeout)
        if 200 <= response.status < 300:
            if self._keep(body, asked_at):
                return None
            return judge_status(
                response.status, {}, None, now=time.time()
            )  # not its text: it may hold a token
        headers: Mapping[str, str] = response.headers
        for secret in (self._client_secret, self._refresh_token):
            body, headers = secret.hide_in_bytes(body or b""), secret.hide_in_headers(headers)
        verdict = judge_status(response.status, headers, body, now=time.time())
        if verdict.kind in (Kind.REFUSED, Kind.ACCOUNT):
            raise _refusal(verdict)
        return verdict

    def _keep(self, body: bytes | None, asked_at: float) -> bool:
        """Take the token over from an answer; False where there is none in it."""
        answer = decode(body) or {}
        access, life = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(access, str) or not re.fullmatch(r"[!-~]+", access):
            return False
        seconds = float(life) if isinstance(life, int | float) and life > 0 else DEFAULT_LIFE
        self._access = Secret(access)
        self._renew_at, self._ends_at = asked_at + RENEW_AT * seconds, asked_at + seconds
        return True


def _refusal(verdict: Verdict) -> Stopped:
    if verdict.reason == "redirect":
        return Stopped("redirect", f"No access token: {verdict.message}", verdict.hint)
    return Stopped(
        "token_refused",
        f"HubSpot gives no access token: HTTP {verdict.http_status}, {one_line(verdict.message, 300)}",
        "Check HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN: the app may have been "
        "uninstalled from the account, or the refresh token replaced.",
    )
