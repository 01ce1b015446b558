"""Removing pairs: looked up shortly before, removed by the batch archive, and believed on evidence alone."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from loader.engine.batching import failed, record_packing
from loader.engine.sender import Admit, PartialResult, SendMethod
from loader.engine.skip_existing import look_up
from loader.engine.work_item import WorkItem
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.association_reader import ExistingAssociations
from loader.hubspot.batch_response import parse_archive_response
from loader.model import Outcome, OutcomeGroup, Pair, Status, group_outcomes

#: Different from-records in one request (facts: doc), and pairs, for which no limit is known.
_MOST_RECORDS, _MOST_PAIRS = 100, 1000


def removal_method(hubspot: HubSpot) -> SendMethod:
    """The way to remove pairs that have no label."""
    return SendMethod(Removal(hubspot), _pack, pairs=_MOST_PAIRS, looks_up=True)


class Removal:
    """Looks pairs up and removes those that exist: `removed`, `existing` if they are kept, else `failed`.

    A pair that has a label is kept: removing the default type removes every label on the pair. `removed`
    means that the answer to the archive says so, or that reading the pair back shows it gone.
    """

    def __init__(self, hubspot: HubSpot, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time."""
        self._hubspot, self._now = hubspot, now

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        """Look an item up, or remove it. Removing what does not exist changes nothing."""
        if not item.look_up:
            return await self._archive(item, admit)
        existing = await look_up(item, self._hubspot, admit, self._now)
        if isinstance(existing, Verdict):
            halves = item.halves() if existing.kind is Kind.REFUSED else []
            return PartialResult([], halves) if halves else existing
        return self._sort(item, existing)

    def _sort(self, item: WorkItem, existing: ExistingAssociations) -> PartialResult:
        outcomes: list[Outcome] = []
        left: list[Pair] = []
        for pair in item.pairs:
            link = existing.link(pair)
            if link is None:
                outcomes.append(self._absent(pair, existing))
            elif link.labelled or not link.default:
                outcomes.append(Outcome(pair, Status.EXISTING, self._now(), association_types=link.types))
            elif item.nothing_made:
                outcomes.append(self._still_there(pair, link.types))
            else:
                left.append(pair)
        again = _pack(left, "no", True)
        for one in again:
            one.looked_up = item.looked_up
        return PartialResult(group_outcomes(outcomes), again)

    def _absent(self, pair: Pair, existing: ExistingAssociations) -> Outcome:
        if existing.knows(pair) or existing.is_gone(pair):
            return Outcome(pair, Status.REMOVED, self._now())
        message = "HubSpot does not say whether the association exists"
        return Outcome(pair, Status.GAVE_UP, self._now(), error_category="UNREAD", error_message=message)

    def _still_there(self, pair: Pair, types: str) -> Outcome:
        return Outcome(
            pair,
            Status.FAILED,
            self._now(),
            association_types=types,
            error_category="NOT_REMOVED",
            error_message="HubSpot answered the removal, but the association is still there",
        )

    async def _archive(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
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
        refused = [failed(pair, item, verdict, now) for pair, verdict in found.refused]
        removed = _removed(item, found.removed, answer.status, answer.correlation_id, now)
        return PartialResult([*group_outcomes(refused), *removed], _to_read_back(found.unproven))


def _pack(pairs: list[Pair], existed_before: str, last: bool) -> list[WorkItem]:
    return record_packing(_MOST_RECORDS, _MOST_PAIRS)(pairs, existed_before, last)


def _to_read_back(pairs: list[Pair]) -> list[WorkItem]:
    if not pairs:
        return []
    item = WorkItem(pairs, look_up=True)
    item.nothing_made = 1
    return [item]


def _inputs(pairs: list[Pair]) -> list[dict[str, object]]:
    to_records: defaultdict[str, list[dict[str, str]]] = defaultdict(list)
    for pair in pairs:
        to_records[pair.from_id].append({"id": pair.to_id})
    return [{"from": {"id": from_id}, "to": records} for from_id, records in to_records.items()]


def _removed(item: WorkItem, pairs: list[Pair], status: int, trace: str, now: float) -> list[OutcomeGroup]:
    if not pairs:
        return []
    attempts, existed = item.attempts + 1, item.existed_before
    first = Outcome(
        pairs[0], Status.REMOVED, now, status, attempts, existed_before=existed, correlation_id=trace
    )
    return [OutcomeGroup(pairs, first)]
