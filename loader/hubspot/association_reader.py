"""Reading associations back: the batch read, page by page, for any number of pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from loader.hubspot.client import HubSpot
from loader.hubspot.envelope import COMPLETE, Ends, batch_state, decode
from loader.hubspot.outcome_table import judge
from loader.hubspot.read_response import AssociationTypes, parse_read_response
from loader.hubspot.verdict import Kind, Verdict
from loader.model import Pair

#: Records in one request (facts: doc).
MOST_RECORDS = 1000
#: Most bytes of an answer, about 50,000 associations; if one is larger, its records are asked for in halves.
_ANSWER_LIMIT = 8 << 20
#: Most pages of one record: a million associations. A server whose pages never end must not block the run.
_MOST_PAGES = 2000
#: From this many pairs per from-record on it is cheaper to ask for the to-records: an association is stored
#: in both directions, and a record with many of them has to be read page by page.
_PAIRS_PER_RECORD = 100


class ExistingAssociations(NamedTuple):
    """What was found out about some pairs."""

    #: The associations that exist, by from-ID and to-ID.
    by_ends: dict[Ends, AssociationTypes]
    #: Records about which HubSpot has not told everything.
    unread: set[str]
    #: Records that don't exist, according to HubSpot.
    gone: set[str]
    #: Records whose associations came in several pages. Removals in between may move others from an unread
    #: page to one that was already read.
    paged: set[str]
    #: Whether the to-records were asked for.
    turned: bool

    def link(self, pair: Pair) -> AssociationTypes | None:
        """The association of a pair; None if none was found."""
        return self.by_ends.get((pair.from_id, pair.to_id))

    def knows(self, pair: Pair) -> bool:
        """Whether HubSpot has told everything, so that an association that was not found does not exist."""
        asked = pair.to_id if self.turned else pair.from_id
        return asked not in self.unread and asked not in self.gone

    def is_gone(self, pair: Pair) -> bool:
        """Whether the record that was asked for does not exist, according to HubSpot."""
        return (pair.to_id if self.turned else pair.from_id) in self.gone

    def is_paged(self, pair: Pair) -> bool:
        """Whether the associations of the record that was asked for came in several pages."""
        return (pair.to_id if self.turned else pair.from_id) in self.paged


class _Input(NamedTuple):
    record_id: str
    after: str = ""  # the cursor of the page; empty for the first

    def as_json(self) -> dict[str, str]:
        return {"id": self.record_id, "after": self.after} if self.after else {"id": self.record_id}


class AssociationReader:
    """Reads the associations of pairs, which are all of the same types.

    Answers are kept: after a Verdict it resumes with the request that failed. A record may have hundreds of
    pages; if each fault restarted them, reading a busy account would never end.
    """

    def __init__(self, pairs: list[Pair], *, other_side: bool = False) -> None:
        """`other_side` asks for the records at the other end, not for those that are cheaper to read."""
        self._first = first = pairs[0]
        self.other_side = other_side
        self._turned = (len({pair.from_id for pair in pairs}) * _PAIRS_PER_RECORD < len(pairs)) != other_side
        self._types = (first.to_type, first.from_type) if self._turned else (first.from_type, first.to_type)
        self._existing = ExistingAssociations({}, set(), set(), set(), self._turned)
        self._wanted: defaultdict[str, set[str]] = defaultdict(set)  # the other IDs of each record
        for pair in pairs:
            asked, other = (pair.to_id, pair.from_id) if self._turned else (pair.from_id, pair.to_id)
            self._wanted[asked].add(other)
        self._missing = {record_id: len(others) for record_id, others in self._wanted.items()}
        self._followed: defaultdict[str, set[str]] = defaultdict(set)  # cursors of each record
        self._requests = _requests([_Input(record_id) for record_id in self._wanted])
        #: Requests that have been answered in full.
        self.answers = 0

    async def go_on(
        self, hubspot: HubSpot, admit: Callable[[], None] | None = None
    ) -> ExistingAssociations | Verdict:
        """Read what is still open. A Verdict says why there is no answer yet; the caller may try again.

        `admit` is called before each request, as by `HubSpot.request`, and what it raises is raised here.
        """
        path = f"/crm/associations/{hubspot.version}/{self._types[0]}/{self._types[1]}/batch/read"
        while self._requests:
            inputs = self._requests[-1]
            answer = await hubspot.request(
                "POST",
                path,
                json={"inputs": [item.as_json() for item in inputs]},
                limit=_ANSWER_LIMIT,
                row=self._first.row,
                admit=admit,
            )
            if isinstance(answer, Verdict):
                if len(inputs) > 1 and _is_too_large(answer):
                    middle = len(inputs) // 2
                    self._requests[-1:] = [inputs[:middle], inputs[middle:]]
                    continue
                return answer
            document = decode(answer.body)
            if document is None or batch_state(document) != COMPLETE:
                verdict = judge(answer.status, answer.headers, answer.body, self._first, now=0.0)
                return verdict._replace(kind=Kind.TRANSIENT)
            self.answers += 1
            self._requests[-1:] = _requests(self._take(document, {item.record_id for item in inputs}))
        return self._existing

    def _take(self, document: dict[str, object], records: set[str]) -> list[_Input]:
        """Take in an answer about these records; returns the inputs of the pages that are still needed."""
        existing = self._existing
        answer = parse_read_response(document, {record_id: self._wanted[record_id] for record_id in records})
        existing.unread.update(answer.unread)
        existing.gone.update(answer.gone)
        for (record_id, other), types in answer.found.items():
            ends = (other, record_id) if self._turned else (record_id, other)
            if known := existing.by_ends.get(ends):
                types = known.with_types_of(types)
            else:
                self._missing[record_id] -= 1
            existing.by_ends[ends] = types
        more: list[_Input] = []
        for record_id, cursors in answer.cursors.items():
            if not self._missing[record_id]:
                continue
            existing.paged.add(record_id)
            followed = self._followed[record_id]
            fresh = list(cursors - followed)[: _MOST_PAGES - len(followed)]
            if len(fresh) < len(cursors):  # the cursors repeat, or never end
                existing.unread.add(record_id)
            followed.update(fresh)
            more += [_Input(record_id, cursor) for cursor in fresh]
        return more


def _requests(inputs: list[_Input]) -> list[list[_Input]]:
    return [inputs[at : at + MOST_RECORDS] for at in range(0, len(inputs), MOST_RECORDS)]


def _is_too_large(verdict: Verdict) -> bool:
    """Whether a 2xx answer was cut off for its size, or is unreadable in itself."""
    return verdict.category == "UNREADABLE_ANSWER" and 200 <= verdict.http_status < 300
