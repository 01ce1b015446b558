"""What the answer to a batch says about each of its pairs: it stands, it is refused, or nobody knows.

How HubSpot answers when one pair of many is bad is not documented, so every form is understood: an error that
names both records, one that names a record which is not valid, one that names nobody, results left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from loader.engine.sender import PartialResult
from loader.engine.work_queue import WorkItem
from loader.hubspot import Answer, Verdict, decode, entries, judge
from loader.hubspot.alike import types_of_all
from loader.hubspot.error_details import error_objects
from loader.hubspot.results import plain_results
from loader.model import Outcome, OutcomeGroup, Pair, Status, group_outcomes
from loader.object_types import canonical_type

#: So many pairs that the answer leaves open are sent one by one at once; more of them in halves.
_FEW = 50

_Ends = tuple[str, str]  # from ID, to ID
_FROM_KEYS = frozenset({"fromobjectid", "fromid", "from"})
_TO_KEYS = frozenset({"toobjectid", "toid", "to"})
#: ``CONTACT=9 is not valid``, as the typed PUT says it (facts: live).
_INVALID_RECORD = re.compile(r"([A-Za-z0-9_-]+)=([0-9]+)")


def parse_batch_response(item: WorkItem, answer: Answer, now: float) -> Verdict | PartialResult:
    """Read the 2xx answer to a item of several pairs of the same types. `now` is Unix time in seconds.

    A Verdict holds for all of them: the answer can't be read, or the batch is not complete.
    """
    if types_in_common := types_of_all(answer, item.pairs, now):
        return PartialResult(
            [OutcomeGroup(item.pairs, _stands(item.pairs[0], item, types_in_common, answer, now))], []
        )
    outcomes, left = _associated(item, _plain_types(answer.body), answer, now)
    if not left:
        return PartialResult(group_outcomes(outcomes), [])
    document = decode(answer.body)
    state = "COMPLETE" if document is None else str(document.get("status") or "COMPLETE").upper()
    if document is None or state not in ("COMPLETE", "ERROR"):
        return judge(answer.status, answer.headers, answer.body, item.pairs[0], now=now)
    if state == "COMPLETE" and not outcomes:
        outcomes, left = _associated(item, _types(document), answer, now)
    some_stand = bool(outcomes) or item.neighbours_stand
    refused = refusals(document, left, answer, now).by_pair
    for pair in left:
        if (verdict := refused.get(pair)) is not None:
            outcomes.append(failed(pair, item, verdict, now))
    outcomes.sort(key=lambda outcome: outcome.pair.row)  # "in a row" is meant as the file has them
    return PartialResult(
        group_outcomes(outcomes), smaller(item, [pair for pair in left if pair not in refused], some_stand)
    )


def smaller(item: WorkItem, pairs: list[Pair], some_stand: bool) -> list[WorkItem]:
    """Parcels of the pairs that an answer leaves open: single ones of a few, halves of many."""
    middle = 1 if len(pairs) <= _FEW else -(-len(pairs) // 2)
    return [
        WorkItem(pairs[at : at + middle], existed_before=item.existed_before, neighbours_stand=some_stand)
        for at in range(0, len(pairs), middle)
    ]


def _stands(pair: Pair, item: WorkItem, types: str, answer: Answer, now: float) -> Outcome:
    """The outcome of a pair that an answer's results name with these association types."""
    trace = answer.headers.get("X-HubSpot-Correlation-Id", "")
    attempts, existed = item.attempts + 1, item.existed_before
    return Outcome(
        pair, Status.ASSOCIATED, now, answer.status, attempts, types, existed, correlation_id=trace
    )


def _associated(
    item: WorkItem, types: dict[_Ends, str], answer: Answer, now: float
) -> tuple[list[Outcome], list[Pair]]:
    """Outcomes of the pairs whose forward entry is among the results, and the pairs without one."""
    outcomes, left = [], []
    for pair in item.pairs:
        forth = types.get((pair.from_id, pair.to_id))
        if forth is None:
            left.append(pair)
            continue
        back = types.get((pair.to_id, pair.from_id))
        both = f"{forth};{back}" if back and back != forth else forth
        outcomes.append(_stands(pair, item, both, answer, now))
    return outcomes, left


def _plain_types(body: bytes) -> dict[_Ends, str]:
    """The association type of each of the results, where they are as they should be; else nothing."""
    results = plain_results(body)
    types = {(result.source.id, result.target.id): result.type.name for result in results}
    return types if len(types) == len(results) else {}


def _types(document: dict[str, Any]) -> dict[_Ends, str]:
    """The same for results in any form: numbers for IDs, no type or several, entries that are none."""
    types: dict[_Ends, str] = {}
    for source, target, name in entries(document):
        known = types.get((source, target), "")
        fresh = bool(name) and name not in known.split(";")
        types[source, target] = f"{known};{name}" if fresh and known else name if fresh else known
    return types


class Refusals(NamedTuple):
    """The pairs that an answer's errors name, each with the verdict as if the answer were theirs alone, and
    how many errors name none of them."""

    by_pair: dict[Pair, Verdict]
    anonymous: int


def refusals(document: dict[str, Any], pairs: list[Pair], answer: Answer, now: float) -> Refusals:
    """Which of the `pairs` the errors of a 2xx answer name. `now` is Unix time in seconds."""
    by_ends = {(pair.from_id, pair.to_id): pair for pair in pairs}
    by_record: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_record[canonical_type(pair.from_type), pair.from_id].append(pair)
        by_record[canonical_type(pair.to_type), pair.to_id].append(pair)
    by_pair: dict[Pair, Verdict] = {}
    anonymous = 0
    trace = document.get("correlationId")
    for item in error_objects(document):
        context = item.get("context")
        context = context if isinstance(context, dict) else {}
        named = [by_ends[ends] for ends in _ends_named(context) if ends in by_ends]
        for record in () if named else _invalid_records(context):
            named += by_record.get(record, ())
        if named:
            alone = orjson.dumps({"results": [], "errors": [item], "correlationId": trace})
            verdict = judge(answer.status, answer.headers, alone, named[0], now=now)
            by_pair |= {pair: verdict for pair in named if pair not in by_pair}
        else:
            anonymous += 1
    return Refusals(by_pair, anonymous)


def _ends_named(context: dict[str, Any]) -> Iterator[_Ends]:
    """The pair that an error's context names, where it names one from-record and one to-record."""
    sources = _ids(context, _FROM_KEYS)
    targets = _ids(context, _TO_KEYS)
    if len(sources) == 1 == len(targets):
        yield sources[0], targets[0]


def _ids(context: dict[str, Any], keys: frozenset[str]) -> list[str]:
    values = [value for key, value in context.items() if key.lower() in keys]
    return [str(item) for value in values for item in (value if isinstance(value, list) else [value])]


def _invalid_records(context: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The records, as (canonical type, ID), that a context calls invalid."""
    for line in _ids(context, frozenset({"invalid_object_ids"})):
        for name, record_id in _INVALID_RECORD.findall(line):
            yield canonical_type(name), record_id


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
