"""Whom the pool deals with: who sends, where outcomes go, when to stop, and what lies outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from loader.engine.daily_quota import DailyQuota
from loader.engine.work_queue import WorkItem
from loader.hubspot import Verdict
from loader.model import OutcomeGroup


class PartialResult(NamedTuple):
    """What an answer about many pairs came to: outcomes, in each group by row, and what to send next."""

    groups: list[OutcomeGroup]
    again: list[WorkItem]


class Sender(Protocol):
    """Sends one item."""

    async def send(self, item: WorkItem) -> Verdict | PartialResult:
        """Send once. A Verdict holds for every pair of the item, a PartialResult tells them apart."""


class Counterpart(Protocol):
    """Who answers, whatever is asked. Times are on the loop's clock."""

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have no answer yet."""

    @property
    def heard(self) -> float:
        """When the latest request was sent that has been answered."""

    async def answers(self) -> bool:
        """Whether anybody answers a question for which no row is to blame."""


class Report(Protocol):
    """Where outcomes go."""

    def add(self, group: OutcomeGroup) -> None:
        """Take outcomes; never blocks."""


@dataclass(frozen=True)
class Limits:
    """When to stop.

    After `outage_timeout` seconds without any answer, after `stop_after_failures` rows in a row were refused
    (0: never), and when the `day` is used up, unless it is to be waited for.
    """

    outage_timeout: float
    stop_after_failures: int
    day: DailyQuota


@dataclass(frozen=True)
class Surroundings:
    """What the pool needs from outside: who answers, the wall clock (seconds), everybody's pause, the log."""

    there: Counterpart
    now: Callable[[], float]
    pause: Callable[[float, str], None]
    log: Callable[[str, dict[str, object]], None]
