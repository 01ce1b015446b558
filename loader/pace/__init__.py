"""All of the account's limit, and not one request more (contract, section 6).

One `Pace` holds every request of a run, batch calls included.
"""

from loader.pace.headers import Quota
from loader.pace.pace import Pace
from loader.pace.permit import PaceReading, Permit, Watch
from loader.pace.rate import Rate, parse_rate

__all__ = ["Pace", "PaceReading", "Permit", "Quota", "Rate", "Watch", "parse_rate"]
