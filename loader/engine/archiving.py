"""Removing pairs with every type that stands between them: the batch archive."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from loader.engine.batching import failed, smaller
from loader.engine.packing import RecordPacking
from loader.engine.sender import PartialResult
from loader.engine.work_queue import WorkItem
from loader.hubspot import HubSpot, Verdict, judge
from loader.hubspot.batch_response import parse_archive_response
from loader.model import Outcome, OutcomeGroup, Pair, Status, group_outcomes

#: Different from-records in one request (facts: doc), and pairs, for which no limit is known.
_MOST_RECORDS, _MOST_PAIRS = 100, 1000


def archive_packing() -> RecordPacking:
    """Makes items that one request removes."""
    return RecordPacking(records=_MOST_RECORDS, pairs=_MOST_PAIRS, existed_before="no")


class ArchiveSender:
    """Removes the pairs of a item, which are all of the same types."""

    def __init__(self, hubspot: HubSpot, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time."""
        self._hubspot, self._now = hubspot, now

    async def send(self, item: WorkItem) -> Verdict | PartialResult:
        """Remove them. Removing what does not stand changes nothing, so it may be sent again."""
        first = item.pairs[0]
        answer = await self._hubspot.request(
            "POST",
            f"/crm/associations/{self._hubspot.version}/{first.from_type}/{first.to_type}/batch/archive",
            json={"inputs": _inputs(item.pairs)},
            row=first.row,
        )
        if isinstance(answer, Verdict):
            return answer
        now = self._now()
        found = parse_archive_response(item.pairs, answer, now)
        if isinstance(found, Verdict):
            return found
        if found.unproven and len(item.pairs) == 1:
            return judge(answer.status, answer.headers, answer.body, first, now=now)
        trace = answer.headers.get("X-HubSpot-Correlation-Id", "")
        outcomes = [failed(pair, item, verdict, now) for pair, verdict in found.refused]
        return PartialResult(
            [*group_outcomes(outcomes), *_removed(item, found.removed, answer.status, trace, now)],
            smaller(item, found.unproven, some_associated=False),
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
