"""The queue of what is still to be sent: order, delays, recording, and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from loader.engine.look_ahead import LookAhead
from loader.engine.work_item import Stage, WorkItem
from loader.engine.work_queue import WorkQueue
from tests.support.clock import run
from tests.support.engine import contacts


def items(count: int, first: int = 1) -> list[WorkItem]:
    return [WorkItem([pair]) for pair in contacts(count, first)]


async def recorded(queue: WorkQueue, fresh: list[WorkItem]) -> None:
    queue.feed(fresh)
    await queue.to_record(1000)
    queue.recorded()


def in_time(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await test()

    run(main())


async def rows(queue: WorkQueue, count: int) -> list[int]:
    """The rows of the next items, each of which is done at once."""
    found = []
    for _ in range(count):
        item = await queue.next()
        assert item is not None
        queue.done(item)
        found.append(item.pairs[0].row)
    return found


def test_again_comes_first_then_what_is_due_then_what_is_fresh() -> None:
    async def test() -> None:
        queue = WorkQueue()
        await recorded(queue, items(3))
        again, later, much_later = items(3, 10)
        for item in (again, later, much_later):
            item.stage = Stage.SENT
        queue.later(much_later, 1000)
        queue.later(later, 0)
        queue.again([again])
        assert await rows(queue, 5) == [10, 11, 1, 2, 3]
        began = asyncio.get_running_loop().time()
        assert await rows(queue, 1) == [12]
        assert asyncio.get_running_loop().time() - began > 999

    in_time(test)


def test_the_latest_that_come_again_go_first() -> None:
    async def test() -> None:
        queue = WorkQueue()
        for item in (halves := items(4)):
            item.stage = Stage.SENT
        queue.again(halves[:2])
        queue.again(halves[2:])
        assert await rows(queue, 4) == [3, 4, 1, 2]

    in_time(test)


def test_it_ends_when_everything_taken_is_done() -> None:
    async def test() -> None:
        queue = WorkQueue()
        await recorded(queue, items(1))
        queue.finish()
        item = await queue.next()
        assert item is not None
        waiting = asyncio.create_task(queue.next())
        await asyncio.sleep(1)
        assert not waiting.done()  # the item may still come again
        queue.later(item, 5)
        queue.done(item)
        again = await waiting
        assert again is item
        queue.done(again)
        assert await queue.next() is None

    in_time(test)


def test_what_is_packed_is_not_handed_out_until_it_is_recorded() -> None:
    async def test() -> None:
        queue = WorkQueue()
        queue.feed(items(3))
        queue.finish()
        waiting = asyncio.create_task(queue.next())
        await asyncio.sleep(1)
        assert not waiting.done()
        assert [item.pairs[0].row for item in await queue.to_record(2)] == [1, 2]
        await asyncio.sleep(1)
        assert not waiting.done()
        queue.recorded()
        item = await waiting
        assert item is not None
        assert item.stage is Stage.RECORDED

    in_time(test)


def test_no_more_is_recorded_ahead_than_asked_for() -> None:
    async def test() -> None:
        queue = WorkQueue()
        queue.feed(items(1000))
        assert len(await queue.to_record(100)) == 100
        queue.recorded()
        waiting = asyncio.create_task(queue.to_record(100))
        await rows(queue, 50)
        await asyncio.sleep(0)
        assert not waiting.done()
        await rows(queue, 1)
        assert len(await waiting) == 51

    in_time(test)


def test_the_reader_is_asked_for_more_when_few_are_left() -> None:
    async def test() -> None:
        queue = WorkQueue()
        assert queue.hungry.is_set()
        queue.feed(items(25_000))
        assert not queue.hungry.is_set()
        await queue.to_record(20_000)
        assert queue.hungry.is_set()

    in_time(test)


def test_withdrawn_items_are_not_recorded_and_the_rest_goes_on() -> None:
    async def test() -> None:
        queue = WorkQueue(LookAhead(lambda: 100.0))
        queue.feed(fresh := items(10))
        for item in queue.unstarted():
            if item is not fresh[-1]:
                queue.withdraw(item)
        assert await queue.to_record(5) == fresh[-1:]

    in_time(test)


def test_a_request_that_hubspot_has_not_acted_on_counts_as_not_started() -> None:
    async def test() -> None:
        queue = WorkQueue()
        await recorded(queue, items(1))
        item = await queue.next()
        assert item is not None
        queue.started(item)
        queue.rejected(item)
        assert queue.unstarted() == [item]
        queue.started(item)
        queue.started(item)
        queue.rejected(item)
        assert queue.unstarted() == []

    in_time(test)
