"""How many pairs are looked up ahead: enough to keep the senders busy, few enough to stay fresh."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter

from loader.engine.batching import take_records
from loader.engine.work_item import WorkItem
from loader.hubspot.association_reader import MOST_RECORDS
from loader.model import Pair

#: Seconds after which a look-up is repeated if no request has been started on it (contract, section 3).
OLDEST_LOOK_UP = 60.0
#: Seconds of sending that one look-up covers, and seconds that are left when the next one is due. Their sum
#: stays well below OLDEST_LOOK_UP.
_FOR, _LEFT = 25.0, 10.0
#: Most pairs in one look-up, if few records have many. Most pairs looked up and not sent, to bound memory.
_MOST_PAIRS, _MOST_UNSENT = 10_000, 40_000
#: Lower bound of the estimated share of missing pairs.
_LEAST_MISSING = 0.01

_types_of = itemgetter(1, 3)


class LookAhead:
    """Pairs that wait to be looked up, handed out as items of the size that the pace calls for.

    waiting    pairs in here
    under_way  pairs that are being looked up

    Pairs that already exist are not sent. So the more pairs exist, the more are looked up at once; the share
    of missing pairs is learned from the answers.
    """

    def __init__(self, pairs_per_second: Callable[[], float]) -> None:
        """`pairs_per_second` says how many pairs can be sent."""
        self.waiting = self.under_way = 0
        self._pairs_per_second = pairs_per_second
        self._lanes: dict[tuple[str, str], deque[Pair]] = {}
        self._missing = 1.0

    def add(self, pairs: Iterable[Pair], *, first: bool = False) -> None:
        """Look these up after all others, or before them if `first`."""
        for types, run in groupby(pairs, _types_of):
            found = list(run)
            self.waiting += len(found)
            lane = self._lanes.setdefault(types, deque())
            if first:
                lane.extendleft(reversed(found))
                self._lanes = {types: lane, **self._lanes}
            else:
                lane.extend(found)

    def is_due(self, unsent: int) -> bool:
        """Whether another look-up should start while `unsent` pairs have been looked up and not been sent."""
        if not self.waiting or unsent + self.under_way >= _MOST_UNSENT:
            return False
        return unsent + self.under_way * self._missing < _LEFT * self._pairs_per_second()

    def take(self) -> WorkItem:
        """The next look-up."""
        most = round(_FOR * self._pairs_per_second() / self._missing)
        types, lane = next(iter(self._lanes.items()))
        pairs = take_records(lane, MOST_RECORDS, min(_MOST_PAIRS, max(1, most)))
        if not lane:
            del self._lanes[types]
        self.waiting -= len(pairs)
        return WorkItem(pairs, look_up=True)

    def learn(self, looked_up: int, missing: int) -> None:
        """Take note that `missing` of `looked_up` pairs do not exist yet."""
        share = missing / looked_up
        self._missing = max(_LEAST_MISSING, share, 0.7 * self._missing + 0.3 * share)
