"""Results of many pairs by their IDs, for the report: plain rows, since a million objects cost a second."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from loader.checkpoint.statements import ranges
from loader.checkpoint.store import Checkpoint

#: ID, outcome (None: not known), attempts, existed_before (1, 0 or None), correlation ID of an answer to this
#: pair alone, completed_at (milliseconds of Unix time), verified.
Result: TypeAlias = tuple[int, int | None, int | None, int | None, str | None, int | None, str | None]

_RESULTS = (
    "SELECT id, outcome, attempts, existed_before, correlation_id, completed_at, verified FROM pair WHERE id"
)
#: IDs that are asked for in one statement; SQLite before 3.32 takes no more than 999.
_AT_ONCE = 900


class OutcomeTexts(NamedTuple):
    """What many results have in common; all is text from HubSpot or this program."""

    status: str
    http_status: int
    association_types: str
    error_category: str
    error_message: str
    error_details: str
    correlation_id: str


def results_of(checkpoint: Checkpoint, ids: Sequence[int]) -> dict[int, Result]:
    """The results of these pairs by ID; those that the checkpoint does not have are left out."""
    stretches = list(ranges(ids))
    with checkpoint.query() as db:
        if len(stretches) * 10 <= len(ids) or len(stretches) < 10:
            return {
                row[0]: row for ends in stretches for row in db.execute(f"{_RESULTS} BETWEEN ? AND ?", ends)
            }
        return {row[0]: row for row in in_ids(db, _RESULTS, ids)}


def outcome_texts(checkpoint: Checkpoint, outcomes: Iterable[int]) -> dict[int, OutcomeTexts]:
    """The texts of these outcomes by ID."""
    query = (
        "SELECT id, status, http_status, association_types, error_category, error_message, error_details,"
        " correlation_id FROM outcome WHERE id"
    )
    with checkpoint.query() as db:
        return {row[0]: OutcomeTexts(*row[1:]) for row in in_ids(db, query, outcomes)}


def in_ids(db: sqlite3.Connection, query: str, ids: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that ends with the name of the column of these IDs; in no certain order."""
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield from db.execute(f"{query} IN ({','.join('?' * len(some))})", some)
