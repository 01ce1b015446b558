"""`undo`: removing the associations of pairs, with evidence that they are gone.

The batch archive removes all association types of a pair, so pairs that have gained a label are left alone.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from loader.engine.batching import failed, record_packing
from loader.engine.retry import MADE_NOTHING_SENDS
from loader.engine.sender import Admit, PartialResult, SendMethod
from loader.engine.skip_existing import look_up
from loader.engine.work_item import WorkItem
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.association_reader import AssociationReader, ExistingAssociations
from loader.hubspot.batch_response import parse_archive_response
from loader.model import Outcome, OutcomeGroup, Pair, Status, group_outcomes

#: Most from-records (facts: doc) and most pairs (no limit is known) in one request.
_MOST_RECORDS, _MOST_PAIRS = 100, 1000


def undo_method(hubspot: HubSpot, absent: Status = Status.REMOVED) -> SendMethod:
    """The way to remove pairs; those whose `existed_before` is None are read first.

    The outcomes are `removed`; `absent` if the first reading shows that there is no association;
    `associated` if the pair has a label and was left; `failed`; `gave_up`.
    """
    packing = record_packing(_MOST_RECORDS, _MOST_PAIRS)
    return SendMethod(UndoSender(hubspot, absent), packing, pairs=_MOST_RECORDS, looks_up=True)


class UndoSender:
    """Reads pairs, removes those without a label, and reads back those whose removal is unproven."""

    def __init__(self, hubspot: HubSpot, absent: Status, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time."""
        self._hubspot, self._absent, self._now = hubspot, absent, now

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        """Read or remove the item's pairs. Removing what does not exist changes nothing."""
        if not item.look_up:
            return await self._remove(item, admit)
        existing = await look_up(item, self._hubspot, admit, self._now)
        if not isinstance(existing, Verdict):
            return self._sort(item, existing)
        if existing.kind is not Kind.REFUSED:
            return existing
        halves = item.halves()
        groups = [] if halves else self._group(item, item.pairs, Status.GAVE_UP, existing)
        return PartialResult(groups, halves)

    def _sort(self, item: WorkItem, existing: ExistingAssociations) -> PartialResult:
        by_status: dict[Status, list[Pair]] = defaultdict(list)
        there: list[Pair] = []
        unsure: list[Pair] = []
        for pair in item.pairs:
            types = existing.link(pair)
            if types is not None and types.labelled:
                by_status[Status.ASSOCIATED].append(pair)
                continue
            # Of an incomplete answer, the missing part may hold the pair's label.
            in_full = existing.knows(pair) if types is not None else not existing.is_paged(pair)
            if not in_full and not _is_from_other_side(item):
                unsure.append(pair)
            elif types is not None and not in_full:
                by_status[Status.GAVE_UP].append(pair)
            elif types is None:
                known = (existing.knows(pair) and not existing.is_paged(pair)) or existing.is_gone(pair)
                gone = Status.REMOVED if item.nothing_made else self._absent
                by_status[gone if known else Status.GAVE_UP].append(pair)
            elif item.nothing_made >= MADE_NOTHING_SENDS:
                by_status[Status.FAILED].append(pair)
            else:
                there.append(pair)
        messages = {
            Status.FAILED: Verdict(
                Kind.REFUSED,
                0,
                "NOT_REMOVED",
                "HubSpot answered without an error, and the pair is still there",
            ),
            Status.GAVE_UP: Verdict(
                Kind.TRANSIENT, 0, "UNREADABLE_ANSWER", "HubSpot's answer about the pair is incomplete"
            ),
        }
        groups = [
            group
            for status, pairs in by_status.items()
            for group in self._group(item, pairs, status, messages.get(status, Verdict(Kind.SUCCESS)))
        ]
        again = record_packing(_MOST_RECORDS, _MOST_PAIRS)(there, "no", True)
        for new in again:
            new.stage, new.sends, new.nothing_made = item.stage, item.sends, item.nothing_made
            new.looked_up = item.looked_up
        if unsure:
            again.append(_reading(item, unsure, other_side=True))
        return PartialResult(groups, again)

    async def _remove(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        first = item.pairs[0]
        answer = await self._hubspot.request(
            "POST",
            f"/crm/associations/{self._hubspot.version}/{first.from_type}/{first.to_type}/batch/archive",
            json={"inputs": _inputs(item.pairs)},
            row=first.row,
            admit=admit,
        )
        if isinstance(answer, Verdict):
            return answer
        now = self._now()
        found = parse_archive_response(item.pairs, answer, now)
        if isinstance(found, Verdict):
            return found
        outcomes = [failed(pair, item, verdict, now) for pair, verdict in found.refused]
        success = Verdict(Kind.SUCCESS, answer.status, correlation_id=answer.correlation_id)
        groups = self._group(item, found.removed, Status.REMOVED, success)
        again: list[WorkItem] = []
        if found.unproven:
            again.append(_reading(item, found.unproven))
            again[0].nothing_made += 1
        return PartialResult([*group_outcomes(outcomes), *groups], again)

    def _group(
        self, item: WorkItem, pairs: list[Pair], status: Status, verdict: Verdict
    ) -> list[OutcomeGroup]:
        if not pairs:
            return []
        first = Outcome(
            pairs[0],
            status,
            self._now(),
            verdict.http_status,
            item.attempts + item.nothing_made + (not item.look_up),
            existed_before="no",
            error_category=verdict.category,
            error_message=verdict.message,
            error_details=verdict.details,
            correlation_id=verdict.correlation_id,
        )
        return [OutcomeGroup(pairs, first)]


def _reading(item: WorkItem, pairs: list[Pair], *, other_side: bool = False) -> WorkItem:
    """Some of an item's pairs, to be read again.

    `other_side` asks for the records at the other end. This run removes associations while it reads a record
    page by page, and so misses one that moves to an earlier page. The other record rarely has a second page.
    """
    reading = item.part(pairs)
    reading.look_up, reading.looked_up = True, None
    reading.nothing_made = item.nothing_made
    if other_side:
        reading.reader = AssociationReader(pairs, other_side=True)
    return reading


def _is_from_other_side(item: WorkItem) -> bool:
    return item.reader is not None and item.reader.other_side


def _inputs(pairs: list[Pair]) -> list[dict[str, object]]:
    to_records: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for pair in pairs:
        to_records[pair.from_id].append({"id": pair.to_id})
    return [{"from": {"id": from_id}, "to": records} for from_id, records in to_records.items()]
