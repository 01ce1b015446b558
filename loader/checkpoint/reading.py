"""What the commands ask a checkpoint: counts for summary, pairs for verify, undo, report and page."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from loader.checkpoint.schema import UndoFinding, Verified
from loader.checkpoint.store import Checkpoint
from loader.model import Pair, Status

#: Pairs that are read at a time.
_AT_ONCE = 20_000
#: IDs that are asked for in one statement; SQLite before 3.32 takes no more than 999.
_IDS_AT_ONCE = 900

_EXISTED_BEFORE = {None: "", 0: "no", 1: "yes"}
_EXISTED_BEFORE_SQL = {"": "NULL", "no": "0", "yes": "1"}
# What `count_outcomes` groups by, as one number. It has the first letter of `verified`.
_KEY = (
    "coalesce(outcome << 12, 0) | CASE WHEN existed_before IS NULL THEN 512 ELSE existed_before << 8 END"
    " | CASE WHEN verified IS NULL THEN 0 ELSE unicode(verified) << 1 END | in_input"
)
_VERIFIED = {0: "", **{ord(found[0]): found for found in Verified}}
_PAIRS = (
    "SELECT pair.id, from_type, CAST(from_id AS TEXT), to_type, CAST(to_id AS TEXT)"
    " FROM pair JOIN type_pair ON type_pair.id = pair.types"
)
_STORED = (
    "SELECT pair.id, from_type, CAST(from_id AS TEXT), to_type, CAST(to_id AS TEXT), status,"
    " coalesce(http_status, 0), coalesce(attempts, 0), coalesce(association_types, ''), existed_before,"
    " coalesce(error_category, ''), coalesce(error_message, ''), coalesce(error_details, ''),"
    " coalesce(pair.correlation_id, outcome.correlation_id, ''), completed_at / 1000.0,"
    " coalesce(verified, ''), in_input"
    " FROM pair JOIN type_pair ON type_pair.id = pair.types LEFT JOIN outcome ON outcome.id = pair.outcome"
)


class StoredPair(NamedTuple):
    """A pair that was sent, or was about to be, and what became of it.

    `status` is None if the result is not known. `completed_at` is Unix time in seconds. `existed_before` and
    `verified` are words of the report, or empty.
    """

    id: int
    from_type: str
    from_id: str
    to_type: str
    to_id: str
    status: Status | None
    http_status: int
    attempts: int
    association_types: str
    existed_before: str
    error_category: str
    error_message: str
    error_details: str
    correlation_id: str
    completed_at: float | None
    verified: str
    in_input: bool


class PairCount(NamedTuple):
    """How many pairs have all of this in common, with the first of them."""

    pairs: int
    status: Status | None
    http_status: int
    error_category: str
    error_message: str
    error_details: str
    existed_before: str
    verified: str
    in_input: bool
    first_id: int


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which pairs to select: those that match everything that is not None.

    statuses: None among them selects pairs whose result is not known.
    existed_before: ``yes``, ``no`` or empty.
    verified: words of the report; the empty one is for pairs that are not verified.
    in_input: whether the input had the pair when it was last read.
    left_by_undo: whether the last undo left the pair.
    """

    statuses: Collection[Status | None] | None = None
    existed_before: str | None = None
    verified: Collection[str] | None = None
    in_input: bool | None = None
    left_by_undo: bool | None = None

    @property
    def where(self) -> str:
        """The condition in SQL; only words of this program get into it."""
        terms = ["1"]
        if self.statuses is not None:
            names = ", ".join(f"'{Status(status)}'" for status in self.statuses if status is not None)
            known = f"outcome IN (SELECT id FROM outcome WHERE status IN ({names}))"  # noqa: S608
            terms.append(f"({known} OR outcome IS NULL)" if None in self.statuses else known)
        if self.existed_before is not None:
            terms.append(f"existed_before IS {_EXISTED_BEFORE_SQL[self.existed_before]}")
        if self.verified is not None:
            names = ", ".join(f"'{Verified(found)}'" for found in self.verified if found)
            known = f"verified IN ({names})"
            terms.append(f"({known} OR verified IS NULL)" if "" in self.verified else known)
        if self.in_input is not None:
            terms.append(f"in_input = {int(self.in_input)}")
        if self.left_by_undo is not None:
            terms.append(f"undo IS {'NOT ' if self.left_by_undo else ''}NULL")
        return " AND ".join(terms)


def count_pairs(checkpoint: Checkpoint, selection: Selection) -> int:
    """How many pairs are selected."""
    with checkpoint.query() as db:
        return int(db.execute(f"SELECT count(*) FROM pair WHERE {selection.where}").fetchone()[0])  # noqa: S608


def select_pairs(checkpoint: Checkpoint, selection: Selection) -> Iterator[list[Pair]]:
    """The selected pairs, in the order of their IDs, some thousands at a time; their `row` is 0."""
    for rows in _in_pieces(checkpoint, _PAIRS, selection):
        yield [_pair(row) for row in rows]


def pairs_of(checkpoint: Checkpoint, ids: Sequence[int]) -> list[Pair]:
    """The pairs with these IDs, in their order; their `row` is 0. Raises KeyError if one is missing."""
    with checkpoint.query() as db:
        rows = {row[0]: row for row in in_ids(db, f"{_PAIRS} WHERE pair.id", ids)}
    return [_pair(rows[one]) for one in ids]


def select_stored(checkpoint: Checkpoint, selection: Selection) -> Iterator[list[StoredPair]]:
    """As `select_pairs`, with what became of each pair."""
    for rows in _in_pieces(checkpoint, _STORED, selection):
        yield [_stored(row) for row in rows]


def stored_pair(checkpoint: Checkpoint, pair_id: int) -> StoredPair:
    """One pair by its ID. Raises KeyError if there is none."""
    with checkpoint.query() as db:
        row = db.execute(f"{_STORED} WHERE pair.id = ?", (pair_id,)).fetchone()
    if row is None:
        raise KeyError(pair_id)
    return _stored(row)


def count_outcomes(checkpoint: Checkpoint) -> list[PairCount]:
    """All pairs by what became of them, the most frequent first; takes 0.3 s per million pairs."""
    counts: Counter[int] = Counter()
    first: dict[int, int] = {}
    with checkpoint.query() as db:
        (last,) = db.execute("SELECT coalesce(max(id), 0) FROM pair").fetchone()
        for start in range(1, last + 1, _AT_ONCE):
            some = f"FROM pair WHERE id BETWEEN {start} AND {start + _AT_ONCE - 1}"
            # A list made by SQLite is three times faster to read than rows, and needs no GROUP BY's sorting.
            (keys,) = db.execute(f"SELECT group_concat({_KEY}) {some}").fetchone()
            found = {int(key): pairs for key, pairs in Counter(keys.split(",") if keys else ()).items()}
            counts.update(found)
            if found.keys() - first.keys():
                first = dict(db.execute(f"SELECT {_KEY} AS key, min(id) {some} GROUP BY key")) | first
        texts = {
            row[0]: row[1:]
            for row in db.execute(
                "SELECT id, status, http_status, error_category, error_message, error_details FROM outcome"
            )
        }
    return [
        PairCount(
            count,
            *_status_and_texts(texts.get(key >> 12)),
            ("no", "yes", "")[key >> 8 & 0xF],
            _VERIFIED[key >> 1 & 0x7F],
            bool(key & 1),
            first[key],
        )
        for key, count in counts.most_common()
    ]


def results_per_second(checkpoint: Checkpoint) -> dict[tuple[int, Status], int]:
    """How many results came in each second (Unix time), by status; only of pairs that were sent."""
    counts: Counter[tuple[int, int]] = Counter()
    with checkpoint.query() as db:
        statuses = dict(db.execute("SELECT id, status FROM outcome"))
        cursor = db.execute("SELECT completed_at / 1000, outcome FROM pair WHERE outcome IS NOT NULL")
        while rows := cursor.fetchmany(_AT_ONCE):
            counts.update(rows)
    found: Counter[tuple[int, Status]] = Counter()
    for (second, outcome), pairs in counts.items():
        found[second, Status(statuses[outcome])] += pairs
    return {key: found[key] for key in sorted(found) if key[1] is not Status.EXISTING}


def first_and_last_result(checkpoint: Checkpoint) -> tuple[float, float] | None:
    """When the first and the last result came in, as Unix time in seconds; None if there is none."""
    with checkpoint.query() as db:
        first, last = db.execute("SELECT min(completed_at), max(completed_at) FROM pair").fetchone()
    return None if first is None else (first / 1000, last / 1000)


class LeftByUndo(NamedTuple):
    """Pairs that the last `undo` left for one reason."""

    finding: UndoFinding
    pairs: int
    http_status: int
    error_category: str
    error_message: str
    error_details: str


def left_by_undo(checkpoint: Checkpoint) -> list[LeftByUndo]:
    """The pairs that the last `undo` left, by reason."""
    with checkpoint.query() as db:
        rows = db.execute(
            "SELECT status, count(*), http_status, error_category, error_message, error_details"
            " FROM pair JOIN outcome ON outcome.id = pair.undo GROUP BY pair.undo"
        ).fetchall()
    return [LeftByUndo(UndoFinding(status), *rest) for status, *rest in rows]


def in_ids(db: sqlite3.Connection, query: str, ids: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """The rows of a query that ends with the name of the ID column; their order is undefined."""
    rest = iter(ids)
    while some := list(islice(rest, _IDS_AT_ONCE)):
        yield from db.execute(f"{query} IN ({','.join('?' * len(some))})", some)


def _in_pieces(checkpoint: Checkpoint, query: str, selection: Selection) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query that begins with the pair's ID. Between the pieces others may read and write."""
    last = 0
    while True:
        with checkpoint.query() as db:
            rows = db.execute(
                f"{query} WHERE {selection.where} AND pair.id > ? ORDER BY pair.id LIMIT ?", (last, _AT_ONCE)
            ).fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def _stored(row: Sequence[Any]) -> StoredPair:
    stored = StoredPair._make(row)
    return stored._replace(
        status=None if stored.status is None else Status(stored.status),
        existed_before=_EXISTED_BEFORE[row[9]],
        in_input=bool(stored.in_input),
    )


def _status_and_texts(texts: tuple[Any, ...] | None) -> tuple[Status | None, int, str, str, str]:
    if texts is None:
        return None, 0, "", "", ""
    return Status(texts[0]), *texts[1:]


def _pair(row: Sequence[Any]) -> Pair:
    number, from_type, from_id, to_type, to_id = row
    return Pair(0, from_type, from_id, to_type, to_id, id=number)
