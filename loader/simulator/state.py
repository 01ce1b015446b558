"""What a simulator remembers: records, associations, limits, and the requests that it has seen.

A state outlives its server: hand it to the next `Simulator` to play an outage. It holds no token.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from loader.simulator.limits import Limits
from loader.simulator.magic import Magic, bound_type, parse
from loader.simulator.object_types import AssociationType, BothWays, default_types, label_types, type_id_of


class Ends(NamedTuple):
    """The two records of one association, in one direction; types are canonical, as by `type_id_of`."""

    from_type: str
    from_id: str
    to_type: str
    to_id: str


class SeenRequest(NamedTuple):
    """One request: the event loop's time when it was counted, and the status of its answer.

    `status` is 0 where a fault of the wire stood in for an answer. `client` tells tokens apart.
    """

    at: float
    client: int
    method: str
    path: str
    status: int


class _Order(NamedTuple):
    prefix: str
    fault: Magic
    times: int


class SimulatorState:
    """Records and associations of one account, with the means to seed, break and inspect them.

    Object types are names or IDs, in any form that HubSpot takes; `ValueError` for one it would not know.
    `requests` holds the last `log_size` requests; `answers` counts by status and `calls` by endpoint.
    """

    def __init__(self, log_size: int = 10_000) -> None:
        self.requests: deque[SeenRequest] = deque(maxlen=log_size)
        self.answers: Counter[int] = Counter()
        self.calls: Counter[str] = Counter()
        self.limits = Limits()
        self.labels: dict[tuple[str, str], dict[str, AssociationType]] = {}
        self._links: dict[tuple[str, str], dict[str, dict[str, tuple[AssociationType, ...]]]] = {}
        self._missing: set[tuple[str, str]] = set()
        self._only: dict[str, frozenset[str]] = {}
        self._tries: Counter[tuple[Ends, str]] = Counter()
        self._orders: list[_Order] = []

    # Seeding

    def associate(
        self, from_type: str, from_id: str, to_type: str, to_id: str, *, label: str | None = None
    ) -> None:
        """Associate two records by default, and by a custom label where one is given."""
        ends = Ends(_known(from_type), from_id, _known(to_type), to_id)
        if types := default_types(ends.from_type, ends.to_type):
            self.link(ends, types)
        if label is not None:
            types = label_types(ends.from_type, ends.to_type, label)
            self.labels.setdefault((ends.from_type, ends.to_type), {})[label] = types.forth[0]
            self.labels.setdefault((ends.to_type, ends.from_type), {})[label] = types.back[0]
            self.link(ends, types)

    def remove_record(self, object_type: str, record_id: str) -> None:
        """Let a record not exist. All others do, unless `keep_only` was called for their type."""
        self._missing.add((_known(object_type), record_id))

    def keep_only(self, object_type: str, record_ids: frozenset[str]) -> None:
        """Let no records of a type exist but these."""
        self._only[_known(object_type)] = record_ids

    def fail(self, fault: str, *, path_prefix: str = "/", times: int = 1) -> None:
        """Let the next requests whose path begins with `path_prefix` meet the fault of a magic ID.

        For endpoints that magic IDs do not reach, and for accidents in the middle of a run. `times` 0: for
        ever (until `heal`). `ValueError` if `fault` is no magic ID.
        """
        magic = parse(fault)
        if magic is None:
            raise ValueError(f"{fault} is not a magic ID")
        self._orders.append(_Order(path_prefix, magic, times))

    def heal(self) -> None:
        """Take back what `fail` ordered."""
        self._orders.clear()

    # Inspecting

    @property
    def associations(self) -> dict[Ends, frozenset[AssociationType]]:
        """Every association that stands, in both directions, with its types (built anew at each call)."""
        return {ends: frozenset(types) for ends, types in self._walk()}

    def types_between(
        self, from_type: str, from_id: str, to_type: str, to_id: str
    ) -> frozenset[AssociationType]:
        """The association types that stand from one record to another; empty where there are none."""
        linked = self.linked(_known(from_type), from_id, _known(to_type))
        return frozenset(linked.get(to_id, ()))

    # What the endpoints do

    def exists(self, object_type: str, record_id: str) -> bool:
        """Whether a canonical type has the record."""
        bound = bound_type(record_id)
        if bound is not None and bound != object_type:
            return False
        if object_type in self._only and record_id not in self._only[object_type]:
            return False
        return (object_type, record_id) not in self._missing

    def linked(self, from_type: str, from_id: str, to_type: str) -> dict[str, tuple[AssociationType, ...]]:
        """The records of one canonical type that a record is associated with, oldest first."""
        return self._links.get((from_type, to_type), {}).get(from_id, {})

    def count_full(self, from_type: str, to_type: str, most: int) -> int:
        """How many records of a canonical type are associated with `most` records of another or more."""
        return sum(len(linked) >= most for linked in self._links.get((from_type, to_type), {}).values())

    def link(self, ends: Ends, types: BothWays) -> None:
        """Add association types to a pair, in both directions. Adding what stands changes nothing."""
        from_type, from_id, to_type, to_id = ends
        self._add((from_type, to_type), from_id, to_id, types.forth)
        self._add((to_type, from_type), to_id, from_id, types.back)

    def unlink(self, ends: Ends) -> None:
        """Take away every association type of a pair, in both directions."""
        from_type, from_id, to_type, to_id = ends
        self.linked(from_type, from_id, to_type).pop(to_id, None)
        self.linked(to_type, to_id, from_type).pop(from_id, None)

    def due_fault(self, ends: Ends) -> Magic | None:
        """The fault that a magic ID of this pair makes now, if any; counts as one try."""
        for record_id in (ends.from_id, ends.to_id):
            magic = parse(record_id)
            if magic is None:
                continue
            self._tries[ends, record_id] += 1
            if not magic.times or self._tries[ends, record_id] <= magic.times:
                return magic
        return None

    def ordered_fault(self, path: str) -> Magic | None:
        """The fault that `fail` ordered for this request, if any; uses it up."""
        for place, order in enumerate(self._orders):
            if path.startswith(order.prefix):
                if order.times == 1:
                    del self._orders[place]
                elif order.times:
                    self._orders[place] = order._replace(times=order.times - 1)
                return order.fault
        return None

    def _add(self, types: tuple[str, str], from_id: str, to_id: str, kinds: tuple[AssociationType]) -> None:
        linked = self._links.setdefault(types, {}).setdefault(from_id, {})
        held = linked.get(to_id)
        if held is None:
            linked[to_id] = kinds
        elif kinds[0] not in held:
            linked[to_id] = held + kinds

    def _walk(self) -> Iterator[tuple[Ends, tuple[AssociationType, ...]]]:
        for (from_type, to_type), records in self._links.items():
            for from_id, linked in records.items():
                for to_id, kinds in linked.items():
                    yield Ends(from_type, from_id, to_type, to_id), kinds


def _known(object_type: str) -> str:
    type_id = type_id_of(object_type)
    if type_id is None:
        raise ValueError(f"{object_type} is not an object type")
    return type_id
