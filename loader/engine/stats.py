"""The counters of a run: for the progress display and the exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from loader.model import GOOD, Outcome, OutcomeGroup, Status


@dataclass
class RunStats:
    """Counters of one run.

    total       pairs settled when the run is complete, those of earlier runs included
    by_status   settled pairs, those of earlier runs included
    throttled   429s of the short-term limit
    pause       why nothing is sent at the moment; empty while requests go out
    in_flight   gives the number of requests that were sent and have no answer yet
    on_outcome  told of each outcome, in the event loop
    """

    total: int = 0
    by_status: Counter[Status] = field(default_factory=Counter)
    throttled: int = 0
    pause: str = ""
    in_flight: Callable[[], int] = lambda: 0
    on_outcome: Callable[[Outcome], None] | None = None

    @property
    def settled(self) -> int:
        """Pairs that have an outcome."""
        return self.by_status.total()

    @property
    def exit_code(self) -> int:
        """0 if every settled pair is good, else 1."""
        return int(any(count for status, count in self.by_status.items() if status not in GOOD))

    def add(self, group: OutcomeGroup) -> None:
        """Count more outcomes."""
        self.by_status[group.first.status] += len(group.pairs)
        if self.on_outcome is not None:
            for outcome in group.outcomes:
                self.on_outcome(outcome)
