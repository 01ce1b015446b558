"""What the 2xx answer to a batch call says about each of its pairs.

HubSpot does not document how it answers if one pair of many is bad. So each form is understood: an error that
names both records, one record or none, and a missing result.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, NamedTuple

from loader.hubspot.client import Answer
from loader.hubspot.envelope import (
    COMPLETE,
    ERROR,
    association_types,
    batch_state,
    context_texts,
    count_of,
    decode,
    error_objects,
    types_of_pair,
)
from loader.hubspot.outcome_table import judge, judge_error
from loader.hubspot.verdict import Verdict
from loader.model import Pair
from loader.object_types import canonical_type

_FROM_KEYS = ("fromobjectid", "fromid", "from")
_TO_KEYS = ("toobjectid", "toid", "to")
#: ``CONTACT=9 is not valid``, as the typed PUT says it (facts: live).
_INVALID_RECORD = re.compile(r"([A-Za-z0-9_-]+)=([0-9]+)")


class AssociateAnswer(NamedTuple):
    """What an answer says about pairs that were to be associated; each pair is in one of the three."""

    #: By association types, like ``HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280``.
    associated: dict[str, list[Pair]]
    #: Each with the verdict as if the answer were the pair's alone.
    refused: list[tuple[Pair, Verdict]]
    #: The answer says nothing about them.
    open: list[Pair]


class ArchiveAnswer(NamedTuple):
    """What an answer says about pairs that were to be removed; each pair is in one of the three."""

    removed: list[Pair]
    #: Each with the verdict as if the answer were the pair's alone.
    refused: list[tuple[Pair, Verdict]]
    #: The answer is no evidence either way: read the pairs back.
    unproven: list[Pair]


def parse_associate_response(pairs: list[Pair], answer: Answer, now: float) -> Verdict | AssociateAnswer:
    """Read the 2xx answer to the batch associate call of `pairs`, which are all of the same types.

    A Verdict holds for all pairs: the answer can't be read, or the batch is not complete. `now` is Unix time
    in seconds. Never raises.
    """
    document = decode(answer.body)
    if document is None or (state := batch_state(document)) not in (COMPLETE, ERROR):
        return judge(answer.status, answer.headers, answer.body, pairs[0], now=now)
    types = association_types(document) if state == COMPLETE else {}
    associated: defaultdict[str, list[Pair]] = defaultdict(list)
    others: list[Pair] = []
    for pair in pairs:
        names = types_of_pair(types, pair.from_id, pair.to_id)
        if names is None:
            others.append(pair)
        else:
            associated[names].append(pair)
    refused, _ = _refused(document, others, answer) if others else ({}, 0)
    return AssociateAnswer(
        associated, list(refused.items()), [pair for pair in others if pair not in refused]
    )


def parse_archive_response(pairs: list[Pair], answer: Answer, now: float) -> Verdict | ArchiveAnswer:
    """Read the 2xx answer to the batch archive call of `pairs`, which are all of the same types.

    Evidence of removal is a 204, or a batch that is COMPLETE and names as many errors as it counts; then the
    pairs that no error names are removed. A Verdict holds for all pairs: the answer can't be read, or the
    batch is not complete. `now` is Unix time in seconds. Never raises.
    """
    if answer.status == 204:
        return ArchiveAnswer(pairs, [], [])
    if not answer.body.strip():
        return ArchiveAnswer([], [], pairs)
    document = decode(answer.body)
    if document is None or batch_state(document) not in (COMPLETE, ERROR):
        return judge(answer.status, answer.headers, answer.body, pairs[0], now=now)
    refused, all_named = _refused(document, pairs, answer)
    others = [pair for pair in pairs if pair not in refused]
    says_complete = document.get("status") is not None and batch_state(document) == COMPLETE
    proof = says_complete and all_named
    return ArchiveAnswer(others if proof else [], list(refused.items()), [] if proof else others)


def _refused(document: dict[str, Any], pairs: list[Pair], answer: Answer) -> tuple[dict[Pair, Verdict], bool]:
    """The pairs that the errors of an answer name, each with its verdict, and whether that covers all errors.

    It does if each error names a pair, and `numErrors`, if given, is the number of errors or of these pairs.
    """
    by_ends = {(pair.from_id, pair.to_id): pair for pair in pairs}
    by_record: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_record[canonical_type(pair.from_type), pair.from_id].append(pair)
        by_record[canonical_type(pair.to_type), pair.to_id].append(pair)
    refused: dict[Pair, Verdict] = {}
    errors = error_objects(document)
    all_named = True
    for error in errors:
        from_ids, to_ids = context_texts(error, *_FROM_KEYS), context_texts(error, *_TO_KEYS)
        named = []
        if len(from_ids) == 1 == len(to_ids):
            named = [by_ends[ends] for ends in [(from_ids[0], to_ids[0])] if ends in by_ends]
        if not named:
            lines = context_texts(error, "invalid_object_ids")
            records = [found for line in lines for found in _INVALID_RECORD.findall(line)]
            named = [
                pair for name, record in records for pair in by_record.get((canonical_type(name), record), ())
            ]
        all_named = all_named and bool(named)
        verdict = judge_error(answer.status, answer.headers, error, document.get("correlationId"))
        refused |= {pair: verdict for pair in named if pair not in refused}
    counted = document.get("numErrors")
    if counted is not None and count_of(counted) not in (len(errors), len(refused)):
        all_named = False
    return refused, all_named
