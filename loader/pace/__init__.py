"""All of the account's limit, and not one request more (contract, section 5).

`Pace` holds the requests that HubSpot counts in its rolling window, `Concurrency` those that it
does not count there. Both speak `Pacer`, so the client does not care which one it was given.
"""

from loader.pace.ceiling import Ceiling
from loader.pace.concurrency import Concurrency
from loader.pace.headers import Quota
from loader.pace.pace import Pace
from loader.pace.pause import Pause
from loader.pace.permit import Pacer, PaceReading, Permit, Watch
from loader.pace.rate import Rate, parse_rate

__all__ = [
    "Ceiling",
    "Concurrency",
    "Pace",
    "PaceReading",
    "Pacer",
    "Pause",
    "Permit",
    "Quota",
    "Rate",
    "Watch",
    "parse_rate",
]
