"""The thread that reads the input while the event loop sends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress

from loader.engine.work_item import OpenPairs

#: Seconds that `stop` waits for the thread. It may hang in a read (a pipe, a network disk).
_PATIENCE = 2.0


class ReadingThread:
    """Iterates over `open_pairs` in a thread of its own, one element ahead of the consumer.

        reader = ReadingThread(open_pairs)
        try:
            while (found := await reader.next()) is not None:
                ...
        finally:
            await reader.stop()

    The thread is a daemon: one that hangs in a read holds up neither the event loop nor the process.
    """

    def __init__(self, open_pairs: Iterator[OpenPairs]) -> None:
        self._open_pairs = open_pairs
        self._loop = asyncio.get_running_loop()
        self._read: asyncio.Queue[OpenPairs | BaseException | None] = asyncio.Queue()
        self._wanted = threading.Semaphore(0)
        self._stopping = False
        self._ended = asyncio.Event()
        threading.Thread(target=self._run, name="reader", daemon=True).start()

    async def next(self) -> OpenPairs | None:
        """The next element; None at the end. Raises what the iterator raises."""
        found = await self._read.get()
        self._wanted.release()
        if isinstance(found, BaseException):
            raise found
        return found

    async def stop(self) -> None:
        """End the thread, and wait for it, but not for long if it hangs."""
        self._stopping = True
        self._wanted.release()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), _PATIENCE)

    def _run(self) -> None:
        end: BaseException | None = None
        try:
            self._read_all()
        except BaseException as fault:  # it is raised again by `next`
            end = fault
        with suppress(RuntimeError):  # the loop has been closed, and nothing waits any more
            self._loop.call_soon_threadsafe(self._read.put_nowait, end)
            self._loop.call_soon_threadsafe(self._ended.set)

    def _read_all(self) -> None:
        try:
            for found in self._open_pairs:
                self._loop.call_soon_threadsafe(self._read.put_nowait, found)
                del found  # not held while the next element is read
                self._wanted.acquire()
                if self._stopping:
                    return
        finally:
            if close := getattr(self._open_pairs, "close", None):
                close()
