"""Removing pairs with every type that stands between them: the batch archive."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

from loader.engine.packing import RecordPacking
from loader.engine.sender import PartialResult
from loader.engine.work_queue import WorkItem
from loader.hubspot import HubSpot, Verdict, decode, judge
from loader.hubspot.batch_response import failed, refusals, smaller
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
        trace = answer.headers.get("X-HubSpot-Correlation-Id", "")
        if not answer.body:  # 204, as HubSpot answers it
            return PartialResult(_removed(item, item.pairs, answer.status, trace, now), [])
        document = decode(answer.body)
        state = "" if document is None else str(document.get("status") or "COMPLETE").upper()
        if document is None or state not in ("COMPLETE", "ERROR"):
            return judge(answer.status, answer.headers, answer.body, first, now=now)
        refused, anonymous = refusals(document, item.pairs, answer, now)
        outcomes = [failed(pair, item, refused[pair], now) for pair in item.pairs if pair in refused]
        others = [pair for pair in item.pairs if pair not in refused]
        count = document.get("numErrors")
        if anonymous or ((state == "ERROR" or (isinstance(count, int) and count > 0)) and not refused):
            if len(item.pairs) == 1:
                return judge(answer.status, answer.headers, answer.body, first, now=now)
            return PartialResult(group_outcomes(outcomes), smaller(item, others, some_stand=False))
        return PartialResult(
            [*group_outcomes(outcomes), *_removed(item, others, answer.status, trace, now)], []
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
