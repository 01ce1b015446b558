"""`--method batch`: up to 2,000 pairs in one request, and an outcome for each of them.

Pairs that an answer leaves open are sent again in smaller requests, finally one by one by PUT. So each
refusal concerns one pair, and a bad pair costs about 2·log2(n) requests if HubSpot refuses whole batches.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import groupby
from operator import itemgetter

import orjson

from loader.engine.sender import Admit, PartialResult
from loader.engine.work_item import WorkItem
from loader.hubspot import Answer, HubSpot, Verdict
from loader.hubspot.batch_response import parse_associate_response
from loader.model import Outcome, OutcomeGroup, Pair, Status, group_outcomes

#: Pairs in one request: HubSpot documents no limit, and a third party found this one (facts).
MOST_PAIRS = 2000
#: Most pairs that wait for a full item, all types together.
_MOST_HELD = 50_000
#: Up to this many pairs that an answer leaves open are sent one by one, more of them in halves.
_FEW = 50
#: Bytes of an answer: 2,000 pairs have 4,000 results of some 170 bytes, and errors are longer.
_ANSWER_LIMIT = 8 << 20

_types_of, _from_id, _to_id = itemgetter(1, 3), itemgetter(2), itemgetter(4)


class BatchSender:
    """One request per item. An item of one pair goes by PUT, whose answer leaves nothing open."""

    def __init__(self, hubspot: HubSpot, now: Callable[[], float] = time.time) -> None:
        """`now` gives Unix time."""
        self._hubspot, self._now = hubspot, now

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        """Associate the item's pairs."""
        first = item.pairs[0]
        if len(item.pairs) == 1:
            return await self._hubspot.associate(first, admit)
        answer = await self._hubspot.request(
            "POST",
            f"/crm/associations/{self._hubspot.version}/{first.from_type}/{first.to_type}"
            "/batch/associate/default",
            json=orjson.Fragment(_body(item.pairs)),
            limit=_ANSWER_LIMIT,
            row=first.row,
            admit=admit,
        )
        return answer if isinstance(answer, Verdict) else parse_batch_response(item, answer, self._now())


def parse_batch_response(item: WorkItem, answer: Answer, now: float) -> Verdict | PartialResult:
    """The outcomes of an item's pairs by the 2xx answer, and new items for the pairs that it leaves open.

    `now` is Unix time in seconds.
    """
    found = parse_associate_response(item.pairs, answer, now)
    if isinstance(found, Verdict):
        return found
    trace = answer.correlation_id
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
    return PartialResult(groups, smaller(item, found.open, some_associated=bool(found.associated)))


def smaller(item: WorkItem, pairs: list[Pair], *, some_associated: bool = False) -> list[WorkItem]:
    """New items of the pairs that an answer leaves open: one pair each if they are few, else halves."""
    size = 1 if len(pairs) <= _FEW else -(-len(pairs) // 2)
    items = [item.part(pairs[at : at + size]) for at in range(0, len(pairs), size)]
    for one in items:
        one.partly_associated = one.partly_associated or some_associated
    return items


def failed(pair: Pair, item: WorkItem, verdict: Verdict, now: float) -> Outcome:
    """The outcome of a pair that is refused in an answer about many."""
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


class Packing:
    """Packs pairs into items as they are read; pairs that don't fill an item wait for more of their types."""

    def __init__(self, size: int, cut: Callable[[deque[Pair]], list[Pair]]) -> None:
        """`cut` takes the pairs of one request from a queue of pairs; `size` pairs always fill one."""
        self._size, self._cut = size, cut
        self._lanes: dict[tuple[str, str, str], deque[Pair]] = {}

    def __call__(self, pairs: list[Pair], existed_before: str, last: bool) -> list[WorkItem]:
        """The items that are full now; with the `last` pairs, all items."""
        for types, run in groupby(pairs, _types_of):
            self._lanes.setdefault((*types, existed_before), deque()).extend(run)
        items: list[WorkItem] = []
        for (*_, existed), lane in self._lanes.items():
            while len(lane) >= self._size or (last and lane):
                items.append(WorkItem(self._cut(lane), existed_before=existed))
        held = sum(map(len, self._lanes.values()))
        while held > _MOST_HELD:
            fullest = max(self._lanes, key=lambda key: len(self._lanes[key]))
            lane = self._lanes[fullest]
            held -= len(lane)
            while lane:
                items.append(WorkItem(self._cut(lane), existed_before=fullest[2]))
        return items


def batch_packing() -> Packing:
    """Makes items for `BatchSender`."""
    return Packing(MOST_PAIRS, _cut_batch)


def record_packing(records: int, pairs: int) -> Packing:
    """Makes items of at most `pairs` pairs from at most `records` from-records."""
    return Packing(pairs, lambda lane: take_records(lane, records, pairs))


def take_records(lane: deque[Pair], records: int, pairs: int) -> list[Pair]:
    """Take at most `pairs` pairs from the left of `lane`, with at most `records` from-records."""
    taken: list[Pair] = []
    seen: set[str] = set()
    while lane and len(taken) < pairs and (lane[0].from_id in seen or len(seen) < records):
        seen.add(lane[0].from_id)
        taken.append(lane.popleft())
    return taken


def _cut_batch(lane: deque[Pair]) -> list[Pair]:
    """Take the pairs of one batch, and leave those whose reverse is among them.

    An answer names both directions of each pair. With (1, 2) and (2, 1) in one request, an entry could be
    either pair's own or the other's reverse.
    """
    pairs = [lane.popleft() for _ in range(min(MOST_PAIRS, len(lane)))]
    if set(map(_from_id, pairs)).isdisjoint(map(_to_id, pairs)):
        return pairs
    together: dict[tuple[str, str], Pair] = {}
    apart: list[Pair] = []
    for pair in pairs:
        if (pair.to_id, pair.from_id) in together:
            apart.append(pair)
        else:
            together[pair.from_id, pair.to_id] = pair
    lane.extendleft(reversed(apart))
    return list(together.values())


def _body(pairs: list[Pair]) -> bytes:
    """The request as JSON. IDs are digits, so nothing needs escaping."""
    inputs = ",".join([f'{{"from":{{"id":"{pair[2]}"}},"to":{{"id":"{pair[4]}"}}}}' for pair in pairs])
    return f'{{"inputs":[{inputs}]}}'.encode()
