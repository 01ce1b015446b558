"""What the answer to a batch read says about the associations of records.

What an answer leaves out is never taken as proof that an association does not exist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

from loader.hubspot.envelope import (
    Ends,
    context_texts,
    count_of,
    error_objects,
    objects_in,
    text_of,
    texts_in,
    type_name,
)

_NO_ASSOCIATIONS = "NO_ASSOCIATIONS_FOUND"


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

    #: By the record that was asked for and the other one; only the wanted ones.
    found: dict[Ends, AssociationTypes]
    #: Cursors of the pages that are still to be read, by record.
    cursors: dict[str, set[str]]
    #: Records about which the answer does not tell everything: what was not found may exist.
    unread: set[str]
    #: Records that don't exist, according to HubSpot.
    gone: set[str]


def parse_read_response(document: dict[str, Any], wanted: Mapping[str, Set[str]]) -> ReadAnswer:
    """Read a complete answer to the batch read. `wanted`: the other IDs, by the record that was asked for.

    Never raises. A record may come in several results, which are merged. Only results of the record that are
    readable to the end, or an error that says so, prove that an association does not exist.
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
            listed = entry.get("associationTypes")
            kinds = objects_in(listed)
            if not isinstance(listed, list) or len(kinds) < len(listed):  # what can't be read may be a label
                answer.unread.add(record_id)
            names = dict.fromkeys(type_name(kind.get("category"), kind.get("typeId")) for kind in kinds)
            types = AssociationTypes(";".join(names), any(not kind.get("label") for kind in kinds))
            known = answer.found.get((record_id, other))
            answer.found[record_id, other] = known.with_types_of(types) if known else types


def _read_errors(answer: ReadAnswer, document: dict[str, Any], asked: Set[str], silent: Set[str]) -> None:
    """Take in the errors of an answer. Its results do not mention the `silent` records among the `asked`."""
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
    if unnamed == unnamed_empty == len(open_records):  # one for each, but not naming it
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
