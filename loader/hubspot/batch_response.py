"""What the 2xx answer to a batch call says about each of its pairs.

How HubSpot answers if one pair of many is bad is not documented, so each form is understood: an error that
names both records, an error that names one record, an error that names none, and a result that is missing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

from loader.hubspot.answers import judge, judge_error
from loader.hubspot.client import Answer
from loader.hubspot.envelope import (
    COMPLETE,
    ERROR,
    Ends,
    association_types,
    batch_state,
    context_texts,
    count_of,
    decode,
    error_objects,
    objects_in,
    text_of,
    texts_in,
    type_name,
    types_of_pair,
)
from loader.hubspot.verdict import Verdict
from loader.model import Pair
from loader.object_types import canonical_type

_FROM_KEYS = ("fromobjectid", "fromid", "from")
_TO_KEYS = ("toobjectid", "toid", "to")
#: ``CONTACT=9 is not valid``, as the typed PUT says it (facts: live).
_INVALID_RECORD = re.compile(r"([A-Za-z0-9_-]+)=([0-9]+)")
_NO_ASSOCIATIONS = "NO_ASSOCIATIONS_FOUND"


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


class AssociationTypes(NamedTuple):
    """The association types between two records."""

    #: Like ``HUBSPOT_DEFINED:279;USER_DEFINED:5``; empty if HubSpot names none.
    types: str
    #: Whether the default type is among them: the one without a label.
    default: bool

    @property
    def labelled(self) -> bool:
        """Whether people or integrations have labelled it, or a type can't be read, which may be a label."""
        return not all(name.startswith(("HUBSPOT_DEFINED:", "WORK:")) for name in self.types.split(";"))

    def with_types_of(self, other: AssociationTypes) -> AssociationTypes:
        """Both together: HubSpot may list the same two records twice."""
        names = dict.fromkeys(f"{self.types};{other.types}".strip(";").split(";"))
        return AssociationTypes(";".join(names), self.default or other.default)


class ReadAnswer(NamedTuple):
    """What an answer says about the associations of the records that were asked for."""

    #: By the record that was asked for and the other one; only those that were looked for.
    found: dict[Ends, AssociationTypes]
    #: Cursors of the pages that are still to be read, by record.
    cursors: dict[str, set[str]]
    #: Records of which the answer does not tell everything: what was not found may exist.
    unread: set[str]
    #: Records that HubSpot says it does not have.
    gone: set[str]


def parse_associate_response(pairs: list[Pair], answer: Answer, now: float) -> Verdict | AssociateAnswer:
    """Read the 2xx answer to the batch associate call of `pairs`, which are all of the same types.

    A Verdict holds for all pairs: the answer can't be read, or the batch is not complete. `now` is Unix time
    in seconds. Never raises.
    """
    document = decode(answer.body)
    if document is None or (state := batch_state(document)) not in (COMPLETE, ERROR):
        return judge(answer.status, answer.headers, answer.body, pairs[0], now=now)
    types = association_types(document) if state == COMPLETE else {}
    associated: dict[str, list[Pair]] = {}
    others: list[Pair] = []
    for pair in pairs:
        names = types_of_pair(types, pair.from_id, pair.to_id)
        if names is None:
            others.append(pair)
        else:
            associated.setdefault(names, []).append(pair)
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


def parse_read_response(document: dict[str, Any], wanted: Mapping[str, Set[str]]) -> ReadAnswer:
    """Read a complete answer to the batch read. `wanted`: the IDs that are looked for, by record asked for.

    Never raises. A record may come in several results, which are added up. That something does not exist is
    proven by results of the record that are readable to the end, or by an error that says so.
    """
    answer = ReadAnswer({}, defaultdict(set), set(), set())
    told: set[str] = set()
    results = document.get("results")
    for result in results if isinstance(results, list) else ():
        source = result.get("from") if isinstance(result, dict) else None
        record_id = text_of(source.get("id")) if isinstance(source, dict) else ""
        if record_id in wanted:
            told.add(record_id)
            _read_page(answer, record_id, result, wanted[record_id])
        elif not record_id:  # it may be about any of the records
            answer.unread.update(wanted)
    _read_errors(answer, document, wanted.keys(), wanted.keys() - told)
    return answer


def _read_page(answer: ReadAnswer, record_id: str, result: dict[str, Any], wanted: Set[str]) -> None:
    cursor = _next_cursor(result.get("paging"))
    if cursor:
        answer.cursors[record_id].add(cursor)
    entries = result.get("to")
    if cursor is None or not isinstance(entries, list):
        answer.unread.add(record_id)
    for entry in entries if isinstance(entries, list) else ():
        other = text_of(entry.get("toObjectId")) if isinstance(entry, dict) else ""
        if not other:
            answer.unread.add(record_id)
        elif other in wanted:
            kinds = objects_in(entry.get("associationTypes"))
            names = dict.fromkeys(type_name(kind.get("category"), kind.get("typeId")) for kind in kinds)
            types = AssociationTypes(";".join(names), any(not kind.get("label") for kind in kinds))
            known = answer.found.get((record_id, other))
            answer.found[record_id, other] = known.with_types_of(types) if known else types


def _read_errors(answer: ReadAnswer, document: dict[str, Any], asked: Set[str], silent: Set[str]) -> None:
    """Take in the errors of an answer whose results do not mention the `silent` ones of the records."""
    errors = error_objects(document)
    empty: set[str] = set()  # records without associations
    named: set[str] = set()
    unnamed = max(count_of(document.get("numErrors")) or 0, len(errors))
    unnamed_empty = 0
    for error in errors:
        records = asked & _ids_in_context(error)
        words = {text.rpartition(".")[2].upper() for text in texts_in(error.get("subCategory"))}
        if _NO_ASSOCIATIONS in words:
            empty |= records
            unnamed_empty += not records
        elif text_of(error.get("category")).upper() == "OBJECT_NOT_FOUND":
            answer.gone.update(records & silent)
            answer.unread.update(records - silent)
        else:
            answer.unread.update(records)
        named |= records
        unnamed -= bool(records)
    open_records = silent - named
    if unnamed == unnamed_empty == len(open_records):  # one for each, though they do not say for which
        empty |= open_records
    elif unnamed > len(open_records):  # more is wrong than the silent records explain
        answer.unread.update(asked)
    answer.unread.update(silent - empty - answer.gone)


def _ids_in_context(error: dict[str, Any]) -> set[str]:
    context = error.get("context")
    keys = (
        [key for key in context if key.lower().endswith(("id", "ids", "from"))]
        if isinstance(context, dict)
        else []
    )
    return set(context_texts(error, *map(str.lower, keys)))


def _next_cursor(paging: object) -> str | None:
    """The cursor of the next page; '' if this is the last one, None if that can't be read."""
    following = paging.get("next") if isinstance(paging, dict) else paging
    if following is None:
        return ""
    return text_of(following.get("after")) or None if isinstance(following, dict) else None


def _refused(document: dict[str, Any], pairs: list[Pair], answer: Answer) -> tuple[dict[Pair, Verdict], bool]:
    """The pairs that the errors of an answer name, each with its verdict, and whether these are all errors.

    They are if each error names a pair, and as many errors or pairs are named as `numErrors` counts.
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
