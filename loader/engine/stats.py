"""What a run has come to so far: for the progress display, the closing summary and the exit code."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from loader.model import GOOD, Outcome, OutcomeGroup, Status
from loader.summary.causes import Cause, cause_of


@dataclass
class RunStats:
    """Counts of one run.

    `total` is how many rows the report will have when this run has finished, `before` how many it had when
    the run began; `by_status` counts both together. `requests` counts what was sent, `throttled` 429s of the
    short-term limit. `pause` says why nothing is sent just now, empty while things go on.
    """

    total: int = 0
    before: int = 0
    by_status: Counter[Status] = field(default_factory=Counter)
    causes: Counter[Cause] = field(default_factory=Counter)
    requests: int = 0
    throttled: int = 0
    retries: int = 0
    pause: str = ""
    began: float = field(default_factory=time.monotonic)
    on_outcome: Callable[[Outcome], None] | None = None

    @property
    def settled(self) -> int:
        """Rows in the report."""
        return self.by_status.total()

    @property
    def exit_code(self) -> int:
        """0 where every settled row is good, else 1."""
        return int(any(count for status, count in self.by_status.items() if status not in GOOD))

    def add(self, group: OutcomeGroup) -> None:
        """Count more settled rows."""
        status = group.first.status
        self.by_status[status] += len(group.pairs)
        if status not in GOOD:
            self.causes[_cause(group.first)] += len(group.pairs)
        if self.on_outcome is not None:
            for outcome in group.outcomes:
                self.on_outcome(outcome)


def _cause(outcome: Outcome) -> Cause:
    return cause_of(
        outcome.status,
        outcome.http_status,
        outcome.error_category,
        outcome.error_message,
        outcome.error_details,
    )
