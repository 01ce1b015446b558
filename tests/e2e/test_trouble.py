"""Trouble that is everybody's: no request is split to look for a row at fault where nothing goes well."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from loader.engine.daily_quota import DailyQuota
from loader.engine.pool import Pool
from loader.engine.retry import RetryPolicy
from loader.engine.sender import Limits, Surroundings
from loader.engine.stats import RunStats
from loader.engine.work_queue import WorkItem, WorkQueue
from loader.hubspot import Kind, Verdict
from loader.model import OutcomeGroup, Pair, Status
from loader.pace import Pace
from loader.simulator import Simulator, SimulatorSettings
from tests.support import clock
from tests.support.command import Serving, load, report_of, rows_of, write_pairs

_ROWS = 2500


@pytest.mark.parametrize("options", [("--method", "batch"), ("--skip-existing",)])
def test_a_server_that_answers_500_to_all_is_not_asked_row_by_row(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    file = write_pairs(tmp_path / "pairs.csv", [(str(100 + n), str(7 + n)) for n in range(_ROWS)])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        serving.ask(lambda simulator: simulator.state.fail("9000500000001", path_prefix="/crm", times=0))
        ended = load(serving.url, file, "--rate", "1000000/1", "--max-attempts", "2", *options)
        requests = serving.ask(lambda simulator: simulator.state.calls.total())
        assert ended.code == 1
        assert requests < 200
        serving.ask(lambda simulator: simulator.state.heal())
        again = load(serving.url, file, "--overwrite", "--method", "batch")
    assert again.code == 0, again.err
    assert [row["status"] for row in rows_of(report_of(file))] == ["associated"] * _ROWS


def test_a_bad_row_in_every_request_takes_no_other_row_along(tmp_path: Path) -> None:
    """Then every answer is a 500 too, until a row is sent alone."""
    # No request takes pairs of different types, so these are 14 requests of a hundred rows.
    rows = [(str(100 + n), str(7 + n), f"2-{1000 + n // 100}") for n in range(1400)]
    bad = range(35, 1400, 100)
    for nth, number in enumerate(bad):
        rows[number] = (f"9000500000{nth:03}", *rows[number][1:])
    file = write_pairs(tmp_path / "pairs.csv", rows, ["to_object_type"])
    with Serving(lambda: Simulator(SimulatorSettings(rate_limit=0))) as serving:
        ended = load(
            serving.url, file, "--rate", "1000000/1", "--max-attempts", "2", "--method", "batch", timeout=100
        )
        requests = serving.ask(lambda simulator: simulator.state.calls.total())
    assert ended.code == 1
    statuses = [row["status"] for row in rows_of(report_of(file))]
    assert {number for number, status in enumerate(statuses) if status != "associated"} == set(bad)
    assert requests < 700, "it was looked for row by row"


class Endpoint:
    """Answers 500 to a request that has a bad row in it; and to one for a single row after ten seconds."""

    in_flight, heard = 0, 0.0

    def __init__(self, bad: set[int]) -> None:
        self._bad = bad

    async def send(self, item: WorkItem) -> Verdict:
        if len(item.pairs) == 1:
            await asyncio.sleep(10)
        if self._bad.isdisjoint(pair.row for pair in item.pairs):
            return Verdict(Kind.SUCCESS, 200)
        return Verdict(Kind.TRANSIENT, 500, "HTTP_500", "oops")

    async def answers(self) -> bool:
        return True


class Reported(dict[int, Status]):
    """The status of each row."""

    def add(self, group: OutcomeGroup) -> None:
        self.update((pair.row, group.first.status) for pair in group.pairs)


def test_rows_sent_alone_are_waited_for_before_the_others_are_given_up() -> None:
    """Their answers take longer here than a request is let lie for them."""
    bad, rows = set(range(50, 1600, 100)), range(1, 1601)

    async def main() -> Reported:
        queue, reported, stats, pace = WorkQueue(), Reported(), RunStats(), Pace()
        day = DailyQuota(pace, None, stats, lambda *_: None, reserve=0, wait=False)
        endpoint = Endpoint(bad)
        around = Surroundings(endpoint, lambda: 0.0, lambda *_: None, lambda *_: None)
        limits = Limits(outage_timeout=300, stop_after_failures=0, day=day)
        pool = Pool(queue, endpoint, reported, stats, RetryPolicy(2, lambda: 0.5), limits, around)
        pairs = [Pair(row, "contacts", str(row), "companies", "7") for row in rows]
        queue.feed(WorkItem(pairs[at : at + 100]) for at in range(0, len(pairs), 100))
        queue.finish()
        await pool.run(100)
        return reported

    reported = clock.run(main())
    assert {row for row, status in reported.items() if status is not Status.ASSOCIATED} == bad
    assert reported.keys() == set(rows)
