"""An event loop in virtual time: the clock jumps to the next timer whenever nothing else can run.

A minute of paced requests passes in a fraction of a second and in exactly the same way each time.
Only for coroutines that wait for timers and for each other: sockets and threads would need real time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds that each turn of the loop takes, as in reality. If the time stayed the same between turns, code
#: that waits until a sum of floats is reached could wait for ever.
_TURN = 1e-6


class _TurningSelector(selectors.SelectSelector):
    """Moves the clock to the next timer when asyncio would sleep until then."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # While callbacks are ready there is no need to look for what a thread has sent.
        events = super().select(0) if timeout != 0 else []
        if not events:
            if timeout is None:
                raise RuntimeError("every task waits, and no timer is set: nothing will ever happen")
            self.now += max(timeout, _TURN)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector loop that starts at 0.0 seconds and never sleeps."""

    def __init__(self) -> None:
        self._turning = _TurningSelector()
        super().__init__(self._turning)

    def time(self) -> float:
        return self._turning.now

    def jump(self, seconds: float) -> None:
        """Move the clock on while nothing runs, as on a machine that was suspended."""
        self._turning.now += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end in virtual time, as `asyncio.run` would in real time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
