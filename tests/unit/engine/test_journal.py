"""Pairs are recorded before they are sent, some seconds ahead and no more. In virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from loader.engine.batching import MOST_PAIRS, BatchSender, batch_packing
from loader.engine.methods import PutSender, one_by_one
from loader.engine.sender import SendMethod
from loader.engine.work_item import OpenPairs
from loader.errors import Stopped
from loader.hubspot import HubSpot
from loader.pace import Pace
from tests.support.clock import run
from tests.support.engine import (
    Ended,
    MemoryJournal,
    Reply,
    Request,
    VirtualHubSpot,
    associated,
    contacts,
    run_pairs,
)


def put(hubspot: HubSpot) -> SendMethod:
    return SendMethod(PutSender(hubspot), one_by_one)


def batch(hubspot: HubSpot) -> SendMethod:
    return SendMethod(BatchSender(hubspot), batch_packing(), pairs=MOST_PAIRS)


def sent(
    rows: int,
    method: Any = put,
    *,
    pace: Pace | None = None,
    commit: float = 0.01,
    answer: float = 0.1,
    **more: Any,
) -> tuple[Ended, int]:
    """Send pairs that must be on the disk before they are sent. Returns also how many were ahead at most."""

    async def script(request: Request) -> Reply:
        assert all(by_ends[ends] in journal.on_disk for ends in request.pairs), "sent and not recorded"
        ahead.append(len(journal.recorded) - len(journal.outcomes))
        await asyncio.sleep(answer)
        return associated(request)

    ahead: list[int] = []
    by_ends = {(pair.from_id, pair.to_id): pair for pair in contacts(rows)}
    journal = more.pop("journal", None) or MemoryJournal(commit)
    hubspot = VirtualHubSpot(script, pace)
    chunks = [OpenPairs(contacts(200, first)) for first in range(1, rows, 200)]
    ended = run(run_pairs(hubspot, method, chunks, journal=journal, **more))
    assert len(journal.outcomes) == rows
    return ended, max(ahead)


def test_at_the_pace_of_hubspot_as_many_as_there_are_workers_are_ahead() -> None:
    """After a kill they count as sent, so there should be few of them."""
    _, ahead = sent(400, pace=Pace(), workers=30)
    assert ahead <= 2 * 30 + 2


@pytest.mark.parametrize("commit", [0.01, 0.5])
def test_a_slow_disk_holds_no_fast_server_up(commit: float) -> None:
    """Fifty workers get 500 answers a second, as soon as it has been measured how many are needed."""
    ended, _ = sent(1_000, commit=commit, workers=50)
    assert ended.seconds < 2 * 1.6 + 6 * commit


def test_a_fast_server_is_kept_busy_from_the_first_second() -> None:
    """Fifty workers get 5,000 answers a second, and ten commits are made in a second."""
    ended, _ = sent(10_000, commit=0.1, answer=0.01, workers=50)
    assert ended.seconds < 2 + 6 * 0.1


def test_a_batch_is_recorded_as_a_whole() -> None:
    ended, _ = sent(4_000, batch, commit=0.05)
    assert ended.seconds < 2


def test_each_past_is_recorded_by_itself() -> None:
    pasts = ["no", "yes", "", None]
    pairs = contacts(40)

    async def main() -> Ended:
        async def script(request: Request) -> Reply:
            return associated(request)

        chunks = [OpenPairs(pairs[number * 10 :][:10], past) for number, past in enumerate(pasts)]
        return await run_pairs(VirtualHubSpot(script), put, chunks)

    ended = run(main())
    assert [ended.journal.recorded[pair] for pair in pairs[::10]] == ["no", "yes", "", ""]
    assert [ended.journal.outcomes[pair].existed_before for pair in pairs[::10]] == ["no", "yes", "", ""]


def test_a_journal_that_can_not_be_written_stops_the_run() -> None:
    class Full(MemoryJournal):
        async def record(self, pairs: Any, existed_before: str) -> None:
            if self.outcomes:
                raise Stopped("disk_full", "no space left")
            await super().record(pairs, existed_before)

    async def main() -> Ended:
        async def script(request: Request) -> Reply:
            await asyncio.sleep(0.1)
            return associated(request)

        chunks = [OpenPairs(contacts(1000))]
        return await run_pairs(VirtualHubSpot(script), put, chunks, journal=Full(), workers=10)

    ended = run(main())
    assert ended.reason == "disk_full"
    assert len(ended.journal.outcomes) == len(ended.hubspot.requests)


def test_no_more_pairs_are_brought_while_outcomes_wait_for_the_disk() -> None:
    brought: list[int] = []

    def chunks() -> Any:
        for number in range(10):
            brought.append(number)
            yield OpenPairs(contacts(100, 100 * number + 1))

    async def main() -> Ended:
        async def script(request: Request) -> Reply:
            await asyncio.sleep(0.1)
            return associated(request)

        journal = MemoryJournal()
        journal.backlog = 30_001
        token_at = asyncio.get_running_loop().call_later(5, lambda: setattr(journal, "backlog", 0))
        ended = await run_pairs(VirtualHubSpot(script), put, chunks(), journal=journal)
        token_at.cancel()
        return ended

    ended = run(main())
    assert ended.seconds > 5
    assert len(ended.journal.outcomes) == 1_000
