"""The way to end a run early from outside: from a signal, another thread, or a callback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class CancelToken:
    """Cancel it once and the run ends in good order: what is under way may end, and the report is written.

    `cancel` may be called from any thread, before or during the run, more than once.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._react: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def cancel(self) -> None:
        """End the run."""
        self.cancelled = True
        if self._loop is not None and self._react is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._react)

    def connect(self, react: Callable[[], None]) -> None:
        """In the run's loop: what to do when cancelled, or at once where it has been already."""
        self._loop, self._react = asyncio.get_running_loop(), react
        if self.cancelled:
            react()
