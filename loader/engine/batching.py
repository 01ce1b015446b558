"""`--method batch`: up to 2,000 pairs of one pair of types in one request, and still a verdict for each.

What an answer leaves open is asked again in smaller items, in the end by PUT, so that blame is exact and no
good row pays for a bad neighbour. A bad row costs some 2·log2(n) requests where a whole batch is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

import orjson

from loader.engine.sender import PartialResult
from loader.engine.work_queue import WorkItem
from loader.hubspot import Answer, HubSpot, Verdict
from loader.hubspot.batch_response import parse_associate_response
from loader.model import Outcome, OutcomeGroup, Pair, Status, group_outcomes

#: Pairs in one request: HubSpot names no limit, and a third party found this one (facts).
MOST_PAIRS = 2000
#: Pairs that wait for their item to be full, of all pairs of types together.
_MOST_HELD = 50_000
#: At most so many pairs that an answer leaves open are sent one by one; more of them in halves.
_FEW = 50
#: Bytes of an answer: 2,000 pairs have 4,000 results of some 170 bytes, and errors are longer.
_ANSWER_LIMIT = 8 << 20

_types_of, _from_id, _to_id = itemgetter(1, 3), itemgetter(2), itemgetter(4)


class BatchSender:
    """One request per item; a item of one pair goes by PUT, whose answer leaves nothing open."""

    def __init__(self, hubspot: HubSpot, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time."""
        self._hubspot, self._now = hubspot, now

    async def send(self, item: WorkItem) -> Verdict | PartialResult:
        """Associate the item's pairs, which are all of the same types."""
        first = item.pairs[0]
        if len(item.pairs) == 1:
            return await self._hubspot.associate(first)
        answer = await self._hubspot.request(
            "POST",
            f"/crm/associations/{self._hubspot.version}/{first.from_type}/{first.to_type}"
            "/batch/associate/default",
            json=orjson.Fragment(_body(item.pairs)),
            limit=_ANSWER_LIMIT,
            row=first.row,
        )
        return answer if isinstance(answer, Verdict) else parse_batch_response(item, answer, self._now())


def parse_batch_response(item: WorkItem, answer: Answer, now: float) -> Verdict | PartialResult:
    """The outcomes of an item's pairs by the 2xx answer, and new items for the pairs that it leaves open.

    `now` is Unix time in seconds.
    """
    found = parse_associate_response(item.pairs, answer, now)
    if isinstance(found, Verdict):
        return found
    trace = answer.headers.get("X-HubSpot-Correlation-Id", "")
    groups = []
    for types, pairs in found.associated.items():
        attempts, existed = item.attempts + 1, item.existed_before
        first = Outcome(
            pairs[0],
            Status.ASSOCIATED,
            now,
            answer.status,
            attempts,
            types,
            existed,
            correlation_id=trace,
        )
        groups.append(OutcomeGroup(pairs, first))
    if len(groups) != 1 or found.refused:
        outcomes = [outcome for group in groups for outcome in group.outcomes]
        outcomes += [failed(pair, item, verdict, now) for pair, verdict in found.refused]
        outcomes.sort(key=lambda outcome: outcome.pair.row)  # refusals "in a row" are counted in this order
        groups = group_outcomes(outcomes)
    some_associated = bool(found.associated) or item.neighbours_stand
    return PartialResult(groups, smaller(item, found.open, some_associated))


def smaller(item: WorkItem, pairs: list[Pair], some_associated: bool) -> list[WorkItem]:
    """New items of the pairs that an answer leaves open: one pair each if they are few, else halves."""
    size = 1 if len(pairs) <= _FEW else -(-len(pairs) // 2)
    return [
        WorkItem(pairs[at : at + size], existed_before=item.existed_before, neighbours_stand=some_associated)
        for at in range(0, len(pairs), size)
    ]


def failed(pair: Pair, item: WorkItem, verdict: Verdict, now: float) -> Outcome:
    """The outcome of a pair that an answer about many refuses."""
    return Outcome(
        pair,
        Status.FAILED,
        now,
        verdict.http_status,
        item.attempts + 1,
        existed_before=item.existed_before,
        error_category=verdict.category,
        error_message=verdict.message,
        error_details=verdict.details,
        correlation_id=verdict.correlation_id,
    )


class BatchPacking:
    """Packs pairs as they are read; what does not fill a item waits for the next pairs of its types."""

    def __init__(self) -> None:
        self._lanes: dict[tuple[str, str], list[Pair]] = {}

    def __call__(self, pairs: list[Pair], last: bool) -> list[WorkItem]:
        """The items that are full now, and after the `last` pairs all others."""
        for types, run in groupby(pairs, _types_of):
            self._lanes.setdefault(types, []).extend(run)
        items: list[WorkItem] = []
        for types, lane in self._lanes.items():
            if last or len(lane) >= MOST_PAIRS:
                self._lanes[types] = _pack(lane, items, "", last)
        held = sum(map(len, self._lanes.values()))
        while held > _MOST_HELD:
            fullest = max(self._lanes, key=lambda types: len(self._lanes[types]))
            lane = self._lanes.pop(fullest)
            _pack(lane, items, "", True)
            held -= len(lane)
        return items


def packed(pairs: list[Pair], existed_before: str) -> list[WorkItem]:
    """Pairs of the same types as items, with what a look before sending found."""
    items: list[WorkItem] = []
    _pack(pairs, items, existed_before, True)
    return items


def _pack(pairs: list[Pair], items: list[WorkItem], existed_before: str, last: bool) -> list[Pair]:
    """Add items of `pairs` to `items` and return what is left over."""
    apart: list[Pair] = []
    at = 0
    while len(apart) + len(pairs) - at >= MOST_PAIRS or (last and (apart or at < len(pairs))):
        taken = apart + pairs[at : at + MOST_PAIRS - len(apart)]
        at += MOST_PAIRS - len(apart)
        together, apart = _without_reverses(taken)
        items.append(WorkItem(together, existed_before=existed_before))
    return apart + pairs[at:]


def _without_reverses(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The pairs that may go together, and those whose reverse is among these.

    An answer names both directions of each pair, so of (1, 2) and (2, 1) in one request nobody could say
    whether an entry is the one's own or the other's reverse.
    """
    if set(map(_from_id, pairs)).isdisjoint(map(_to_id, pairs)):
        return pairs, []
    together: dict[tuple[str, str], Pair] = {}
    apart: list[Pair] = []
    for pair in pairs:
        if (pair.to_id, pair.from_id) in together:
            apart.append(pair)
        else:
            together[pair.from_id, pair.to_id] = pair
    return list(together.values()), apart


def _body(pairs: list[Pair]) -> bytes:
    """The request as JSON. IDs are digits, so nothing needs escaping."""
    inputs = ",".join([f'{{"from":{{"id":"{pair[2]}"}},"to":{{"id":"{pair[4]}"}}}}' for pair in pairs])
    return f'{{"inputs":[{inputs}]}}'.encode()
