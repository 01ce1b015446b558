"""What one request carries on its way to HubSpot."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from loader.hubspot import Verdict
from loader.hubspot.association_reader import AssociationReader
from loader.model import Outcome, OutcomeGroup, Pair, Status


class OpenPairs(NamedTuple):
    """Pairs of the input that are to be sent.

    pairs           in the order of the input
    existed_before  what was found before this load first sent them (``yes``, ``no``, or empty: no look-up),
                    or None if it has never sent them
    """

    pairs: list[Pair]
    existed_before: str | None = None


class Moment(NamedTuple):
    """A point in time on both clocks: the loop's stops while a machine is suspended, the other does not."""

    monotonic: float
    wall: float

    def age(self, now: Moment) -> float:
        """Seconds from here to `now`, by the clock that counts more of them."""
        return max(now.monotonic - self.monotonic, now.wall - self.wall)


class Stage(IntEnum):
    """How far the pairs of an item are. A look-up needs no record: it changes nothing in the account."""

    PACKED = 0  #: not in the checkpoint yet
    RECORDED = 1  #: the checkpoint says that they are about to be sent
    SENT = 2  #: a request has started that HubSpot may have acted on
    WITHDRAWN = 3  #: they are looked up again in another item


class WorkItem:
    """The pairs that one request carries, and what has happened to them so far.

    pairs              of the same two object types
    existed_before     what a look-up found: ``yes``, ``no``, or empty
    look_up            the pairs are to be looked up, not to be sent
    stage              how far they are
    sends              requests that HubSpot may have acted on
    attempts           requests that count against `--max-attempts`
    nothing_made       2xx answers without an error and without the pair
    unanswered         attempts without an answer since the last proof that HubSpot answers
    suspect            requests sent later were answered, its own was not
    sent_at            when it was last sent without an answer, in seconds on the loop's clock
    partly_associated  pairs of the same request were associated, so a refusal concerns these pairs alone
    reader             how far a look-up has come
    looked_up          when the first request of their look-up started; None without a look-up
    slow_look_ups      look-ups in a row that were too old when they were complete
    """

    __slots__ = (
        "attempts",
        "existed_before",
        "look_up",
        "looked_up",
        "nothing_made",
        "pairs",
        "partly_associated",
        "reader",
        "sends",
        "sent_at",
        "slow_look_ups",
        "stage",
        "suspect",
        "unanswered",
    )

    def __init__(self, pairs: list[Pair], *, existed_before: str = "", look_up: bool = False) -> None:
        self.pairs = pairs
        self.existed_before = existed_before
        self.look_up = look_up
        self.stage = Stage.PACKED
        self.sends = self.attempts = self.nothing_made = self.unanswered = self.slow_look_ups = 0
        self.suspect = self.partly_associated = False
        self.sent_at = 0.0
        self.reader: AssociationReader | None = None
        self.looked_up: Moment | None = None

    def part(self, pairs: list[Pair]) -> WorkItem:
        """Some of the pairs as an item of their own, whose attempts start at 0."""
        item = WorkItem(pairs, existed_before=self.existed_before, look_up=self.look_up)
        item.stage, item.sends, item.partly_associated = self.stage, self.sends, self.partly_associated
        item.looked_up, item.slow_look_ups = self.looked_up, self.slow_look_ups
        return item

    def halves(self) -> list[WorkItem]:
        """The same pairs as two items; empty if there is one pair."""
        if len(self.pairs) == 1:
            return []
        middle = len(self.pairs) // 2
        return [self.part(self.pairs[:middle]), self.part(self.pairs[middle:])]

    def outcomes(self, status: Status, verdict: Verdict, completed_at: float) -> OutcomeGroup:
        """What a verdict on the whole item means for each of its pairs; `completed_at` is Unix time."""
        first = Outcome(
            self.pairs[0],
            status,
            completed_at,
            verdict.http_status,
            self.attempts,
            verdict.association_types,
            self.existed_before,
            verdict.category,
            verdict.message,
            verdict.details,
            verdict.correlation_id,
        )
        return OutcomeGroup(self.pairs, first)
