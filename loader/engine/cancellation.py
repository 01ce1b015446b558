"""Asking a run to end early: from a signal, another thread or a callback."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from loader.errors import Stopped


class CancelToken:
    """Ends a run in good order: requests in flight may finish, nothing new is sent.

    cancelled  whether a person has cancelled it
    exit_code  of a run that was cancelled

    Both methods may be called from any thread, before and during the run, and more than once.

        token = CancelToken()
        threading.Timer(60, token.cancel).start()
        result = load("pairs.csv", cancel_token=token)
    """

    def __init__(self) -> None:
        self.cancelled = False
        self.exit_code = 130
        self._why: Stopped | None = None
        self._react: Callable[[Stopped | None], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def cancel(self, exit_code: int = 130) -> None:
        """End the run as a person would. `exit_code` becomes the run's; 130 is Ctrl-C's."""
        self.exit_code = exit_code
        self.cancelled = True
        self._tell()

    def stop(self, why: Stopped) -> None:
        """End the run; `run_pipeline` raises `why`."""
        self._why = self._why or why
        self._tell()

    def connect(self, react: Callable[[Stopped | None], None]) -> None:
        """Call `react` in this event loop on `cancel` (with None) or `stop`; at once if one came before."""
        self._loop, self._react = asyncio.get_running_loop(), react
        if self.cancelled or self._why is not None:
            react(self._why)

    def _tell(self) -> None:
        if self._loop is not None and self._react is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._react, self._why)
