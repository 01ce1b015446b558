"""HubSpot's two limits: requests per ten seconds for each token, requests per day for the whole account.

https://developers.hubspot.com/docs/api/usage-details
Every time is an argument, in seconds: `now` is the event loop's monotonic time, `wall` is Unix time.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from loader.simulator.settings import SimulatorSettings

#: `policyName` of a 429 by the limit that was exceeded.
TEN_SECONDLY = "TEN_SECONDLY_ROLLING"
DAILY = "DAILY"


class RequestWindow:
    """The requests of one token within the last `interval` seconds. One exactly that old no longer counts.

    peak: the most requests that ever arrived within one rolling window, accepted or not.
    rejected: requests that exceeded the limit.
    """

    def __init__(self) -> None:
        self._counted: deque[float] = deque()
        self._arrived: deque[float] = deque()
        self.peak = 0
        self.rejected = 0

    def admit(self, now: float, settings: SimulatorSettings) -> bool:
        """Count a request that arrives at `now`; False if it exceeds the limit."""
        arrived = self._arrived
        arrived.append(now)
        while arrived[0] <= now - settings.interval:
            arrived.popleft()
        self.peak = max(self.peak, len(arrived))

        admitted = self.used(now, settings) < settings.rate_limit
        if admitted or settings.count_rejected:
            self._counted.append(now)
        self.rejected += not admitted
        return admitted

    def used(self, now: float, settings: SimulatorSettings) -> int:
        """How many requests the window holds at `now`."""
        interval = settings.interval
        counted = self._counted
        if settings.window == "rolling":
            while counted and counted[0] <= now - interval:
                counted.popleft()
        else:
            while counted and counted[0] < now // interval * interval:
                counted.popleft()
        return len(counted)


class RequestDay:
    """The requests of the whole account since the last daily reset.

    used: requests that were accepted.
    resets_at: Unix time of the next reset.
    """

    def __init__(self) -> None:
        self.used = 0
        self.resets_at = 0.0

    def admit(self, wall: float, settings: SimulatorSettings) -> bool:
        """Count a request; False if the day's limit is used up. A rejected request is not counted."""
        if wall >= self.resets_at:
            if self.resets_at:
                self.used = 0
            self.resets_at = _next_reset(wall, settings)
        if settings.daily_limit is not None and self.used >= settings.daily_limit:
            return False
        self.used += 1
        return True


class RequestLimits:
    """Both limits of an account, for as long as its state lives."""

    def __init__(self) -> None:
        self.windows: dict[int, RequestWindow] = {}
        self.day = RequestDay()

    @property
    def peak(self) -> int:
        """The most requests of one token that ever arrived within one rolling window."""
        return max((window.peak for window in self.windows.values()), default=0)

    @property
    def rejected(self) -> int:
        """How many requests exceeded the ten-second limit."""
        return sum(window.rejected for window in self.windows.values())

    def admit(
        self, client: int, now: float, wall: float, settings: SimulatorSettings, *, exempt: bool = False
    ) -> str:
        """Count a request of `client`; the limit that it exceeds (`TEN_SECONDLY`, `DAILY`), or ``""``.

        An `exempt` request does not count in the ten-second window.
        """
        if settings.rate_limit and not exempt:
            window = self.windows.get(client)
            if window is None:
                window = self.windows[client] = RequestWindow()
            if not window.admit(now, settings):
                return TEN_SECONDLY
        return "" if self.day.admit(wall, settings) else DAILY

    def headers(self, client: int, now: float, settings: SimulatorSettings) -> dict[str, str]:
        """The headers about the limits in an answer to `client`.

        A client that has made only exempt calls gets only the daily ones.
        """
        headers: dict[str, str] = {}
        if not settings.limit_headers:
            return headers
        if settings.rate_limit and (window := self.windows.get(client)):
            left = settings.rate_limit - window.used(now, settings)
            headers["X-HubSpot-RateLimit-Max"] = str(settings.rate_limit)
            headers["X-HubSpot-RateLimit-Remaining"] = str(max(left, 0))
            headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = str(round(settings.interval * 1000))
        if settings.daily_limit is not None:
            headers["X-HubSpot-RateLimit-Daily"] = str(settings.daily_limit)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(settings.daily_limit - self.day.used, 0))
        return headers


def _next_reset(wall: float, settings: SimulatorSettings) -> float:
    if settings.day_length is not None:
        return wall + settings.day_length
    zone = ZoneInfo(settings.time_zone)
    tomorrow = datetime.fromtimestamp(wall - settings.reset_delay, zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, datetime.min.time(), zone)
    return ceil(midnight.timestamp()) + settings.reset_delay
