"""What stands between records: the batch read, in pages, for as many pairs as are asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from loader.hubspot import HubSpot, Kind, Verdict, decode, judge
from loader.hubspot.error_details import error_objects
from loader.model import Pair

#: Records in one request (facts: doc).
MOST_RECORDS = 1000
#: Bytes of an answer, some 50,000 associations; of a larger one its records are asked for in halves.
_ANSWER_LIMIT = 8 << 20
#: Pages of one record: a million associations. A server that never ends must not hold up the run for ever.
_MOST_PAGES = 2000
#: So many pairs per from-record on average make it cheaper to ask the to-records: an association is
#: stored in both directions, and a hub has to be read page by page.
_HUB = 100

_NO_ASSOCIATIONS = "NO_ASSOCIATIONS_FOUND"


class AssociationTypes(NamedTuple):
    """What stands between two records: association types like ``HUBSPOT_DEFINED:279;…``, and whether the
    default one is among them (the one without a label)."""

    types: str
    default: bool


class ExistingAssociations(NamedTuple):
    """What was found out about some pairs. `by_ends` holds what stands, by from- and to-ID; records of which
    HubSpot said nothing are `unread`, those that it does not have are `gone`."""

    by_ends: dict[tuple[str, str], AssociationTypes]
    unread: set[str]
    gone: set[str]
    turned: bool

    def link(self, pair: Pair) -> AssociationTypes | None:
        """What stands between the two records of a pair; None: nothing that is known of."""
        return self.by_ends.get((pair.from_id, pair.to_id))

    def knows(self, pair: Pair) -> bool:
        """Whether HubSpot has told all about the pair's records."""
        asked = pair.to_id if self.turned else pair.from_id
        return asked not in self.unread and asked not in self.gone

    def is_gone(self, pair: Pair) -> bool:
        """Whether HubSpot says that it does not have the record that it was asked for."""
        return (pair.to_id if self.turned else pair.from_id) in self.gone


class _Input(NamedTuple):
    record_id: str
    after: str = ""  # the cursor of the page; empty for the first

    def as_json(self) -> dict[str, str]:
        return {"id": self.record_id, "after": self.after} if self.after else {"id": self.record_id}


class AssociationReader:
    """Asks what stands between the records of pairs, which are all of the same types.

    What has been answered is kept: after a Verdict it goes on with the request that failed. A record may have
    hundreds of pages, and where each fault began them anew, a busy account would have no end.
    """

    def __init__(self, pairs: list[Pair]) -> None:
        self._first = first = pairs[0]
        self._turned = len({pair.from_id for pair in pairs}) * _HUB < len(pairs)
        self._types = (first.to_type, first.from_type) if self._turned else (first.from_type, first.to_type)
        self._found: dict[tuple[str, str], AssociationTypes] = {}
        self._unread: set[str] = set()
        self._gone: set[str] = set()
        self._wanted: defaultdict[str, set[str]] = defaultdict(set)
        self._pages: defaultdict[str, set[str]] = defaultdict(set)  # cursors that have been followed
        for pair in pairs:
            asked, other = (pair.to_id, pair.from_id) if self._turned else (pair.from_id, pair.to_id)
            self._wanted[asked].add(other)
        self._requests = self._first_requests()
        #: Requests that have been answered in full.
        self.answers = 0

    async def go_on(
        self, hubspot: HubSpot, admit: Callable[[], None] | None = None
    ) -> ExistingAssociations | Verdict:
        """Ask for what is still open; only what was asked for is kept.

        A Verdict says why there is no answer yet; nothing is known then, and it may be called again. `admit`
        is called before each request, as `HubSpot.request` does, and what it raises is raised here.
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
            if document is None or str(document.get("status") or "COMPLETE").upper() != "COMPLETE":
                verdict = judge(answer.status, answer.headers, answer.body, self._first, now=0.0)
                return verdict._replace(kind=Kind.TRANSIENT)
            self.answers += 1
            more = self._take(document, inputs)
            self._requests[-1:] = [more] if more else []
        return ExistingAssociations(self._found, self._unread, self._gone, self._turned)

    def _first_requests(self) -> list[list[_Input]]:
        """The first page of each record."""
        inputs = [_Input(record_id) for record_id in self._wanted]
        return [inputs[at : at + MOST_RECORDS] for at in range(0, len(inputs), MOST_RECORDS)]

    def _take(self, document: dict[str, Any], inputs: list[_Input]) -> list[_Input]:
        """Take in one answer; returns the inputs of the pages that are still needed."""
        silent = {item.record_id for item in inputs}
        more: list[_Input] = []
        results = document.get("results")
        for result in results if isinstance(results, list) else ():
            source = result.get("from") if isinstance(result, dict) else None
            record_id = str(source.get("id")) if isinstance(source, dict) else ""
            if record_id not in silent:
                continue
            silent.discard(record_id)
            self._take_page(record_id, result.get("to"))
            if self._wanted[record_id] and (after := _after(result)):
                if after in self._pages[record_id] or len(self._pages[record_id]) >= _MOST_PAGES:
                    self._unread.add(record_id)
                else:
                    self._pages[record_id].add(after)
                    more.append(_Input(record_id, after))
        if silent:
            self._take_errors(error_objects(document), silent)
        return more

    def _take_page(self, record_id: str, entries: object) -> None:
        wanted = self._wanted[record_id]
        for entry in entries if isinstance(entries, list) else ():
            other = str(entry.get("toObjectId")) if isinstance(entry, dict) else ""
            if other in wanted:
                wanted.discard(other)
                ends = (other, record_id) if self._turned else (record_id, other)
                self._found[ends] = _link(entry.get("associationTypes"))

    def _take_errors(self, errors: list[dict[str, Any]], silent: set[str]) -> None:
        """What the answer says of the records that are not among its results."""
        linkless, gone, harmless = set(), set(), 0
        for item in errors:
            named = silent.intersection(_records_named(item))
            if str(item.get("subCategory", "")).endswith(_NO_ASSOCIATIONS):
                harmless += 1
                linkless |= named
            elif item.get("category") == "OBJECT_NOT_FOUND":
                gone |= named
        if harmless >= len(silent):  # one for each, whether they say for which or not
            linkless = silent
        self._gone |= gone - linkless
        self._unread |= silent - linkless - gone


def _is_too_large(verdict: Verdict) -> bool:
    """Whether a 2xx answer was cut off, or can't be read for another reason that lies in itself."""
    return verdict.category == "UNREADABLE_ANSWER" and 200 <= verdict.http_status < 300


def _link(types: object) -> AssociationTypes:
    kinds = [kind for kind in (types if isinstance(types, list) else ()) if isinstance(kind, dict)]
    names = ";".join(f"{kind.get('category') or '?'}:{kind.get('typeId')}" for kind in kinds)
    return AssociationTypes(names, any(kind.get("label") is None for kind in kinds))


def _after(result: dict[str, Any]) -> str:
    paging = result.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return "" if after is None else str(after)


def _records_named(item: dict[str, Any]) -> Iterable[str]:
    """The record IDs in an error's context, whatever their keys."""
    context = item.get("context")
    values = context.values() if isinstance(context, dict) else ()
    return [str(text) for value in values for text in (value if isinstance(value, list) else [value])]
