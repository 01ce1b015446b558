"""A bound on the time that a request may take, for many requests at once."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any


class Deadlines:
    """Raises TimeoutError in a block (``with deadlines:``, one per task) that takes longer than `seconds`.

    It does what `asyncio.timeout` does, and a cancellation from outside stays one. But as all blocks may take
    equally long, they come due in the order in which they began, and one timer is enough: one for each
    request, set and cancelled again, is a tenth of what aiohttp costs.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        # Task -> when it is due on the loop's clock, and how often its cancellation was asked for before.
        self._running: dict[asyncio.Task[Any], tuple[float, int]] = {}
        self._overdue: dict[asyncio.Task[Any], int] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        due = loop.time() + self._seconds
        self._running[task] = due, task.cancelling()
        if self._timer is None:
            self._timer = loop.call_at(due, self._end_overdue)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task = asyncio.current_task(self._loop)
        assert task is not None
        if self._running.pop(task, None) is not None:
            return
        asked_before = self._overdue.pop(task)
        if task.uncancel() <= asked_before and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def close(self) -> None:
        """Forget the timer; no block may be running."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_overdue(self) -> None:
        loop = asyncio.get_running_loop()
        now, self._timer = loop.time(), None
        while self._running:
            task = next(iter(self._running))
            due, asked_before = self._running[task]
            if due > now:
                self._timer = loop.call_at(due, self._end_overdue)
                return
            del self._running[task]
            self._overdue[task] = asked_before
            task.cancel()
