"""The report as a journal: what is sent is remembered only once it has an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from loader.engine.work_item import OpenPairs
from loader.model import OutcomeGroup, Pair, group_outcomes
from loader.report import ReportWriter
from loader.source import Batch


class ReportJournal:
    """Writes outcomes into a report, and forgets what is recorded."""

    trouble = ""

    def __init__(self, report: ReportWriter) -> None:
        self._report = report

    async def record(self, pairs: Sequence[Pair], existed_before: str) -> None:
        """Nothing to do."""

    def withdraw(self, pairs: Sequence[Pair]) -> None:
        """Nothing to do."""

    def settle(self, group: OutcomeGroup) -> None:
        """Write outcomes."""
        self._report.add(group)

    @property
    def backlog(self) -> int:
        """Outcomes that are not written yet."""
        return self._report.backlog


def open_pairs(batches: Iterator[Batch], settle: Callable[[OutcomeGroup], None]) -> Iterator[OpenPairs]:
    """The pairs of the batches; `settle` is told, in the event loop, of outcomes that need no sending."""
    loop = asyncio.get_running_loop()

    def stream() -> Iterator[OpenPairs]:  # runs in another thread
        for batch in batches:
            for group in group_outcomes(batch.outcomes):
                loop.call_soon_threadsafe(settle, group)
            yield OpenPairs(batch.pairs)

    return stream()
