"""The pace of batch calls, which HubSpot does not count in its rolling window."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from loader.pace.headers import Quota, read_limits
from loader.pace.latency import LeastLatency
from loader.pace.pause import Pause
from loader.pace.ticket import PaceReading, Ticket, Watch


class Concurrency:
    pass
