"""The two paces of a run: the account's window for single calls, a bound on concurrency for batch calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Self

from loader.pace import Ceiling, Concurrency, Pace, Pause
from loader.settings import ConnectionSettings


class Paces(NamedTuple):
    """Both draw on the same daily limit, keep below the same `--rate`, and pause together."""

    single: Pace
    batch: Concurrency

    @classmethod
    def of(cls, settings: ConnectionSettings, watch: Callable[[str, dict[str, object]], None]) -> Self:
        """The paces that the settings ask for; `watch` is told of their decisions."""
        pause = Pause(watch)
        ceiling = Ceiling(settings.ceiling) if settings.ceiling else None
        single = Pace(ceiling=ceiling, reserve=settings.reserve, watch=watch, pause=pause)
        return cls(single, Concurrency(single.quota, watch, pause, ceiling))

    def pause(self, seconds: float, reason: str) -> None:
        """Let nobody send for `seconds` from now."""
        self.single.pause(seconds, reason)

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self.single.reading.requests + self.batch.reading.requests
