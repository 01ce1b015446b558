"""The pace of batch calls, which HubSpot does not count in its rolling window."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from math import inf

from loader.pace.ceiling import Ceiling
from loader.pace.headers import Quota, read_limits
from loader.pace.pause import Pause, Throttling
from loader.pace.permit import PaceReading, Permit, Watch

#: Requests at once: to begin with, and never fewer or more than.
_FIRST, _FEWEST, _MOST = 4.0, 1.0, 16.0
#: How fast the two averages of the latency follow: the late answers against those of the whole run.
_LATELY, _IN_ALL = 0.2, 0.02
#: Late answers that take so many times longer mean that the server has enough to do.
_SLOWER = 1.5
_LESS_WHEN_SLOWER, _LESS_WHEN_THROTTLED = 0.9, 0.5
#: No pause after a 429 is longer than this unless it is asked for.
_INTERVAL = 10.0


class Concurrency:
    """A `Pacer` that bounds how many requests are under way at once, and finds the bound by itself.

    One more each time that as many answers have come in as may be under way; a tenth less when answers slow
    down, half after a 429 (once for a burst of them). `quota`, `pause` and `ceiling` (None: there is no
    other bound) are shared with the run's other pacers.
    """

    def __init__(
        self,
        quota: Quota | None = None,
        watch: Watch | None = None,
        pause: Pause | None = None,
        ceiling: Ceiling | None = None,
    ) -> None:
        self.quota = quota or Quota()
        self._watch = watch
        self._pause = pause or Pause(watch)
        self._throttling = Throttling(self._pause)
        self._ceiling = ceiling
        self._allowance = _FIRST
        self._flying = 0
        self._requests = 0
        self._waiting: deque[asyncio.Future[Permit]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._lately = self._in_all = 0.0

    async def acquire(self) -> Permit:
        """Wait until one more request may be sent; first come, first served."""
        loop = asyncio.get_running_loop()
        if self._waiting or self._blocked_until(loop.time()) is not None:
            place: asyncio.Future[Permit] = loop.create_future()
            self._waiting.append(place)
            self._call_up()
            try:
                return await place
            except asyncio.CancelledError:
                if place.done() and not place.cancelled():  # called up in the same moment
                    self.lost(place.result())
                    self._requests -= 1
                raise
        return self._send(loop.time())

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Take note of any HTTP answer but a short-term 429."""
        latency = asyncio.get_running_loop().time() - permit.sent
        self._throttling.relieve(permit.sent)
        if self._ceiling is not None:
            self._ceiling.learn(permit.sent + latency, latency)
        self._lately += (latency - self._lately) * (_LATELY if self._lately else 1.0)
        self._in_all += (latency - self._in_all) * (_IN_ALL if self._in_all else 1.0)
        if self._lately > _SLOWER * self._in_all:
            self._set(self._allowance * _LESS_WHEN_SLOWER)
            self._lately = self._in_all  # what made it slower shows in the next answers first
        else:
            self._set(self._allowance + 1 / self._allowance)
        self._land(permit, headers)

    def throttled(self, permit: Permit, headers: Mapping[str, str], retry_after: float | None) -> None:
        """Take note of a short-term 429: everyone pauses, for `retry_after` seconds where it says so."""
        now = asyncio.get_running_loop().time()
        if self._throttling.throttled(now, permit.sent, retry_after, _INTERVAL):
            self._set(self._allowance * _LESS_WHEN_THROTTLED)
            if self._watch is not None:
                self._watch("concurrency", {"requests": int(self._allowance)})
        self._land(permit, headers)

    def lost(self, permit: Permit) -> None:
        """Take note that no answer will come."""
        self._land(permit, {})

    def release(self, permit: Permit) -> None:
        """Give back a permit that was not used."""
        self._requests -= 1
        self.lost(permit)

    def pause(self, seconds: float, reason: str) -> None:
        """Let nobody send for `seconds` from now. Never shortens a pause that is under way."""
        self._pause.begin(asyncio.get_running_loop().time(), seconds, reason)

    @property
    def reading(self) -> PaceReading:
        """How things stand now; to be read inside the running loop. There is no limit per interval."""
        paused_for = self._pause.left(asyncio.get_running_loop().time())
        return PaceReading(
            limit=None,
            interval=inf,
            allowance=int(self._allowance),
            in_window=self._flying,
            requests=self._requests,
            daily_limit=self.quota.limit,
            daily_remaining=self.quota.remaining,
            paused_for=paused_for,
            pause_reason=self._pause.reason if paused_for else "",
        )

    def _blocked_until(self, now: float) -> float | None:
        """When to look again whether a request may go (inf: when one has ended); None: it may go now."""
        if self._flying >= int(self._allowance):
            return inf
        if self._pause.until > now:
            return self._pause.until
        return self._ceiling.full_until(now) if self._ceiling is not None else None

    def _send(self, now: float) -> Permit:
        self._flying += 1
        self._requests += 1
        slot = self._ceiling.send(now) if self._ceiling is not None else 0
        return Permit(self._requests, now, self._flying, slot=slot)

    def _set(self, allowance: float) -> None:
        self._allowance = min(max(allowance, _FEWEST), _MOST)

    def _land(self, permit: Permit, headers: Mapping[str, str]) -> None:
        self._flying -= 1
        if self._ceiling is not None:
            self._ceiling.land(permit.slot, asyncio.get_running_loop().time())
        self.quota.learn(read_limits(headers))
        self._call_up()

    def _call_up(self) -> None:
        """Let those go whose turn it is, and come back when a pause ends or the ceiling has room."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._waiting and (wake := self._blocked_until(now)) is None:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(self._send(now))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting and wake is not None and wake < inf:
            self._timer = loop.call_at(wake, self._call_up)
