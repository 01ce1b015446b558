"""How often a row is tried, and how long it waits in between: the retry policy as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

#: A 2xx answer that made nothing is asked for twice more (contract, section 4).
MADE_NOTHING_SENDS = 3
_FIRST_DELAY = 1.0
_LONGEST_DELAY = 60.0


@dataclass(frozen=True)
class RetryPolicy:
    """`max_attempts` requests per row for passing faults; `random` gives numbers from 0 to 1."""

    max_attempts: int
    random: Callable[[], float]

    def delay(self, attempts: int, retry_after: float | None) -> float:
        """Seconds to wait after the `attempts`-th request failed.

        The answer's own `retry_after` wins; else exponential back-off with full jitter: a random share of
        1 s, 2 s, 4 s, … up to a minute, so that rows which failed together do not come back together.
        """
        if retry_after is not None:
            return retry_after
        return float(self.random() * min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (attempts - 1)))
