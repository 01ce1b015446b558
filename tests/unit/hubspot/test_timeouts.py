"""One timer for the time that requests may take: against what `asyncio.timeout` does, in virtual time."""

from __future__ import annotations

import asyncio

import pytest

from loader.hubspot.timeouts import Deadlines
from tests.support.clock import run


async def _stay(deadlines: Deadlines, seconds: float) -> float:
    """Seconds after which a block of `seconds` ended, negative where it was ended."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        with deadlines:
            await asyncio.sleep(seconds)
    except TimeoutError:
        return began - loop.time()
    return loop.time() - began


def test_each_block_has_all_its_time_and_no_more() -> None:
    async def main() -> list[float]:
        deadlines = Deadlines(10.0)
        blocks = []
        for seconds in (9.0, 11.0, 1.0, 30.0, 9.9):
            blocks.append(asyncio.create_task(_stay(deadlines, seconds)))
            await asyncio.sleep(0.5)
        return await asyncio.gather(*blocks)

    assert run(main()) == pytest.approx([9.0, -10.0, 1.0, -10.0, 9.9], abs=1e-3)


def test_a_task_goes_on_after_its_block_was_ended() -> None:
    async def main() -> tuple[list[float], int]:
        deadlines = Deadlines(2.0)
        times = [await _stay(deadlines, seconds) for seconds in (3.0, 1.0, 5.0)]
        task = asyncio.current_task()
        assert task is not None
        return times, task.cancelling()

    times, cancelling = run(main())
    assert times == pytest.approx([-2.0, 1.0, -2.0], abs=1e-3)
    assert cancelling == 0


@pytest.mark.parametrize("after", [1.0, 2.0])
def test_a_cancellation_from_outside_stays_one(after: float) -> None:
    """Also at the very moment when the block comes due."""

    async def main() -> bool:
        block = asyncio.create_task(_stay(Deadlines(2.0), 5.0))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(after, block.cancel)
        await asyncio.wait([block])
        return block.cancelled()

    assert run(main())


def test_another_error_passes_through() -> None:
    async def main() -> None:
        with Deadlines(1.0):
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        run(main())


def test_closing_leaves_no_timer_behind() -> None:
    clock = []

    async def main() -> None:
        deadlines = Deadlines(1000.0)
        await _stay(deadlines, 1.0)
        deadlines.close()
        clock.append(asyncio.get_running_loop())
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="no timer is set"):
        run(main())
    assert clock[0].time() < 2.0
