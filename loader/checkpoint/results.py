"""Results of many pairs by their IDs, for the report: as arrays, since a million objects cost a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from loader.checkpoint.index import EXISTED_BEFORE, MARKS, VERIFIED, IDs, read_numbers
from loader.checkpoint.reading import in_ids
from loader.checkpoint.store import Checkpoint

#: IDs that are asked for in one statement; SQLite before 3.32 takes no more than 999.
_AT_ONCE = 900
#: If at least one in this many pairs of a range is asked for, the whole range is read.
_DENSE = 4
_CORRELATION_ID = 1 << 6
_COLUMNS = (
    "id",
    "CASE WHEN completed_at IS NULL THEN 0 ELSE coalesce(outcome << 32, 0) END | (coalesce(attempts, 0) << 8)"
    f" | (correlation_id IS NOT NULL) * {_CORRELATION_ID} | {MARKS}",
    "coalesce(completed_at, 0)",
)


class Results(NamedTuple):
    """What became of pairs.

    ids: int64[n].
    kinds: int64[n]; what similar results have in common, as one number, which `Kind.of` unpacks.
    completed_at: int64[n]; milliseconds of Unix time.
    correlation_ids: by ID, of answers to a single pair; may have pairs that were not asked for.
    """

    ids: IDs
    kinds: IDs
    completed_at: IDs
    correlation_ids: Mapping[int, str]


class Kind(NamedTuple):
    """What similar results have in common.

    outcome: None if the result is not known. existed_before, verified: words of the report, or empty.
    """

    outcome: int | None
    attempts: int
    existed_before: str
    verified: str

    @classmethod
    def of(cls, number: int) -> Kind:
        """One of `Results.kinds`."""
        return cls(
            number >> 32 or None,
            number >> 8 & 0xFFFFFF,
            EXISTED_BEFORE[number >> 4 & 0b11],
            VERIFIED[number & 0xF],
        )


class OutcomeTexts(NamedTuple):
    """What many results have in common; all is text from HubSpot or this program."""

    status: str
    http_status: int
    association_types: str
    error_category: str
    error_message: str
    error_details: str
    correlation_id: str


def results_of(checkpoint: Checkpoint, ids: IDs) -> Results:
    """The results of these pairs, in their order. All of them must exist."""
    columns = [np.zeros((len(_COLUMNS), 0), dtype=np.int64)]
    correlation_ids: dict[int, str] = {}
    with checkpoint.query() as db:
        for where, values in _wheres(ids):
            columns.append(read_numbers(db, _COLUMNS, where, values))
            if (columns[-1][1] & _CORRELATION_ID).any():
                own = f"SELECT id, correlation_id FROM pair WHERE {where} AND correlation_id IS NOT NULL"  # noqa: S608
                correlation_ids |= db.execute(own, values)
    found = np.concatenate(columns, axis=1)
    found = found[:, np.argsort(found[0])]
    ours, kinds, completed_at = found[:, np.searchsorted(found[0], ids)]
    assert np.array_equal(ours, ids)
    return Results(ours, kinds, completed_at, correlation_ids)


def _wheres(ids: IDs) -> Iterator[tuple[str, list[int]]]:
    """Conditions in SQL, with their values, that together select these pairs, and maybe others."""
    if len(ids) and (last := int(ids.max())) - (first := int(ids.min())) < _DENSE * len(ids):
        yield "id BETWEEN ? AND ?", [first, last]
    else:
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE].tolist()
            yield f"id IN ({','.join('?' * len(some))})", some


def outcome_texts(checkpoint: Checkpoint, outcomes: Iterable[int]) -> dict[int, OutcomeTexts]:
    """The texts of these outcomes by ID."""
    query = (
        "SELECT id, status, http_status, association_types, error_category, error_message, error_details,"
        " correlation_id FROM outcome WHERE id"
    )
    with checkpoint.query() as db:
        return {row[0]: OutcomeTexts(*row[1:]) for row in in_ids(db, query, outcomes)}
