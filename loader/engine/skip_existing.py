"""`--skip-existing`: look pairs up shortly before they are sent, and send only what is missing."""

from __future__ import annotations

import time
from asyncio import get_running_loop
from collections.abc import Callable

from loader.engine.look_ahead import OLDEST_LOOK_UP
from loader.engine.sender import Admit, PartialResult, Sender, SendMethod
from loader.engine.work_item import Moment, WorkItem
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.association_reader import AssociationReader, ExistingAssociations
from loader.model import Outcome, Pair, Status, group_outcomes

#: After this many look-ups in a row that are too old when complete, what existed before stays unknown.
_MOST_SLOW_LOOK_UPS = 3
#: Pairs in one look-up of few records.
_MOST_PAIRS = 10_000


class ExistingFirst:
    """Looks up items with `look_up`, and passes the others to `sender`.

    A pair is `existing` if the default association exists. If only labels exist, the default one is sent, but
    the pair counts as having existed: `undo` would remove the labels along with the default type.
    """

    def __init__(
        self,
        hubspot: HubSpot,
        sender: Sender,
        pack: Callable[[list[Pair], str, bool], list[WorkItem]],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`pack` makes items for `sender`; `now` gives Unix time."""
        self._hubspot, self._sender, self._pack, self._now = hubspot, sender, pack, now

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        """Look an item up, or send it. Missing pairs come back as items to send."""
        if not item.look_up:
            return await self._sender.send(item, admit)
        existing = await look_up(item, self._hubspot, admit, self._now)
        if isinstance(existing, Verdict):
            if existing.kind is not Kind.REFUSED:
                return existing
            # One bad record may fail the look-up of all. Sending will show which one.
            return PartialResult([], item.halves() or self._pack(item.pairs, "", True))
        return self._sort(item, existing)

    def _sort(self, item: WorkItem, existing: ExistingAssociations) -> PartialResult:
        now = self._now()
        outcomes: list[Outcome] = []
        missing: dict[str, list[Pair]] = {"no": [], "yes": [], "": []}
        for pair in item.pairs:
            link = existing.link(pair)
            if link is not None and link.default:
                outcomes.append(
                    Outcome(pair, Status.EXISTING, now, association_types=link.types, existed_before="yes")
                )
            elif link is not None:
                missing["yes"].append(pair)
            else:
                missing["no" if existing.knows(pair) else ""].append(pair)
        again = [new for existed, pairs in missing.items() for new in self._items(item, pairs, existed)]
        return PartialResult(group_outcomes(outcomes), again)

    def _items(self, item: WorkItem, pairs: list[Pair], existed_before: str) -> list[WorkItem]:
        """Items of missing pairs. If their look-up is too old by now, they are looked up again."""
        assert item.looked_up is not None, "a look-up that was answered has started"
        if existed_before == "no" and item.looked_up.age(moment(self._now)) > OLDEST_LOOK_UP:
            if item.slow_look_ups + 1 < _MOST_SLOW_LOOK_UPS:
                again = WorkItem(pairs, look_up=True)
                again.slow_look_ups = item.slow_look_ups + 1
                return [again] if pairs else []
            existed_before = ""
        items = self._pack(pairs, existed_before, True)
        if existed_before:
            for new in items:
                new.looked_up = item.looked_up
        return items


async def look_up(
    item: WorkItem, hubspot: HubSpot, admit: Admit, now: Callable[[], float]
) -> ExistingAssociations | Verdict:
    """Find out which pairs of an item exist. After a Verdict the item goes on with the request that failed.

    An item's attempts are those of one request: each answered request resets them.
    """
    if item.reader is None:
        item.reader = AssociationReader(item.pairs)
    reader = item.reader

    def admit_and_note() -> None:
        admit()
        if item.look_up and item.looked_up is None:
            item.looked_up = moment(now)

    answers = reader.answers
    existing = await reader.go_on(hubspot, admit_and_note)
    if reader.answers > answers:
        item.attempts = item.unanswered = 0
    return existing


def moment(now: Callable[[], float]) -> Moment:
    """The present on both clocks."""
    return Moment(get_running_loop().time(), now())


def look_up_method(hubspot: HubSpot) -> SendMethod:
    """The way to look pairs up and do nothing else."""
    return SendMethod(LookUp(hubspot), _never_packed, pairs=_MOST_PAIRS, looks_up=True)


class LookUp:
    """Says which pairs exist: `existing`, `failed` if they do not, `gave_up` if that is not known."""

    def __init__(self, hubspot: HubSpot, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time."""
        self._hubspot, self._now = hubspot, now

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        """Look the pairs of an item up. A refused look-up proves nothing."""
        existing = await look_up(item, self._hubspot, admit, self._now)
        now = self._now()
        if isinstance(existing, Verdict):
            if existing.kind is not Kind.REFUSED:
                return existing
            halves = item.halves()
            unknown = [] if halves else [Outcome(pair, Status.GAVE_UP, now) for pair in item.pairs]
            return PartialResult(group_outcomes(unknown), halves)
        return PartialResult(group_outcomes(_finding(pair, existing, now) for pair in item.pairs), [])


def _finding(pair: Pair, existing: ExistingAssociations, now: float) -> Outcome:
    link = existing.link(pair)
    if link is not None and link.default:
        return Outcome(pair, Status.EXISTING, now)
    known = link is not None or existing.knows(pair) or existing.is_gone(pair)
    return Outcome(pair, Status.FAILED if known else Status.GAVE_UP, now)


def _never_packed(_pairs: list[Pair], _existed_before: str, _last: bool) -> list[WorkItem]:
    return []
