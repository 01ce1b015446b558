"""477: HubSpot moves the account to another data centre, and says how long to stay away."""

from __future__ import annotations

from collections.abc import Callable

from loader.errors import Stopped
from loader.hubspot import Verdict

#: A move is waited for where it takes at most so many seconds (contract, section 4).
_LONGEST_MOVE = 300.0
#: `Retry-After: 0` must not become a busy loop.
_SHORTEST_MOVE = 1.0


def move(verdict: Verdict, format_local_time: Callable[[float], str]) -> float | Stopped:
    """How many seconds to pause for a move, or what ends the run where it takes too long or nobody knows.

    `format_local_time` says a moment, given in seconds from now, as a person is told it.
    """
    wait, reason, message = verdict.retry_after, verdict.reason or "moving", verdict.message.rstrip(".")
    if wait is None:
        return Stopped(
            reason,
            f"{message}; HubSpot does not say when that will be over",
            f"{verdict.hint} A move takes up to a day.",
        )
    if wait > _LONGEST_MOVE:
        return Stopped(reason, f"{message}; come back at {format_local_time(wait)}", verdict.hint)
    return max(wait, _SHORTEST_MOVE)
