"""When each request of a run may go out: HubSpot's rolling window, used in full and never overfilled."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from math import ceil, inf
from typing import NamedTuple

from aiolimiter import AsyncLimiter

from loader.pace.budget import Budget
from loader.pace.headers import NOTHING, DailyUsage, RateLimits, read_limits
from loader.pace.pause import Pause, Watch
from loader.pace.rate import LOWEST_TIER, Rate
from loader.pace.window import Window

#: How long the first answer, which tells the limit, is waited for, as a share of the interval.
_PROBE_SHARE = 0.5
#: Requests are spaced closer than the limit asks, by this factor, to make up for delays.
_CLOSER = 0.85
#: Timers are no finer than this, in seconds: what is due within it goes out at once.
_TICK = 0.002
#: Spacing that changes by less than this share needs no new limiter, nor a line in the log.
_NOTABLE = 0.1
#: By how many seconds a request may arrive later than its send time suggests, if the answers show no jitter.
_JITTER = 0.025
#: The same under the cap: no answer tells whether we keep to it.
_CAP_JITTER = 0.1


class Permit(NamedTuple):
    """Leave to send one request now."""

    number: int  # no other permit of this pace has it
    sent: float  # seconds on the loop's clock
    own: int  # our own requests in the window that ends with this one, itself included


class PaceReading(NamedTuple):
    """The pace at one moment. Times in seconds; None: not known (yet)."""

    limit: int | None  # requests per interval that the account allows
    interval: float
    allowance: int  # requests per interval that the pace takes for itself now
    in_window: int  # of these, in use now
    requests: int  # sent so far
    daily_limit: int | None
    daily_remaining: int | None
    paused_for: float  # 0: not paused
    pause_reason: str
    why_less: str = ""  # why the allowance is lower than the limit; empty if only a margin is kept


class Pace:
    """One for all requests of a run. Each permit is handed back once, in one of four ways.

        pace = Pace(cap=Rate(50, 10.0))
        permit = await pace.acquire()
        async with session.put(url) as response:
            pace.answered(permit, response.headers)  # or `throttled`, `lost`, `release`

    **Why no window can overflow.** HubSpot counts a request at some moment between sending and answer. A
    request takes a slot when it is sent and gives it back one interval after its *answer*, and there are no
    more slots than the limit. So when a request goes out, every request that the server may still count with
    it holds a slot, however long it is under way. That leaves a slot unused for as long as an answer takes.
    If `Remaining` in the answers proves that the server counts requests as they are sent, a slot is free
    one interval after *sending*, with a margin for jitter (`ForeignUsage`).

    What others use is subtracted from the slots (`Budget`). aiolimiter spaces the requests inside the window,
    so that no burst recurs in every interval.

    Attributes:
        quota: the daily limit as the latest answer gave it.
        requests: how many requests were sent so far.
    """

    def __init__(self, *, cap: Rate | None = None, reserve: float = 0.0, watch: Watch | None = None) -> None:
        """`cap` is the highest rate; until an answer tells the account's limit, it is also the rate used.

        `reserve` is the percentage of the limit to leave to others. `watch` is told of decisions.
        """
        start = cap or LOWEST_TIER
        self.quota = DailyUsage()
        self.requests = 0
        self._cap, self._watch = cap, watch
        self._budget = Budget(start.requests, start.seconds, reserve)
        self._window = Window(start.seconds, _JITTER)
        self._cap_window = Window(start.seconds, _CAP_JITTER)
        self._windows = [self._window, self._cap_window] if cap else [self._window]
        self._pause = Pause(watch)
        self._turn = asyncio.Lock()
        self._sleeper: asyncio.Future[None] | None = None
        self._permits = 0
        self._probed = False
        self._spacing = inf
        self._space()

    async def acquire(self) -> Permit:
        """Wait until one more request fits into every window; first come, first served."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            await self._limiter.acquire()
            while (wake := self._blocked_until(loop.time())) is not None:
                await self._sleep(loop, wake)
            now = loop.time()
            self.requests += 1
            self._permits += 1
            own = [window.start(self._permits, now) for window in self._windows]
            return Permit(self._permits, now, own[0])

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Take note of any HTTP answer but a short-term 429."""
        now = self._end(permit)
        self._pause.answered(permit.sent)
        self._learn(now, permit, read_limits(headers), rejected=False)

    def throttled(self, permit: Permit, headers: Mapping[str, str], retry_after: float | None) -> None:
        """Take note of a short-term 429; `retry_after` is in seconds, None if the answer does not say.

        Its slot stays taken as after any answer: rejected requests may count as well. The first of a burst
        pauses everyone and lowers the pace by a tenth, which comes back when answers show room.
        """
        now = self._end(permit)
        self._learn(now, permit, read_limits(headers), rejected=True)
        if self._pause.throttled(now, permit.sent, retry_after, self._window.interval):
            self._budget.step_down(now, permit.own)
            self._space()

    def lost(self, permit: Permit) -> None:
        """Take note that no answer will come; the server may have counted the request up to now."""
        self._end(permit)

    def release(self, permit: Permit) -> None:
        """Give back a permit that was not used: its slot is free at once, and nothing counts as sent."""
        for window in self._windows:
            window.release(permit.number)
        self.requests -= 1
        self._wake()

    def pause(self, seconds: float, reason: str) -> None:
        """Let no request go out for `seconds` from now. A longer pause that has begun stays."""
        self._pause.begin(asyncio.get_running_loop().time(), seconds, reason)

    @property
    def reading(self) -> PaceReading:
        """The pace as it is now; to be read inside the running loop."""
        now = asyncio.get_running_loop().time()
        budget = self._budget
        most = allowance = max(budget.by_answer, budget.by_send)
        if self._cap is not None:
            capped = round(self._cap.requests * budget.interval / self._cap.seconds)
            allowance = max(1, min(most, capped))
        paused_for = self._pause.left(now)
        return PaceReading(
            limit=budget.limit if budget.known else None,
            interval=budget.interval,
            allowance=allowance,
            in_window=self._window.sent(now),
            requests=self.requests,
            daily_limit=self.quota.limit,
            daily_remaining=self.quota.remaining,
            paused_for=paused_for,
            pause_reason=self._pause.reason if paused_for else "",
            why_less="--rate" if allowance < most else budget.why_less,
        )

    def _end(self, permit: Permit) -> float:
        """Note that a request has ended, now, with or without an answer."""
        now = asyncio.get_running_loop().time()
        for window in self._windows:
            window.end(permit.number, now)
        self._probed = True
        self._wake()
        return now

    def _learn(self, now: float, permit: Permit, limits: RateLimits, *, rejected: bool) -> None:
        if limits is NOTHING:
            return
        self.quota.learn(limits)
        own = permit.own, self._window.sent(now)
        if self._budget.learn(now, limits, own, latency=now - permit.sent, rejected=rejected):
            self._window.interval = self._budget.interval
            self._tell("limit", requests=self._budget.limit, seconds=self._budget.interval)
        self._space()

    def _blocked_until(self, now: float) -> float | None:
        """When to check again whether a request may go out; None if it may go out now."""
        if self._pause.until > now:
            return self._pause.until
        if not self._probed and self.requests:
            # The first request goes alone: its answer tells the limit. A slow answer is not waited for.
            probe_ends = self._window.oldest + self._window.interval * _PROBE_SHARE
            if probe_ends > now:
                return probe_ends
            self._probed = True
        budget = self._budget
        budget.recover(now)
        wake = self._window.full_until(now, budget.by_answer, budget.by_send)
        if wake is None and self._cap is not None:
            by_send = self._cap.requests if budget.by_send else 0
            wake = self._cap_window.full_until(now, self._cap.requests, by_send)
        return wake

    async def _sleep(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        """Wait until `until`, or until something is learned. Only the first in the queue gets here."""
        self._sleeper = loop.create_future()
        timer = loop.call_at(until, self._wake) if until < inf else None
        try:
            await self._sleeper
        finally:
            self._sleeper = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    def _space(self) -> None:
        """Space the requests for the pace as it is now; a new pace needs a new limiter."""
        spacing = self._budget.spacing
        if self._cap is not None:
            spacing = max(spacing, self._cap.seconds / self._cap.requests)
        if abs(spacing - self._spacing) < _NOTABLE * self._spacing:
            return
        self._spacing = spacing
        self._tell("pace", requests=round(self._budget.interval / spacing), seconds=self._budget.interval)
        at_once = ceil(_TICK / spacing)
        self._limiter = AsyncLimiter(at_once, _CLOSER * spacing * at_once)

    def _tell(self, event: str, **details: object) -> None:
        if self._watch is not None:
            self._watch(event, details)
