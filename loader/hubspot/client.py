"""HubSpot as the loader sees it: a request goes out when the pace allows it, and a verdict comes back."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Coroutine, Mapping
from math import inf
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias, TypeVar

import aiohttp
import orjson
from aiohttp.hdrs import AUTHORIZATION
from multidict import CIMultiDict

from loader.errors import Stopped, UsageError
from loader.hubspot.credentials import Credentials
from loader.hubspot.headers import correlation_id
from loader.hubspot.oauth import RenewalError
from loader.hubspot.outcome_table import judge, judge_status
from loader.hubspot.secret import BearerHeader, Secret
from loader.hubspot.transport import ANSWER_LIMIT, endpoint, open_session, parse_base_url, read_body
from loader.hubspot.verdict import Kind, Verdict
from loader.hubspot.wire_errors import WIRE_ERRORS, broken_off, verdict_of_error
from loader.model import Pair
from loader.pace import Pace, Permit

#: What a request path consists of: names, IDs and slashes, so that no ID or type can lead elsewhere.
_PATH = re.compile(r"(?:/[A-Za-z0-9_-]+)+")
_PAIR = re.compile(r"[A-Za-z0-9_-]+/[0-9]+/associations/default/[A-Za-z0-9_-]+/[0-9]+")


class Answer(NamedTuple):
    """A whole answer: status, headers (looked up without regard to case) and decompressed body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def correlation_id(self) -> str:
        """HubSpot's correlation ID, safe for any file; '' if there is none."""
        return correlation_id(self.headers)


#: Called when a request has its permit, right before it starts; an exception keeps it from starting.
Admit: TypeAlias = Callable[[], None]


class _Call(NamedTuple):
    method: str
    path: str
    data: bytes | None
    limit: int
    row: int
    admit: Admit | None


_Read = TypeVar("_Read", bound=Answer | Verdict)
#: Turns status, headers and body (None: broken off or cut off) into what the caller wants.
_Reader = Callable[[int, Mapping[str, str], bytes | None], _Read]


class HubSpot:
    """A connection pool to one HubSpot account; an async context manager.

    in_flight  requests that were sent and have no answer yet
    heard      the latest send time of an answered request, on the loop's clock; -inf before any answer
    version    the dated API version, for the paths of `request`

    Each request gets a permit from the pace, and afterwards tells it exactly once whether an answer came, a
    short-term 429, or nothing. Requests are not retried here, with one exception: if HubSpot calls an OAuth
    token expired, the token is renewed and the request sent once more.

        async with HubSpot(base_url, "2025-09", credentials, Pace()) as hubspot:
            verdict = await hubspot.associate(pair)
    """

    def __init__(
        self,
        base_url: str,
        version: str,
        credentials: Credentials,
        pace: Pace,
        *,
        timeout: float = 30.0,
        workers: int = 100,
        log: Callable[[dict[str, Any]], None] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`timeout` is in seconds, for one request and everything in it; `workers` bounds the connections.

        `log` gets a dictionary for each request. `clock` gives Unix time. Raises UsageError for a base URL
        that must not get the token, and for an invalid version.
        """
        if not re.fullmatch(r"[A-Za-z0-9-]+", version):
            raise UsageError(f"The API version {version!r} is none.", "Give one like 2025-09.")
        self.version = version
        self.in_flight = 0
        self.heard = -inf
        self._base = parse_base_url(base_url)
        self._objects = f"/crm/objects/{version}/"
        self._credentials, self._pace = credentials, pace
        self._timeout, self._workers = timeout, workers
        self._log, self._clock = log, clock
        self._token: Secret | None = None
        self._authorization: CIMultiDict[str] = CIMultiDict()

    async def __aenter__(self) -> Self:
        self._session = open_session(self._base, timeout=self._timeout, connections=self._workers)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def associate(self, pair: Pair, admit: Admit | None = None) -> Coroutine[Any, Any, Verdict]:
        """Create the default association of `pair` with one idempotent request.

        Raises Stopped if OAuth is refused a token, and what `admit` raises. Anything else, network errors
        included, is a verdict.
        """
        names = f"{pair.from_type}/{pair.from_id}/associations/default/{pair.to_type}/{pair.to_id}"
        if not _PAIR.fullmatch(names):
            raise ValueError(f"not a path of names and IDs: {names!r}")
        call = _Call("PUT", self._objects + names, None, ANSWER_LIMIT, pair.row, admit)
        return self._perform(
            call, lambda status, headers, body: judge(status, headers, body, pair, now=self._clock())
        )

    async def answers(self, admit: Admit | None = None) -> bool:
        """Whether HubSpot answers a question that has nothing to do with any pair.

        Raises as `associate`, and Stopped if the answer refuses the token or names another data centre.
        """
        answer = await self.request("GET", f"/account-info/{self.version}/details", admit=admit)
        if isinstance(answer, Verdict) and answer.kind is Kind.ACCOUNT and answer.http_status in (401, 488):
            raise Stopped(answer.reason, answer.message, answer.hint)
        return isinstance(answer, Answer) or answer.http_status > 0

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        limit: int = ANSWER_LIMIT,
        row: int = 0,
        admit: Admit | None = None,
    ) -> Answer | Verdict:
        """Send any other call once: a whole 2xx answer comes back as it is, everything else as a verdict.

        `path` begins with a slash and holds names and IDs only (else ValueError). `json` is the body, None
        for none. An answer of more than `limit` bytes is cut off. `row` is for the log. Raises as `associate`
        does.
        """
        if not _PATH.fullmatch(path):
            raise ValueError(f"not a path of names and IDs: {path!r}")

        def whole(status: int, headers: Mapping[str, str], body: bytes | None) -> Answer | Verdict:
            if body is not None and 200 <= status < 300:
                return Answer(status, headers, body)
            return judge_status(status, headers, body, now=self._clock())

        data = None if json is None else orjson.dumps(json)
        return await self._perform(_Call(method, path, data, limit, row, admit), whole)

    async def _perform(self, call: _Call, read: _Reader[_Read]) -> _Read | Verdict:
        """Send, and once more if HubSpot calls the token expired and OAuth gets another."""
        try:
            token, result = await self._perform_once(call, read)
            expired = isinstance(result, Verdict) and result.category == "EXPIRED_AUTHENTICATION"
            if expired and await self._credentials.renew(token):
                _, result = await self._perform_once(call, read)
        except RenewalError as failure:
            return failure.verdict
        return result

    async def _perform_once(self, call: _Call, read: _Reader[_Read]) -> tuple[Secret, _Read | Verdict]:
        permit = await self._pace.acquire()
        try:
            # After the permit, which may take hours (a daily limit): the token must be valid now.
            token = self._credentials.current or await self._credentials.token()
            if call.admit is not None:
                call.admit()
        except BaseException:
            self._pace.release(permit)
            raise
        return token, await self._send(call, permit, token, read)

    async def _send(
        self, call: _Call, permit: Permit, token: Secret, read: _Reader[_Read]
    ) -> _Read | Verdict:
        """Send once, and report the result to the pace and the log."""
        sent_at = time.perf_counter()
        if token is not self._token:
            # Not in the session's own headers: aiohttp sends those to a proxy as well, before there is TLS.
            self._token, self._authorization = token, CIMultiDict({AUTHORIZATION: BearerHeader(token)})
        url = endpoint(self._base, call.path)
        response: aiohttp.ClientResponse | None = None
        body: bytes | None = None
        fault: Exception | None = None
        self.in_flight += 1
        try:
            response = await self._session.request(
                call.method, url, data=call.data, headers=self._authorization, allow_redirects=False
            )
            if permit.sent > self.heard:
                self.heard = permit.sent
            if response.status != 429:  # of a 429, only the body tells which limit it is
                self._pace.answered(permit, response.headers)
            body = await read_body(response, call.limit)
        except WIRE_ERRORS as why:
            fault = why
        except BaseException:
            if response is not None:
                response.close()
            if response is None or response.status == 429:
                self._pace.lost(permit)
            raise
        finally:
            self.in_flight -= 1
        result: _Read | Verdict
        if response is not None:
            try:
                result = self._understand(permit, token, response, body, fault, read)
            except Exception as error:  # a bug in the loader; any answer must still have a verdict
                if response.status == 429:
                    self._pace.answered(permit, response.headers)
                what = f"The answer can't be interpreted ({type(error).__name__})"
                result = Verdict(Kind.TRANSIENT, response.status, "UNREADABLE_ANSWER", what)
        else:
            self._pace.lost(permit)
            waited = time.perf_counter() - sent_at
            result = verdict_of_error(fault or TimeoutError(), url.host or "", self._timeout)._replace(
                waited=waited
            )
        if self._log is not None:
            self._log(_attempt(call, result, time.perf_counter() - sent_at))
        return result

    def _understand(
        self,
        permit: Permit,
        token: Secret,
        response: aiohttp.ClientResponse,
        body: bytes | None,
        fault: Exception | None,
        read: _Reader[_Read],
    ) -> _Read | Verdict:
        """What an answer means; a `fault` may have broken off its `body`."""
        status = response.status
        headers: Mapping[str, str] = response.headers
        result: _Read | Verdict = read(status, headers, body)
        # A server or proxy may echo the request, and the report would then show the token. A success is
        # searched for the token. Anything else may show a part of it, so it is read again without the token.
        if not (
            isinstance(result, Verdict)
            and result.kind is Kind.SUCCESS
            and not token.is_in(f"{result.association_types}\n{result.correlation_id}")
        ):
            headers = token.hide_in_headers(headers)
            result = read(status, headers, body and token.hide_in_bytes(body))
        if status == 429:
            if isinstance(result, Verdict) and result.kind is Kind.THROTTLED:
                self._pace.throttled(permit, headers, result.retry_after)
            else:
                self._pace.answered(permit, headers)
        if fault is not None:
            response.close()
            if isinstance(result, Verdict):
                return broken_off(result, fault, self._timeout)
        return result


def _attempt(call: _Call, result: Answer | Verdict, seconds: float) -> dict[str, Any]:
    """The log's line about one request, without headers and bodies."""
    verdict = result if isinstance(result, Verdict) else Verdict(Kind.SUCCESS, result.status)
    return {
        "event": "request",
        "method": call.method,
        "path": call.path,
        "row": call.row,
        "status": verdict.http_status,
        "kind": verdict.kind.value,
        "category": verdict.category,
        "milliseconds": round(seconds * 1000, 1),
        "correlation_id": verdict.correlation_id,
    }
