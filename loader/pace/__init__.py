"""All of the account's limit, and not one request more: one `Pace` for every request of a run.

pace            `Pace`: hands out permits, hears what became of them
window          which of our requests the server may still count: they hold the slots
budget          how many slots are ours: limit, reserve, foreign usage, 429s
foreign_usage   what the answers say about other integrations
pause           no request goes out: after a 429, or because the engine says so
headers         X-HubSpot-RateLimit-*
rate            --rate
"""

from loader.pace.headers import DailyUsage
from loader.pace.pace import Pace, PaceReading, Permit
from loader.pace.pause import Watch
from loader.pace.rate import Rate, parse_rate

__all__ = ["DailyUsage", "Pace", "PaceReading", "Permit", "Rate", "Watch", "parse_rate"]
