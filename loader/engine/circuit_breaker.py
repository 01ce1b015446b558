"""Telling an outage from a pair that gets no answer, and pausing until HubSpot answers again.

See https://martinfowler.com/bliki/CircuitBreaker.html. A pair whose connection breaks may itself be the
reason, so its attempts are limited. But if no connection can be made, or several different items in
succession get no answer, the items are not the reason: their attempts are given back, everything pauses, and
one request at a time asks whether HubSpot answers again.

An item that gets no answer, although a request sent later got one, is suspect from then on: it no longer
counts as a sign of an outage. An answer to an earlier request proves nothing either: it may have been on its
way when the outage began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from loader.engine.sender import Admit
from loader.engine.work_item import WorkItem
from loader.errors import Stopped

#: This many different items without an answer, and no answer in between, are an outage.
UNANSWERED_ITEMS = 5
_FIRST_PROBE, _LONGEST_PROBE = 1.0, 15.0


class Connection(Protocol):
    """What the breaker needs of HubSpot."""

    @property
    def in_flight(self) -> int:
        """Requests that were sent and have no answer yet."""

    @property
    def heard(self) -> float:
        """The latest send time of an answered request, on the loop's clock."""

    async def answers(self, admit: Admit) -> bool:
        """Whether HubSpot answers a question that has nothing to do with any pair."""


class CircuitBreaker:
    """Open during an outage: then only probes are sent.

    is_open    whether there is an outage
    last_word  why the last unanswered request got no answer
    """

    def __init__(
        self, connection: Connection, outage_timeout: float, on_change: Callable[[str], None]
    ) -> None:
        """`outage_timeout` is in seconds. `on_change` is told why it opens, and '' when it closes."""
        self.is_open = False
        self.last_word = ""
        self._connection, self._timeout, self._on_change = connection, outage_timeout, on_change
        self._loop = asyncio.get_running_loop()
        self._unanswered: set[WorkItem] = set()
        self._without_connection = False
        self._silence: float | None = None  # seconds without an answer; None: the last request was answered
        self._counted_at = 0.0
        self._probes = 0
        self._probing = asyncio.Lock()

    @property
    def is_overdue(self) -> bool:
        """Whether there has been no answer for the whole outage time-out."""
        return self._silence is not None and self._silence >= self._timeout

    def answered(self) -> None:
        """Take note that an answer has come."""
        if self._silence is None:
            return
        heard = self._connection.heard
        for item in [one for one in self._unanswered if one.sent_at < heard]:
            item.unanswered, item.suspect = 0, True
            self._unanswered.remove(item)
        if self._unanswered:  # they were sent later
            return
        self._silence, self._without_connection, self._probes = None, False, 0
        if self.is_open:
            self.is_open = False
            self._on_change("")

    def no_answer(self, item: WorkItem, waited: float, word: str) -> bool:
        """An item that was sent `waited` seconds ago got no answer. Returns whether that is an outage."""
        self._count_silence(word, waited)
        if self._without_connection:  # a connection could be made, so it may be the item's fault
            self._without_connection = self.is_open = False
            self._on_change("")
        item.unanswered += 1
        item.sent_at = self._loop.time() - waited
        item.suspect = item.suspect or self._connection.heard > item.sent_at
        self._unanswered.add(item)
        if self.is_open or sum(not one.suspect for one in self._unanswered) >= UNANSWERED_ITEMS:
            self._open()
        return self.is_open

    def unreachable(self, word: str) -> None:
        """No connection could be made, which says nothing about any pair."""
        self._count_silence(word)
        self._without_connection = self._without_connection or not self.is_open
        self._open()

    async def is_answering(self, since: float, admit: Admit) -> bool:
        """Whether a request sent after `since` has been answered, or a probe is now. If not, it opens."""
        async with self._probing:
            if not self.is_open and self._connection.heard > since:
                return True
            if not self.is_open and await self._connection.answers(admit):
                self.answered()
                return True
        if not self.is_open:
            self._count_silence(self.last_word)
            self._open()
        return False

    async def wait_until_closed(self, admit: Admit) -> None:
        """Probe with one request at a time until one is answered.

        Raises Stopped after the time-out, and what `admit` raises.
        """
        async with self._probing:
            while self.is_open:
                left = self._timeout - (self._silence or 0.0)
                if left <= 0:
                    raise self._stopped()
                self._probes += 1
                await asyncio.sleep(min(left, _LONGEST_PROBE, _FIRST_PROBE * 2.0 ** (self._probes - 1)))
                if self.is_open and await self._connection.answers(admit):
                    self.answered()
                elif self.is_open:
                    self._count_silence(self.last_word)

    def _stopped(self) -> Stopped:
        return Stopped(
            "outage",
            f"no answer for {self._silence or 0.0:.0f} s: {self.last_word}",
            "Check the network, then run the same command again to resume.",
        )

    def _count_silence(self, word: str, waited: float = 0.0) -> None:
        """Add the time since the last count, at first `waited` seconds, but at most half of the time-out.

        Some clocks run on while a machine is suspended, and time without requests is not silence.
        """
        now = self._loop.time()
        self.last_word = word
        if self._silence is None:
            self._silence = min(waited, self._timeout / 2)
        else:
            self._silence += min(now - self._counted_at, self._timeout / 2)
        self._counted_at = now

    def _open(self) -> None:
        for item in self._unanswered:  # what happens in an outage does not count against the pairs
            item.attempts -= item.unanswered
            item.unanswered = 0
        if not self.is_open:
            self.is_open = True
            self._on_change(self.last_word)
