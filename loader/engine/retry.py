"""How often a request is sent again, and how long it waits in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loader.errors import Stopped
from loader.hubspot import Verdict

#: Requests for a pair whose 2xx answers have neither the pair nor an error (contract, section 5).
MADE_NOTHING_SENDS = 3
_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0
#: The longest account migration that a run waits for, in seconds (contract, section 5).
_LONGEST_MIGRATION = 300.0
#: `Retry-After: 0` must not become a busy loop.
_SHORTEST_MIGRATION = 1.0


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential back-off with full jitter.

    max_attempts  requests per pair for transient errors
    random        gives numbers from 0 to 1
    """

    max_attempts: int
    random: Callable[[], float]

    def delay(self, attempts: int, retry_after: float | None) -> float:
        """Seconds to wait after the `attempts`-th request failed.

        A random share of 1 s, 2 s, 4 s, … up to a minute, so that requests which failed together do not come
        back together. The answer's `retry_after` can only lengthen that.
        """
        back_off = self.random() * min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (attempts - 1))
        return float(max(back_off, retry_after or 0.0))


def migration_wait(verdict: Verdict, format_local_time: Callable[[float], str]) -> float | Stopped:
    """Seconds to pause for a 477 (account migration), or what ends the run.

    `format_local_time` puts a moment, given in seconds from now, into words.
    """
    wait, reason, message = verdict.retry_after, verdict.reason or "moving", verdict.message.rstrip(".")
    if wait is None:
        return Stopped(
            reason,
            f"{message}; HubSpot does not say when that will end",
            f"{verdict.hint} A migration takes up to a day.",
        )
    if wait > _LONGEST_MIGRATION:
        return Stopped(reason, f"{message}; come back at {format_local_time(wait)}", verdict.hint)
    return max(wait, _SHORTEST_MIGRATION)
