"""Asking a run to end, from any thread, before and while it runs."""

from __future__ import annotations

import asyncio
import threading

from loader.engine.cancellation import CancelToken
from loader.errors import Stopped

FULL = Stopped("disk_full", "no space left")


def told_by(act_before: str = "", act_later: str = "") -> tuple[list[Stopped | None], bool]:
    """What a run is told if the token is used before it begins, and from another thread while it runs."""
    token, told = CancelToken(), list[Stopped | None]()

    def act(what: str) -> None:
        if what == "cancel":
            token.cancel()
        elif what == "stop":
            token.stop(FULL)

    async def run() -> None:
        token.connect(told.append)
        thread = threading.Thread(target=act, args=(act_later,))
        thread.start()
        await asyncio.to_thread(thread.join)
        await asyncio.sleep(0)

    act(act_before)
    asyncio.run(run())
    act("cancel")  # when the run has ended it changes nothing
    return told, token.cancelled


def test_it_works_before_the_run_and_during_it() -> None:
    assert told_by("cancel")[0] == [None]
    assert told_by("stop")[0] == [FULL]
    assert told_by("", "cancel")[0] == [None]
    assert told_by("", "stop")[0] == [FULL]
    assert told_by()[0] == []


def test_a_stop_is_no_cancellation_by_a_person() -> None:
    token = CancelToken()
    token.stop(FULL)
    assert not token.cancelled
    token.cancel()
    assert token.cancelled
