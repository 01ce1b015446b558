"""Whether refusals concern single pairs, or the whole file, or what the token may read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from loader.engine.sender import Admit, NotStarted
from loader.errors import Stopped
from loader.hubspot import Verdict
from loader.model import OutcomeGroup, Pair, Status

#: If this many first pairs are all refused in these words, they are looked into. HubSpot says so of a missing
#: record, and of one that the token may write but not read (facts: live, one report).
_FIRST_PAIRS = 5
_WORDS = "one or more associations are invalid"

#: Reads records of an object type by their IDs, as `lookups.read_existing` does.
ReadRecords: TypeAlias = Callable[[str, list[str], Admit], Awaitable[set[str] | Verdict]]


class Refusals:
    """Counts refusals in a row.

    looking_into  whether the first refusals are being looked into; nothing should be sent meanwhile
    """

    def __init__(self, most: int) -> None:
        """`most` refusals in a row are too many; 0: never."""
        self.looking_into = False
        self._most = most
        self._in_a_row = 0
        self._last_message = ""
        self._first: list[Pair] | None = []  # None after another outcome, or once looked into

    def count(self, group: OutcomeGroup, *, partly_associated: bool) -> None:
        """Take note of outcomes. A refusal in a partly associated request says nothing about other pairs."""
        first = group.first
        if first.status is not Status.FAILED:
            self._in_a_row, self._first = 0, None
        elif not partly_associated:
            self._in_a_row += len(group.pairs)
            self._last_message = first.error_message
            if _WORDS not in first.error_message.lower():
                self._first = None
            elif self._first is not None:
                self._first += group.pairs[:_FIRST_PAIRS]

    @property
    def are_suspect(self) -> bool:
        """Whether all first pairs were refused in the same words, and that is to be looked into."""
        return self._first is not None and len(self._first) >= _FIRST_PAIRS and not self.looking_into

    async def look_into(self, read: ReadRecords, admit: Admit) -> Stopped | None:
        """Read some records of the first pairs. If they exist or may not be read, no pair is at fault."""
        assert self._first is not None
        pairs, self._first = self._first, None
        first = pairs[0]
        same = [pair for pair in pairs[:_FIRST_PAIRS] if pair[1::2] == first[1::2]]
        self.looking_into = True
        try:
            sources = await read(first.from_type, list({pair.from_id: None for pair in same}), admit)
            targets = await read(first.to_type, list({pair.to_id: None for pair in same}), admit)
        except NotStarted:
            return None
        except Exception:  # an answer that can't be interpreted says nothing
            return None
        finally:
            self.looking_into = False
        refusal = next((answer for answer in (sources, targets) if isinstance(answer, Verdict)), None)
        if refusal is not None and refusal.http_status != 403:
            return None
        if not isinstance(sources, Verdict) and not isinstance(targets, Verdict):
            if not any(pair.from_id in sources and pair.to_id in targets for pair in same):
                return None
            what = "although their records exist"
        else:
            what = "and the token can't read their records"
        return Stopped(
            "no_read_access",
            f"the first {len(pairs)} pairs were all refused ({self._last_message}), {what}",
            f"Give the token read access to {first.from_type} and {first.to_type}, then run the same command "
            "with --retry: it also sends again what was refused.",
        )

    def too_many(self) -> Stopped | None:
        """What ends the run after too many refusals in a row."""
        if self.looking_into or not 0 < self._most <= self._in_a_row:
            return None
        return Stopped(
            "too_many_failures",
            f"{self._in_a_row} pairs in a row were refused, the last with: {self._last_message}",
            "Is it the right file, with the right columns and types, for this account? The report has the "
            "reasons. To continue anyway, add --stop-after-failures 0.",
        )
