"""`--skip-existing`: look at what stands first, and send only what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable

from loader.engine.packing import RecordPacking
from loader.engine.sender import PartialResult, Sender
from loader.engine.work_queue import WorkItem
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.association_reader import MOST_RECORDS, AssociationReader, ExistingAssociations
from loader.model import Outcome, Pair, Status, group_outcomes

#: Pairs in one item, where few records have many.
_MOST_PAIRS = 10_000


class ExistingFirst:
    """Answers for the pairs that stand already, and packs the others for the sender behind it.

    A pair is `existing` where the default association stands. Where only labels stand the default one is
    sent, and yet the pair existed before: `undo` would remove the labels along with the default type.
    """

    def __init__(
        self,
        hubspot: HubSpot,
        sender: Sender,
        pack: Callable[[list[Pair], str], list[WorkItem]],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`pack` gets pairs of the same types and whether they existed before; `now` gives Unix time."""
        self._hubspot, self._sender = hubspot, sender
        self._pack, self._now = pack, now

    async def send(self, item: WorkItem) -> Verdict | PartialResult:
        """Look a item up that is `asking`; hand any other on."""
        if not item.asking:
            return await self._sender.send(item)
        standing = await look_up(item, self._hubspot)
        if isinstance(standing, Verdict):
            if standing.kind is not Kind.REFUSED:
                return standing
            # One record may spoil the question for all; about that one the sending will find out.
            return PartialResult([], item.halves() or self._pack(item.pairs, ""))
        now = self._now()
        outcomes: list[Outcome] = []
        missing: dict[str, list[Pair]] = {"no": [], "yes": [], "": []}
        for pair in item.pairs:
            link = standing.link(pair)
            if link is not None and link.default:
                outcomes.append(
                    Outcome(pair, Status.EXISTING, now, association_types=link.types, existed_before="yes")
                )
            elif link is not None:
                missing["yes"].append(pair)
            else:
                missing["no" if standing.knows(pair) else ""].append(pair)
        again = [item for existed, pairs in missing.items() for item in self._pack(pairs, existed)]
        return PartialResult(group_outcomes(outcomes), again)


async def look_up(item: WorkItem, hubspot: HubSpot) -> ExistingAssociations | Verdict:
    """What stands between the pairs of a item. After a Verdict the same item goes on where that came.

    The attempts of a item are for one request, so that each one that is answered gives them back.
    """
    if item.reading is None:
        item.reading = AssociationReader(item.pairs)
    answers = item.reading.answers
    standing = await item.reading.go_on(hubspot)
    if item.reading.answers > answers:
        item.attempts = item.silent = 0
    return standing


def asking_packing() -> RecordPacking:
    """Makes items that one request looks up, or a few where few records have many pairs."""
    return RecordPacking(records=MOST_RECORDS, pairs=_MOST_PAIRS, asking=True)
