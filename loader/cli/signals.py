"""Ctrl-C and SIGTERM: the first signal ends a run in good order, a second one ends it at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from loader.engine.cancellation import CancelToken

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
#: Seconds until a second signal kills the process: a thread may be in an endless read (a pipe, a dead disk).
_AT_ONCE = 2.0


class Signals:
    """Reacts to signals while a run goes on.

    code: the exit code that the first signal asks for, 0 if none came
    """

    def __init__(
        self, cancel_token: CancelToken, run: asyncio.Task[Any], stopping: Callable[[], None]
    ) -> None:
        self.code = 0
        self._cancel_token, self._run, self._stopping = cancel_token, run, stopping

    def receive(self, number: signal.Signals) -> None:
        """Act on one signal."""
        if self.code:
            self._run.cancel()
            # The checkpoint survives this, as it survives `kill -9`.
            asyncio.get_running_loop().call_later(_AT_ONCE, os._exit, self.code)
            return
        self.code = EXIT_CODES[number]
        self._stopping()
        self._cancel_token.cancel(self.code)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Handle signals in the block, and restore the handlers after it.

        A signal that the parent process ignores stays ignored. A shell script starts a load with ``&`` in
        this way: Ctrl-C for another program must not end it.
        """
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in EXIT_CODES}
        heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
        for number in heard:
            try:
                loop.add_signal_handler(number, self.receive, number)
            except NotImplementedError:  # Windows' loop has no signals; its handlers run between bytecodes
                signal.signal(
                    number, lambda n, _frame: loop.call_soon_threadsafe(self.receive, signal.Signals(n))
                )
        try:
            yield
        finally:
            for number in heard:
                with suppress(NotImplementedError):  # as above: on Windows none was added
                    loop.remove_signal_handler(number)
                signal.signal(number, before[number])
