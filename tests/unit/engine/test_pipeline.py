"""A whole run with its reading thread: how it ends, whatever the thread does. In real time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import cast

import pytest

from loader.engine.cancellation import CancelToken
from loader.engine.methods import PutSender, one_by_one
from loader.engine.pipeline import Session, run_pipeline
from loader.engine.sender import SendMethod
from loader.engine.stats import RunStats
from loader.engine.work_item import OpenPairs
from loader.errors import Stopped
from loader.hubspot import HubSpot
from loader.settings import ConnectionSettings
from tests.support import clock
from tests.support.engine import MemoryJournal, Reply, Request, VirtualHubSpot, associated, contacts


async def answer(request: Request) -> Reply:
    await asyncio.sleep(0.01)
    return associated(request)


class Run:
    """A run of the pipeline over an iterator."""

    def __init__(self) -> None:
        self.hubspot, self.journal, self.token = VirtualHubSpot(answer), MemoryJournal(0), CancelToken()

    async def __call__(self, open_pairs: Iterator[OpenPairs]) -> None:
        real = cast(HubSpot, self.hubspot)
        settings, stats = ConnectionSettings(workers=10), RunStats()
        session = Session(settings, real, self.hubspot.pace, None, stats, lambda *_: None, self.token)
        await run_pipeline(session, SendMethod(PutSender(real), one_by_one), open_pairs, self.journal)


def readers() -> list[threading.Thread]:
    """Reading threads that do not end."""
    threads = [thread for thread in threading.enumerate() if thread.name == "reader"]
    for thread in threads:
        thread.join(1)
    return [thread for thread in threads if thread.is_alive()]


class Endless:
    """Pairs without an end, and whether they are still being read."""

    def __init__(self) -> None:
        self.read = 0
        self.closed = False

    def pairs(self) -> Iterator[OpenPairs]:
        try:
            while True:
                self.read += 1
                yield OpenPairs(contacts(100, 100 * self.read))
        finally:
            self.closed = True


def test_all_pairs_are_settled_and_the_thread_has_ended() -> None:
    async def main() -> None:
        run = Run()
        await run(iter([OpenPairs(contacts(40)), OpenPairs(contacts(40, 41), "no")]))
        assert run.journal.statuses() == ["associated"] * 80
        assert {outcome.existed_before for outcome in run.journal.outcomes.values()} == {"", "no"}
        assert not readers()

    asyncio.run(main())


def test_what_the_input_raises_ends_the_run() -> None:
    def changed() -> Iterator[OpenPairs]:
        yield OpenPairs(contacts(10))
        raise Stopped("input_changed", "it was changed")

    def broken() -> Iterator[OpenPairs]:
        yield OpenPairs(contacts(10))
        raise ZeroDivisionError

    with pytest.raises(Stopped, match="it was changed"):
        asyncio.run(Run()(changed()))
    with pytest.raises(ZeroDivisionError):  # by its own name, not in a group
        asyncio.run(Run()(broken()))


@pytest.mark.parametrize("how", ["cancel the token", "stop the token", "cancel the task"])
def test_nothing_is_read_or_written_after_the_end(how: str) -> None:
    async def main() -> None:
        run, endless = Run(), Endless()
        task = asyncio.create_task(run(endless.pairs()))
        while not run.journal.outcomes:  # noqa: ASYNC110 - a thread brings them
            await asyncio.sleep(0.01)
        match how:
            case "cancel the token":
                run.token.cancel()
                await task
            case "stop the token":
                run.token.stop(Stopped("disk_full", "no space left"))
                with pytest.raises(Stopped, match="no space left"):
                    await task
            case _:
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
        assert endless.closed
        assert not readers()
        settled, read = len(run.journal.outcomes), endless.read
        assert settled
        await asyncio.sleep(0.05)
        assert (len(run.journal.outcomes), endless.read) == (settled, read)

    asyncio.run(main())


def test_a_thread_that_hangs_in_a_read_holds_nothing_up() -> None:
    released = threading.Event()

    def hanging() -> Iterator[OpenPairs]:
        yield OpenPairs(contacts(10))
        released.wait(30)

    async def main() -> None:
        async def cancel() -> None:
            while len(run.journal.outcomes) < 10:  # noqa: ASYNC110 - a thread brings them
                await asyncio.sleep(0.05)
            run.token.cancel()
            cancelled.append(loop.time())

        run, loop, cancelled = Run(), asyncio.get_running_loop(), list[float]()
        cancelling = asyncio.create_task(cancel())
        await run(hanging())
        await cancelling
        assert loop.time() - cancelled[0] < 4

    began = time.monotonic()
    clock.run(main())  # virtual, but the thread hangs in real time
    assert time.monotonic() - began < 2, "the loop was blocked"
    released.set()


def test_an_error_of_the_journal_is_raised_by_its_own_name() -> None:
    class Broken(MemoryJournal):
        def settle(self, group: object) -> None:
            raise ZeroDivisionError

    async def main() -> None:
        run = Run()
        run.journal = Broken()
        with pytest.raises(ZeroDivisionError):
            await run(iter([OpenPairs(contacts(100))]))

    asyncio.run(main())
