"""Parcels by the number of their from-records, for the calls that HubSpot limits by it."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

from loader.engine.work_queue import WorkItem
from loader.model import Pair

#: Pairs that wait for their item to be full, of all pairs of types together.
_MOST_HELD = 50_000

_types_of = itemgetter(1, 3)


class RecordPacking:
    """Packs pairs as they are read into items of up to `records` from-records and `pairs` pairs, all of the
    same types, which are marked as `asking` (to be looked up) and with what is known by now."""

    def __init__(self, *, records: int, pairs: int, asking: bool = False, existed_before: str = "") -> None:
        self._records, self._pairs, self._asking = records, pairs, asking
        self._existed_before = existed_before
        self._lanes: dict[tuple[str, str], _Lane] = {}

    def __call__(self, pairs: list[Pair], last: bool) -> list[WorkItem]:
        """The items that are full now, and after the `last` pairs all others."""
        items: list[WorkItem] = []
        for types, run in groupby(pairs, _types_of):
            lane = self._lanes.setdefault(types, _Lane())
            for pair in run:
                if len(lane.pairs) == self._pairs or (
                    len(lane.records) == self._records and pair.from_id not in lane.records
                ):
                    items.append(self._full(lane))
                lane.pairs.append(pair)
                lane.records.add(pair.from_id)
        held = sum(len(lane.pairs) for lane in self._lanes.values())
        for lane in sorted(self._lanes.values(), key=lambda lane: -len(lane.pairs)):
            if lane.pairs and (last or held > _MOST_HELD):
                held -= len(lane.pairs)
                items.append(self._full(lane))
        return items

    def _full(self, lane: _Lane) -> WorkItem:
        item = WorkItem(lane.pairs, asking=self._asking, existed_before=self._existed_before)
        lane.pairs, lane.records = [], set()
        return item


class _Lane:
    """Pairs of the same types that wait for more of them."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.records: set[str] = set()
