"""Telling an outage from a row that nobody answers.

One row whose connection breaks may be that row's fault, and it has only so many attempts. When no connection
can be made, or several different rows in succession get no answer at all, the fault is not theirs: nothing
more is held against them, everybody waits, and one request at a time asks whether HubSpot is back. A row that
got no answer while a request sent later did is suspect from then on, and its silence proves nothing any more.

What counts is when a request was sent: an answer to an earlier one may have been on its way when HubSpot fell
silent, and acquits nobody.
"""

from __future__ import annotations

from loader.engine.work_queue import WorkItem

#: Different rows without any answer in between that make an outage.
SILENT_ROWS = 5
_FIRST_PROBE, _LONGEST_PROBE = 1.0, 15.0


class CircuitBreaker:
    """Whether anybody answers. Times in seconds on the loop's clock.

    `began` is when the silence of an outage began, None while there is none.
    """

    def __init__(self) -> None:
        self.began: float | None = None
        self.last_words = ""
        self._silence_since: float | None = None
        self._silent: set[WorkItem] = set()
        self._unreachable = False
        self._probes = 0

    def answered(self, sent: float) -> bool:
        """Somebody answered a request sent at `sent`. Says whether that ended an outage."""
        if self._silence_since is None:
            return False
        for item in [silent for silent in self._silent if silent.sent < sent]:
            item.silent, item.suspect = 0, True
            self._silent.remove(item)
        if self._silent:  # they were sent later
            return False
        ended = self.began is not None
        self.began = self._silence_since = None
        self._unreachable = False
        self._probes = 0
        return ended

    def silent(self, item: WorkItem, now: float, waited: float, heard: float, words: str) -> bool:
        """A item was sent `waited` seconds ago, one more attempt, and nobody answered: an outage?

        `heard` is when the latest request was sent that has been answered.
        """
        self._note(now, words)
        if self._unreachable:  # a connection could be made: whether it is the row's fault is open again
            self._unreachable, self.began = False, None
        self._silent.add(item)
        item.silent += 1
        item.sent = now - waited
        item.suspect = item.suspect or heard > item.sent
        beyond_suspicion = sum(not item.suspect for item in self._silent)
        if beyond_suspicion >= SILENT_ROWS or self.began is not None:
            self._begin()
        return self.began is not None

    def unreachable(self, now: float, words: str) -> None:
        """No connection could be made, which says nothing about any row."""
        self._note(now, words)
        self._unreachable = self._unreachable or self.began is None
        self._begin()

    def nobody(self, now: float) -> None:
        """Not even a question was answered for which no row is to blame."""
        self._note(now, self.last_words)
        self._begin()

    def doubts(self, item: WorkItem) -> bool:
        """Whether a item may be to blame itself, so that another silence of it would prove nothing."""
        return item.suspect or item in self._silent

    def probe_delay(self) -> float:
        """Seconds until the next probe: 1, 2, 4, … up to 15."""
        self._probes += 1
        return min(_LONGEST_PROBE, _FIRST_PROBE * 2.0 ** (self._probes - 1))

    @property
    def rest(self) -> float:
        """Seconds that a row waits to which nobody answered, so that the next probe is another row's."""
        return min(2 * _LONGEST_PROBE, _FIRST_PROBE * 2.0**self._probes)

    def _note(self, now: float, words: str) -> None:
        self.last_words = words
        if self._silence_since is None:
            self._silence_since = now

    def _begin(self) -> None:
        self.began = self._silence_since
        for item in self._silent:  # what happens in an outage is not held against the rows
            item.attempts -= item.silent
            item.silent = 0
            item.spent = None
