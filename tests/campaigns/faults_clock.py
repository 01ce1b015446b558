"""An event loop that hurries: time in which it only waits passes many times as fast.

Sockets and threads work as usual, unlike in `tests.support.clock`; but a back-off of a second takes some
milliseconds. What takes too long in real time is ended, whatever it does.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds of the loop's clock that pass in a second of waiting.
SPEED = 50.0
#: Seconds of waiting that count so before something happens. If this process did not get the processor, an
#: answer that was on its way must not seem to have taken many times as long.
_MOST_BEFORE_EVENT = 0.005


class Endless(Exception):
    """The loop has run for longer than it may."""


class _HurryingSelector(selectors.DefaultSelector):
    """Counts each second of waiting many times."""

    def __init__(self, longest: float) -> None:
        super().__init__()
        self.skipped = 0.0
        self._deadline = time.perf_counter() + longest

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.perf_counter()
        left = self._deadline - began
        if left <= 0:
            self._deadline = began + 5.0  # what follows is the cleaning up
            raise Endless
        most = left if timeout is None else min(left, timeout / SPEED)
        events = super().select(most)
        waited = min(time.perf_counter() - began, _MOST_BEFORE_EVENT if events else most)
        self.skipped += waited * (SPEED - 1)
        return events


class HurryingLoop(asyncio.SelectorEventLoop):
    """A selector loop that raises `Endless` after `longest` seconds of real time."""

    def __init__(self, longest: float) -> None:
        self._hurrying = _HurryingSelector(longest)
        super().__init__(self._hurrying)

    def time(self) -> float:
        return time.perf_counter() + self._hurrying.skipped


def run(main: Coroutine[Any, Any, T], longest: float) -> T:
    """Run `main` to its end, as `asyncio.run` would."""
    with asyncio.Runner(loop_factory=partial(HurryingLoop, longest)) as runner:
        return runner.run(main)
