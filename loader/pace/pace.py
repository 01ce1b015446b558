"""The pace of requests that HubSpot counts in its rolling window."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from math import inf

from aiolimiter import AsyncLimiter

from loader.pace.budget import Budget
from loader.pace.ceiling import Ceiling
from loader.pace.headers import NOTHING, Limits, Quota, read_limits
from loader.pace.latency import LeastLatency
from loader.pace.pause import Pause, Throttling
from loader.pace.permit import PaceReading, Permit, Watch
from loader.pace.rate import Rate
from loader.pace.window import Window

#: HubSpot's lowest limit: what holds until an answer says more (developers' guide, usage guidelines).
LOWEST_TIER = Rate(100, 10.0)

#: The share of an interval that everyone waits for the first answer.
_PROBE_SHARE = 0.5
#: Sends are spaced a little closer than the limit asks, so that a delay can be made up for.
_SPACING = 0.85
#: Slots come free irregularly, since answers do; so many may be used at once, else each of them costs a wait.
_BURST = 2
#: Below this spacing, in seconds, requests come evenly by themselves, and a limiter only costs.
_SHORTEST_SPACING = 0.001
#: A pace that changes by less than this does not need a new limiter, nor a line in the log.
_NOTABLE = 0.1


class Pace:
    """Lets requests go so that no rolling window overflows and as little of it as possible stays empty.

    **Why no window can overflow.** HubSpot counts a request somewhere between sending and answer. A slot is
    taken when a request is sent, and comes free one interval after its *answer*. So when a request goes out,
    whatever the server may still have in its window holds a slot, and there are no more slots than the limit.
    That assumes nothing about the way of a request. Two refinements give back what it wastes:

    - A request is counted no sooner than its way out after sending, and its predecessor no later than its
      way back before the answer. Both together are about the least latency, and a slot comes free so much
      earlier. Assumed: no pair of requests beats, with both halves at once, the least latency of the last two
      intervals.
    - Where answers carry `Remaining`, the server tells how full its window is, and we know how many of our
      own sends led to that. Where the difference has been the same, but for a request or two, over three
      intervals (or all answers yet, at least 50 of them after the first interval), requests are counted as
      they are sent. Then one may also go when the sends of the last interval, plus the largest difference,
      plus a margin stay below the limit. Assumed: arrivals go on like that, and differ by less than 25 ms.
      `Remaining: 0` widens the margin.

    A request that has been under way for a whole interval is presumed to have been counted by then.

    What others have in the window is taken off the slots, and whoever holds more than half of the limit
    leaves some free, so that two loaders on one token come to hold half each (`Budget`). aiolimiter spaces
    the sends evenly inside the window, so that no burst comes back every interval.

    `cap` is an upper bound, kept by the same two rules (None: the account's limit decides). `reserve` is
    the percentage of the limit to leave to others. `watch` is told of decisions.
    All times are seconds on the running loop's clock.
    """

    def __init__(
        self,
        *,
        cap: Rate | None = None,
        reserve: float = 0.0,
        watch: Watch | None = None,
    ) -> None:
        start = cap or LOWEST_TIER
        self.quota = Quota()
        self._advisor = Budget(start.requests, start.seconds, reserve)
        self._window = Window(start.seconds)
        self._ceiling = Ceiling(cap) if cap else None
        self._latency = LeastLatency()
        self._pause = Pause(watch)
        self._throttling = Throttling(self._pause)
        self._watch = watch
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()
        self._sleeper: asyncio.Future[None] | None = None
        self._requests = self._permits = 0
        self._probed = False
        self._limiter: AsyncLimiter | None = None
        self._spaced_for = 0.0
        # A pace too fast to be spaced is not reckoned anew at each request: so many certainly still fit, and
        # as long as nobody else shares the limit, answers that come sooner than this have no news.
        self._credit = 0
        self._listen_at = 0.0
        self._slot = 0  # our latest one under the ceiling
        self._space()

    async def acquire(self) -> Permit:
        """Wait until one more request fits into every window; first come, first served."""
        loop = self._loop
        if loop is None:
            # Looked up once: up to Python 3.11 it costs a system call.
            loop = self._loop = asyncio.get_running_loop()
        if self._credit and not self._turn.locked():
            now = loop.time()
            if self._pause.until <= now:
                self._credit -= 1
                return self._send(now)
        async with self._turn:
            while True:
                now = loop.time()
                wake = self._blocked_until(now)
                if wake is not None:
                    await self._sleep(loop, wake)
                    continue
                limiter = self._limiter
                if limiter is None:
                    self._credit = self._room(now) - 1
                    return self._send(now)
                if limiter.has_capacity():
                    await limiter.acquire()
                    return self._send(now)
                await limiter.acquire()
                now = loop.time()
                if self._blocked_until(now) is None:  # a pause may have begun meanwhile
                    return self._send(now)

    def answered(self, permit: Permit, headers: Mapping[str, str]) -> None:
        """Take note of any HTTP answer but a short-term 429."""
        now = self._land(permit)
        if self._limiter is not None or now >= self._listen_at or not self._advisor.alone:
            self._listen_at = now + _SHORTEST_SPACING
            self._latency.learn(now, now - permit.sent, self._window.interval)
            if self._ceiling is not None:
                self._ceiling.learn(now, now - permit.sent)
            self._throttling.relieve(permit.sent)
            self._learn(now, permit, read_limits(headers))
            self._room(now)  # which forgets old answers, where the next sends need not ask
        elif self.quota.remaining:
            self.quota.remaining -= 1  # until the next answer tells
        if self._sleeper is not None:
            self._wake()

    def throttled(self, permit: Permit, headers: Mapping[str, str], retry_after: float | None) -> None:
        """Take note of a short-term 429 (`retry_after` in seconds, None where the answer does not say).

        Its slot stays taken as after any answer: rejected requests may count as well. The first of a burst
        pauses everyone and lowers the pace by a tenth, which comes back over the next windows.
        """
        now = self._land(permit)
        self._learn(now, permit, read_limits(headers))
        self._wake()
        if self._throttling.throttled(now, permit.sent, retry_after, self._window.interval):
            self._advisor.step_down(now, permit.own)
            self._credit = 0
            self._space()

    def lost(self, permit: Permit) -> None:
        """Take note that no answer will come; the server may have counted the request up to now."""
        self._land(permit)
        self._wake()

    def release(self, permit: Permit) -> None:
        """Give back a permit that was not used: its slot is free at once, and nothing counts as sent."""
        self._window.release(permit.number, permit.sent)
        if self._ceiling is not None:
            self._ceiling.release(permit.slot, permit.sent)
        self._requests -= 1
        self._wake()

    def pause(self, seconds: float, reason: str) -> None:
        """Let nobody send for `seconds` from now. Never shortens a pause that is under way."""
        self._pause.begin(asyncio.get_running_loop().time(), seconds, reason)

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._requests

    @property
    def reading(self) -> PaceReading:
        """How things stand now; to be read inside the running loop."""
        now = asyncio.get_running_loop().time()
        advisor = self._advisor
        paused_for = self._pause.left(now)
        allowance = self._bounded(self._allowance)
        held = self._ceiling is not None and allowance < self._allowance
        return PaceReading(
            limit=advisor.limit if advisor.known else None,
            interval=advisor.interval,
            allowance=allowance,
            in_window=self._window.sent(now),
            requests=self._requests,
            daily_limit=self.quota.limit,
            daily_remaining=self.quota.remaining,
            paused_for=paused_for,
            pause_reason=self._pause.reason if paused_for else "",
            why_less="--rate" if held else advisor.why_less,
        )

    @property
    def _allowance(self) -> int:
        return max(self._advisor.by_answer, self._advisor.by_send)

    def _bounded(self, allowance: int) -> int:
        """So many requests per interval as the ceiling lets through of the `allowance`."""
        if self._ceiling is None:
            return allowance
        bound = self._ceiling.rate.requests * self._advisor.interval / self._ceiling.rate.seconds
        return max(1, min(allowance, round(bound)))

    def _send(self, now: float) -> Permit:
        self._requests += 1
        self._permits = number = self._permits + 1
        window, advisor = self._window, self._advisor
        by_send = advisor.by_send > 0 and window.held(now, self._latency.bound) >= advisor.by_answer
        window.send(number, now)
        if self._ceiling is not None:
            self._slot = self._ceiling.send(now)
        return Permit(number, now, window.sent(now), by_send, self._slot)

    def _room(self, now: float) -> int:
        """How many requests fit by their answers alone; it only grows until something is learned or sent."""
        room = self._advisor.by_answer - self._window.held(now, self._latency.bound)
        if self._ceiling is not None:
            room = min(room, self._ceiling.room(now))
        return max(1, room)

    def _land(self, permit: Permit) -> float:
        assert self._loop is not None, "a permit comes from acquire"
        now = self._loop.time()
        self._probed = True
        self._window.land(permit.number, now)
        if self._ceiling is not None:
            self._ceiling.land(permit.slot, now)
        return now

    def _learn(self, now: float, permit: Permit, limits: Limits) -> None:
        if limits is NOTHING:
            return
        self._credit = 0
        self.quota.learn(limits)
        own = self._window.sent(now)
        if self._advisor.learn(now, limits, permit, own):
            self._window.interval = self._advisor.interval
            self._tell("limit", requests=self._advisor.limit, seconds=self._advisor.interval)
        self._space()

    def _blocked_until(self, now: float) -> float | None:
        """When to look again whether a request may go; None: it may go now."""
        if self._pause.until > now:
            return self._pause.until
        if not self._probed and self._requests:
            # The first request goes alone: its answer tells the limit. A slow one is not waited for.
            probe_ends = self._window.oldest + self._window.interval * _PROBE_SHARE
            if probe_ends > now:
                return probe_ends
            self._probed = True
        self._advisor.refresh(now)
        advisor, latency = self._advisor, self._latency.bound
        wake = self._window.full_until(now, latency, advisor.by_answer, advisor.by_send)
        if wake is None and self._ceiling is not None:
            return self._ceiling.full_until(now, by_send=advisor.by_send > 0)
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
        """Space the sends for the pace as it now is; a new pace needs a new limiter."""
        pace = self._advisor.spread
        if abs(pace - self._spaced_for) < max(1, _NOTABLE * self._spaced_for):
            return
        self._spaced_for = pace
        self._tell("pace", requests=round(pace), seconds=self._advisor.interval)
        spacing = self._advisor.interval / pace
        if self._ceiling is not None:
            spacing = max(spacing, self._ceiling.rate.seconds / self._ceiling.rate.requests)
        spacing *= _SPACING
        burst = max(1, round(_BURST * pace / self._advisor.limit))
        self._limiter = AsyncLimiter(burst, spacing * burst) if spacing >= _SHORTEST_SPACING else None

    def _tell(self, event: str, **details: object) -> None:
        if self._watch is not None:
            self._watch(event, details)
