"""How far a run is, in words: honest about speed, end, limits and earlier runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from loader.commands.progress import Progress, log_progress
from loader.model import Status
from loader.pace import PaceReading
from tests.support.clock import run

PACE = PaceReading(190, 10.0, 190, 0, 0, None, None, 0.0, "")


@dataclass
class Counts:
    total: int
    by_status: Counter[Status] = field(default_factory=Counter)
    throttled: int = 0
    pause: str = ""
    in_flight: Callable[[], int] = lambda: 0


class Watch:
    """A run whose clock the test turns."""

    def __init__(self, total: int, before: int = 0) -> None:
        self.seconds, self.counts, self.pace = 0.0, Counts(total), PACE
        noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
        self.progress = Progress(
            self.counts, lambda: self.pace, before, clock=lambda: self.seconds, now=lambda: noon
        )

    def settle(self, pairs: int, seconds: float, status: Status = Status.ASSOCIATED) -> str:
        """Settle more pairs in so many seconds, and say where the run is."""
        self.seconds += seconds
        self.counts.by_status[status] += pairs
        return self.progress.line()


def test_done_failed_and_left_speed_and_end() -> None:
    watch = Watch(40_000)
    watch.settle(12, 1, Status.FAILED)
    assert watch.settle(188, 9) == (
        "200 of 40,000 pairs (0.5%), 12 failed, 39,800 left; "
        "20.0 pairs/s, 10 s so far, 33 min to go (until 12:33); at most 190 requests per 10 s"
    )


def test_the_last_minute_decides_how_long_it_takes() -> None:
    watch = Watch(100_000)
    for _ in range(10):
        watch.settle(2000, 10)
    for _ in range(10):
        line = watch.settle(100, 10)
    assert "10.0 pairs/s, 3 min so far, 2 h 12 min to go" in line


def test_an_end_on_another_day_has_its_date() -> None:
    watch = Watch(1_000_100)
    assert "(until Wed 25 Nov, 15:46)" in watch.settle(100, 10)


def test_nothing_is_foretold_before_something_is_known() -> None:
    watch = Watch(100)
    assert "time left unknown" in watch.settle(0, 30)
    assert "to go (until" in watch.settle(99, 1)
    assert "time left unknown" in watch.settle(0, 6), "the last one waits to be tried again"
    assert "to go" not in watch.settle(1, 1)


def test_pauses_and_limits_are_told() -> None:
    watch = Watch(1000)
    watch.counts.pause, watch.counts.throttled = "no answer since 12:00", 2
    watch.pace = replace_pace(allowance=95, why_less="--reserve 50")
    line = watch.settle(100, 10)
    assert "; at most 95 of 190 requests per 10 s (--reserve 50); paused: no answer since 12:00; " in line
    assert "too many requests (429): 2 times" in line
    watch.counts.pause = ""
    watch.pace = replace_pace(paused_for=7.4, pause_reason="HubSpot asks for it")
    assert "paused for 7 s more: HubSpot asks for it" in watch.progress.line()


def test_a_day_that_ends_first_is_foreseen_by_what_a_pair_costs() -> None:
    watch = Watch(1000)
    watch.pace = replace_pace(requests=200, daily_limit=5000, daily_remaining=1500)
    assert "today's API calls run out first: 1,500 are left" in watch.settle(100, 10)
    watch.pace = replace_pace(requests=200, daily_limit=5000, daily_remaining=1801)
    assert "API calls" not in watch.progress.line()


def test_earlier_runs_are_counted_apart() -> None:
    assert Watch(100, before=900).settle(50, 10).endswith("; in all 950 of 1,000 pairs")


def test_a_scheduler_gets_a_line_a_minute() -> None:
    watch, lines = Watch(10), list[str]()

    async def main() -> None:
        task = asyncio.create_task(log_progress(watch.progress, lines.append, 60.0))
        await asyncio.sleep(185)
        task.cancel()

    run(main())
    assert len(lines) == 3
    assert lines[0].startswith("0 of 10 pairs")


def replace_pace(**changes: object) -> PaceReading:
    return PACE._replace(**changes)  # type: ignore[arg-type]
