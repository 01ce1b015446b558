"""What the 2xx answer to a batch call says about each of its pairs.

How HubSpot answers if one pair of many is bad is not documented, so each form is understood: an error that
names both records, an error that names one record, an error that names none, and a result that is missing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from loader.hubspot import Answer, Verdict, decode, entries, judge
from loader.hubspot.error_details import error_objects
from loader.hubspot.results import plain_results
from loader.model import Pair
from loader.object_types import canonical_type

_Ends = tuple[str, str]  # from ID, to ID
_FROM_KEYS = frozenset({"fromobjectid", "fromid", "from"})
_TO_KEYS = frozenset({"toobjectid", "toid", "to"})
#: ``CONTACT=9 is not valid``, as the typed PUT says it (facts: live).
_INVALID_RECORD = re.compile(r"([A-Za-z0-9_-]+)=([0-9]+)")


class AssociateAnswer(NamedTuple):
    """What an answer says about pairs that were to be associated; each pair is in one of the three."""

    associated: dict[
        str, list[Pair]
    ]  #: by association types, like ``HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280``
    refused: list[tuple[Pair, Verdict]]  #: with the verdict as if the answer were the pair's alone
    open: list[Pair]  #: the answer says nothing about them


class ArchiveAnswer(NamedTuple):
    """What an answer says about pairs that were to be removed; each pair is in one of the three."""

    removed: list[Pair]
    refused: list[tuple[Pair, Verdict]]  #: with the verdict as if the answer were the pair's alone
    unproven: list[Pair]  #: the answer does not say what became of them


def parse_associate_response(pairs: list[Pair], answer: Answer, now: float) -> Verdict | AssociateAnswer:
    """Read the 2xx answer to the batch associate call of `pairs`, which are all of the same types.

    A Verdict holds for all pairs: the answer can't be read, or the batch is not complete. `now` is Unix time
    in seconds.
    """
    associated, left = _associated(pairs, _plain_types(answer.body))
    if not left:
        return AssociateAnswer(associated, [], [])
    document = decode(answer.body)
    state = "COMPLETE" if document is None else str(document.get("status") or "COMPLETE").upper()
    if document is None or state not in ("COMPLETE", "ERROR"):
        return judge(answer.status, answer.headers, answer.body, pairs[0], now=now)
    if state == "COMPLETE" and not associated:
        associated, left = _associated(pairs, _types(document))
    refused, _ = _refusals(document, left, answer, now)
    return AssociateAnswer(associated, list(refused.items()), [pair for pair in left if pair not in refused])


def parse_archive_response(pairs: list[Pair], answer: Answer, now: float) -> Verdict | ArchiveAnswer:
    """Read the 2xx answer to the batch archive call of `pairs`, which are all of the same types.

    A Verdict holds for all pairs: the answer can't be read, or the batch is not complete. `now` is Unix time
    in seconds.
    """
    if not answer.body:  # 204, as HubSpot answers it
        return ArchiveAnswer(pairs, [], [])
    document = decode(answer.body)
    state = "" if document is None else str(document.get("status") or "COMPLETE").upper()
    if document is None or state not in ("COMPLETE", "ERROR"):
        return judge(answer.status, answer.headers, answer.body, pairs[0], now=now)
    refused, anonymous = _refusals(document, pairs, answer, now)
    others = [pair for pair in pairs if pair not in refused]
    count = document.get("numErrors")
    if anonymous or ((state == "ERROR" or (isinstance(count, int) and count > 0)) and not refused):
        return ArchiveAnswer([], list(refused.items()), others)
    return ArchiveAnswer(others, list(refused.items()), [])


def _associated(pairs: list[Pair], types: dict[_Ends, str]) -> tuple[dict[str, list[Pair]], list[Pair]]:
    """The pairs whose forward entry is among the results, by their types, and the pairs without one."""
    associated: dict[str, list[Pair]] = {}
    left: list[Pair] = []
    for pair in pairs:
        forth = types.get((pair.from_id, pair.to_id))
        if forth is None:
            left.append(pair)
            continue
        back = types.get((pair.to_id, pair.from_id))
        both = f"{forth};{back}" if back and back != forth else forth
        associated.setdefault(both, []).append(pair)
    return associated, left


def _plain_types(body: bytes) -> dict[_Ends, str]:
    """The association type of each result if all have their usual form; else nothing."""
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


def _refusals(
    document: dict[str, Any], pairs: list[Pair], answer: Answer, now: float
) -> tuple[dict[Pair, Verdict], int]:
    """The pairs that the answer's errors name, each with its verdict, and how many errors name none."""
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
    return by_pair, anonymous


def _ends_named(context: dict[str, Any]) -> Iterator[_Ends]:
    """The pair that an error's context names, if it names one from-record and one to-record."""
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
