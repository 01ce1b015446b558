"""A server that enforces a window exactly, and clients for it: what the pace is measured against.

It knows only asyncio's clock, so it runs in virtual time (`tests.support.clock`) as in real time.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Literal, Protocol

from loader.pace import Pace

#: Seconds for one leg of a request's way, drawn anew for each request.
Delay = Callable[[], float]


class Service(Protocol):
    """Whatever takes requests and enforces a limit on them."""

    log: Log

    async def request(self, client: str) -> tuple[bool, Mapping[str, str]]:
        """Serve one request of `client`: whether it was accepted, and the headers of the answer."""


class Log:
    """When requests were accepted and rejected, by client, in seconds on the loop's clock."""

    def __init__(self) -> None:
        self.accepted: dict[str, list[float]] = {}
        self.rejected: dict[str, list[float]] = {}

    def note(self, client: str, now: float, accepted: bool) -> None:
        """Note one request, in the order of time."""
        (self.accepted if accepted else self.rejected).setdefault(client, []).append(now)

    def accepted_between(self, client: str, start: float, end: float) -> int:
        """How many requests of `client` were accepted between two times."""
        times = self.accepted.get(client, [])
        return bisect_right(times, end) - bisect_right(times, start)

    def rejected_between(self, client: str, start: float, end: float) -> int:
        """How many requests of `client` were rejected between two times."""
        times = self.rejected.get(client, [])
        return bisect_right(times, end) - bisect_right(times, start)


@dataclass
class WindowServer:
    """Counts each request `before()` seconds after it was sent and answers `after()` seconds later.

    `window` is `rolling` (the last `interval` seconds) or `fixed` (multiples of `interval`). Rejected
    requests count in the window too if `count_rejected`. `headers` off: answers tell nothing.
    """

    limit: int = 190
    interval: float = 10.0
    window: Literal["rolling", "fixed"] = "rolling"
    before: Delay = lambda: 0.05
    after: Delay = lambda: 0.05
    count_rejected: bool = False
    headers: bool = True
    tells_late: bool = False
    log: Log = field(default_factory=lambda: Log())
    _taken: deque[float] = field(default_factory=deque)

    async def request(self, client: str) -> tuple[bool, Mapping[str, str]]:
        """Serve one request of `client`: whether it was accepted, and the headers of the answer."""
        await asyncio.sleep(self.before())
        now = asyncio.get_running_loop().time()
        accepted = self._count(now)
        self.log.note(client, now, accepted)
        remaining = max(0, self.limit - len(self._taken))
        await asyncio.sleep(self.after())
        if self.tells_late:
            self._forget(asyncio.get_running_loop().time())
            remaining = max(0, self.limit - len(self._taken))
        if not self.headers:
            return accepted, {}
        return accepted, {
            "X-HubSpot-RateLimit-Max": str(self.limit),
            "X-HubSpot-RateLimit-Remaining": str(remaining),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self.interval * 1000)),
        }

    def _count(self, now: float) -> bool:
        self._forget(now)
        accepted = len(self._taken) < self.limit
        if accepted or self.count_rejected:
            self._taken.append(now)
        return accepted

    def _forget(self, now: float) -> None:
        start = now - now % self.interval if self.window == "fixed" else now - self.interval
        # Half a microsecond forgives what adding floats loses.
        while self._taken and self._taken[0] <= start + (-5e-7 if self.window == "fixed" else 5e-7):
            self._taken.popleft()


def uniform(random: Random, least: float, most: float) -> Delay:
    """A delay spread evenly between two bounds, in seconds."""
    return lambda: random.uniform(least, most)


async def load(server: Service, pace: Pace, client: str, *, until: float, workers: int = 100) -> None:
    """Send as much as `pace` lets through, from `workers` tasks, until the clock says `until`."""
    loop = asyncio.get_running_loop()

    async def work() -> None:
        while loop.time() < until:
            permit = await pace.acquire()
            accepted, headers = await server.request(client)
            if accepted:
                pace.answered(permit, headers)
            else:
                pace.throttled(permit, headers, None)

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    await asyncio.sleep(until - loop.time())
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def compete(server: Service, client: str, gaps: Iterator[float], *, start: float, until: float) -> None:
    """Another integration: sends after each of `gaps` seconds, whatever the answers are."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(start - loop.time())
    pending: set[asyncio.Task[object]] = set()
    while loop.time() < until:
        task: asyncio.Task[object] = asyncio.create_task(server.request(client))
        pending.add(task)
        task.add_done_callback(pending.discard)
        await asyncio.sleep(next(gaps))
    await asyncio.gather(*pending)
