"""The state of a simulator: records, associations, limits, and the requests that came in."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from loader.simulator.association_types import (
    AssociationSpec,
    BothWays,
    Ends,
    default_types,
    label_types,
    type_id_of,
)
from loader.simulator.limits import RequestLimits
from loader.simulator.magic import Magic, bound_type, parse


class SeenRequest(NamedTuple):
    """A request that came in.

    at: the event loop's time when it was counted, in seconds.
    client: a number that tells tokens apart; 0 for a request without an accepted one.
    status: the status of the answer; 0 if the answer was broken.
    """

    at: float
    client: int
    method: str
    path: str
    status: int


class ScriptedAnswer(NamedTuple):
    """An answer that a test wrote word for word."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _Planned(NamedTuple):
    prefix: str
    fault: Magic | ScriptedAnswer
    times: int


class _Later(NamedTuple):
    endpoint: str
    calls: int
    action: Callable[[], object]


class SimulatorState:
    """The records and associations of one account, with methods for tests to seed, break and inspect them.

    It outlives its server: give it to the next `Simulator` to play an outage. It holds no token.
    Every method that takes an object type takes a name or an ID, and raises `ValueError` for an unknown one.

    requests: the last `log_size` requests.
    answers: number of answers by status (0: broken answers).
    calls: number of requests by endpoint (`routes` has the names).
    limits: what has been counted against the limits.
    """

    def __init__(self, log_size: int = 10_000) -> None:
        self.requests: deque[SeenRequest] = deque(maxlen=log_size)
        self.answers: Counter[int] = Counter()
        self.calls: Counter[str] = Counter()
        self.limits = RequestLimits()
        self.labels: dict[tuple[str, str], dict[str, AssociationSpec]] = {}
        self._links: dict[tuple[str, str], dict[str, dict[str, tuple[AssociationSpec, ...]]]] = {}
        self._missing: set[tuple[str, str]] = set()
        self._only: dict[str, frozenset[str]] = {}
        self._locked: set[Ends] = set()
        self._tries: Counter[tuple[Ends, str]] = Counter()
        self._planned: list[_Planned] = []
        self._later: list[_Later] = []

    # Seeding

    def associate(
        self,
        from_type: str,
        from_id: str,
        to_type: str,
        to_id: str,
        *,
        label: str | None = None,
        category: str = "USER_DEFINED",
        default: bool = True,
    ) -> None:
        """Associate two records, as another integration would: by default, and with `label` if given."""
        ends = Ends(_known(from_type), from_id, _known(to_type), to_id)
        if default and (types := default_types(ends.from_type, ends.to_type)):
            self.link(ends, types)
        if label is not None:
            types = label_types(ends.from_type, ends.to_type, label, category)
            self.labels.setdefault((ends.from_type, ends.to_type), {})[label] = types.forth[0]
            self.labels.setdefault((ends.to_type, ends.from_type), {})[label] = types.back[0]
            self.link(ends, types)

    def remove_record(self, object_type: str, record_id: str) -> None:
        """Make a record not exist. All others exist, unless `keep_only` was called for their type."""
        self._missing.add((_known(object_type), record_id))

    def keep_only(self, object_type: str, record_ids: frozenset[str]) -> None:
        """Make only these records of a type exist."""
        self._only[_known(object_type)] = record_ids

    def lock(self, from_type: str, from_id: str, to_type: str, to_id: str) -> None:
        """Make a batch archive refuse to remove this pair."""
        self._locked.add(Ends(_known(from_type), from_id, _known(to_type), to_id))

    # Breaking

    def fail(self, fault: str, *, path_prefix: str = "/", times: int = 1) -> None:
        """Make the next requests whose path begins with `path_prefix` meet the fault of a magic ID.

        For endpoints that magic IDs do not reach, and for faults in the middle of a run. `times` 0: always,
        until `heal`. Raises `ValueError` if `fault` is no magic ID.
        """
        magic = parse(fault)
        if magic is None:
            raise ValueError(f"{fault} is not a magic ID")
        self._planned.append(_Planned(path_prefix, magic, times))

    def respond(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        path_prefix: str = "/",
        times: int = 1,
    ) -> None:
        """Answer the next requests whose path begins with `path_prefix` with exactly this, and do nothing."""
        sent = {"Content-Type": "application/json"} | dict(headers or {})
        self._planned.append(_Planned(path_prefix, ScriptedAnswer(status, body, sent), times))

    def heal(self) -> None:
        """Undo what `fail` and `respond` have set up."""
        self._planned.clear()

    def after(self, endpoint: str, action: Callable[[], object], *, calls: int = 1) -> None:
        """Run `action` once, right after `endpoint` has carried out its next `calls` requests.

        It lets a test act between a look-up and the request that follows it.
        """
        self._later.append(_Later(endpoint, calls, action))

    # Inspecting

    @property
    def associations(self) -> dict[Ends, frozenset[AssociationSpec]]:
        """Every association in both directions, with its types (rebuilt at each call)."""
        return {ends: frozenset(types) for ends, types in self._walk()}

    def types_between(
        self, from_type: str, from_id: str, to_type: str, to_id: str
    ) -> frozenset[AssociationSpec]:
        """The association types from one record to another; empty if there are none."""
        linked = self.linked(_known(from_type), from_id, _known(to_type))
        return frozenset(linked.get(to_id, ()))

    # For the endpoints

    def exists(self, object_type: str, record_id: str) -> bool:
        """Whether a canonical type has the record."""
        bound = bound_type(record_id)
        if bound is not None and bound != object_type:
            return False
        if object_type in self._only and record_id not in self._only[object_type]:
            return False
        return (object_type, record_id) not in self._missing

    def linked(self, from_type: str, from_id: str, to_type: str) -> dict[str, tuple[AssociationSpec, ...]]:
        """The records of one canonical type that a record is associated with, oldest first."""
        return self._links.get((from_type, to_type), {}).get(from_id, {})

    def count_full(self, from_type: str, to_type: str, most: int) -> int:
        """How many records of a canonical type are associated with at least `most` records of another."""
        return sum(len(linked) >= most for linked in self._links.get((from_type, to_type), {}).values())

    def link(self, ends: Ends, types: BothWays) -> None:
        """Add association types to a pair, in both directions. Those that it has already stay as they are."""
        from_type, from_id, to_type, to_id = ends
        self._add((from_type, to_type), from_id, to_id, types.forth)
        self._add((to_type, from_type), to_id, from_id, types.back)

    def unlink(self, ends: Ends) -> None:
        """Remove every association type of a pair, in both directions."""
        from_type, from_id, to_type, to_id = ends
        self.linked(from_type, from_id, to_type).pop(to_id, None)
        self.linked(to_type, to_id, from_type).pop(from_id, None)

    def is_locked(self, ends: Ends) -> bool:
        """Whether `lock` was called for the pair."""
        return ends in self._locked

    def due_fault(self, ends: Ends) -> Magic | None:
        """The fault that a magic ID of this pair causes now, if any. Counts as one try."""
        for record_id in (ends.from_id, ends.to_id):
            magic = parse(record_id)
            if magic is None:
                continue
            self._tries[ends, record_id] += 1
            if not magic.times or self._tries[ends, record_id] <= magic.times:
                return magic
        return None

    def planned_fault(self, path: str) -> Magic | ScriptedAnswer | None:
        """What `fail` or `respond` planned for this request, if anything. Counts as one use."""
        for place, planned in enumerate(self._planned):
            if path.startswith(planned.prefix):
                if planned.times == 1:
                    del self._planned[place]
                elif planned.times:
                    self._planned[place] = planned._replace(times=planned.times - 1)
                return planned.fault
        return None

    def carried_out(self, endpoint: str) -> None:
        """Run what `after` planned for this moment."""
        waiting, self._later = self._later, []
        for later in waiting:
            left = later.calls - (later.endpoint == endpoint)
            if left:
                self._later.append(later._replace(calls=left))
            else:
                later.action()

    def _add(self, types: tuple[str, str], from_id: str, to_id: str, added: tuple[AssociationSpec]) -> None:
        linked = self._links.setdefault(types, {}).setdefault(from_id, {})
        held = linked.get(to_id)
        if held is None:
            linked[to_id] = added
        elif added[0] not in held:
            linked[to_id] = held + added

    def _walk(self) -> Iterator[tuple[Ends, tuple[AssociationSpec, ...]]]:
        for (from_type, to_type), records in self._links.items():
            for from_id, linked in records.items():
                for to_id, types in linked.items():
                    yield Ends(from_type, from_id, to_type, to_id), types


def _known(object_type: str) -> str:
    type_id = type_id_of(object_type)
    if type_id is None:
        raise ValueError(f"{object_type} is not an object type")
    return type_id
