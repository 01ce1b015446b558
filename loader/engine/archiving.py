"""Removing pairs with all their association types: the batch archive."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from loader.engine.batching import failed, record_packing, smaller
from loader.engine.sender import Admit, PartialResult, SendMethod
from loader.engine.work_item import WorkItem
from loader.hubspot import HubSpot, Verdict, judge
from loader.hubspot.batch_response import parse_archive_response
from loader.model import Outcome, OutcomeGroup, Pair, Status, group_outcomes

#: Different from-records in one request (facts: doc), and pairs, for which no limit is known.
_MOST_RECORDS, _MOST_PAIRS = 100, 1000


def archive_method(hubspot: HubSpot) -> SendMethod:
    """The way to remove pairs."""
    return SendMethod(ArchiveSender(hubspot), record_packing(_MOST_RECORDS, _MOST_PAIRS), pairs=_MOST_PAIRS)


class ArchiveSender:
    """Removes the pairs of an item."""

    def __init__(self, hubspot: HubSpot, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time."""
        self._hubspot, self._now = hubspot, now

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        """Remove them. Removing what does not exist changes nothing, so it may be sent again."""
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
        if found.unproven and len(item.pairs) == 1:
            return judge(answer.status, answer.headers, answer.body, first, now=now)
        trace = answer.correlation_id
        outcomes = [failed(pair, item, verdict, now) for pair, verdict in found.refused]
        return PartialResult(
            [*group_outcomes(outcomes), *_removed(item, found.removed, answer.status, trace, now)],
            smaller(item, found.unproven),
        )


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
