"""What the journal writes, as SQL that changes many rows at a time.

Each statement releases Python's global interpreter lock, and it takes 5 ms to get it back from a busy event
loop. https://docs.python.org/3/library/sys.html#sys.setswitchinterval
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from loader.checkpoint.schema import UndoFinding, Verified
from loader.model import Outcome, OutcomeGroup, Pair, Status
from loader.object_types import canonical_type

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: Rows in one statement: as many statements of the largest size as there are rows for, then of the next.
_SIZES = (2048, 256, 32, 4, 1)
#: Most outcomes whose ID is remembered: texts that name a record differ for each pair.
_REMEMBERED = 4096

# A pair that was sent before keeps what was found before its first request. If its result is not known, a
# withdrawal restores no older one.
_RECORD = (
    "INSERT INTO pair (first_run, existed_before, id, types, from_id, to_id) VALUES ",
    " ON CONFLICT (id) DO UPDATE SET previous = outcome, outcome = NULL,"
    " existed_before = CASE WHEN first_run IS NULL THEN excluded.existed_before ELSE existed_before END,"
    " first_run = coalesce(first_run, excluded.first_run)",
)
_FORGET = (
    "DELETE FROM pair"
    " WHERE outcome IS NULL AND previous IS NULL AND first_run = :run AND id BETWEEN :first AND :last"
)
# If this run was the first to record it, it had not been sent: found to exist, or the look-up had no answer.
_RESTORE = """
UPDATE pair SET outcome = previous, previous = NULL, first_run = nullif(first_run, :run),
    existed_before = CASE WHEN first_run = :run
        THEN (SELECT 1 FROM outcome WHERE outcome.id = pair.previous AND status = 'existing')
        ELSE existed_before END
WHERE outcome IS NULL AND id BETWEEN :first AND :last"""
_SETTLE = (
    "INSERT INTO pair (id, types, from_id, to_id, existed_before, outcome, attempts, correlation_id,"
    " completed_at) VALUES ",
    " ON CONFLICT (id) DO UPDATE SET outcome = excluded.outcome, attempts = excluded.attempts,"
    " correlation_id = excluded.correlation_id, completed_at = excluded.completed_at,"
    " existed_before = CASE WHEN first_run IS NULL THEN excluded.existed_before ELSE existed_before END,"
    " previous = NULL, verified = NULL, verified_at = NULL, undo = NULL",
)
_SETTLE_RANGE = (
    "UPDATE pair SET outcome = ?, attempts = ?, correlation_id = ?, completed_at = ?,"
    " previous = NULL, verified = NULL, verified_at = NULL, undo = NULL WHERE id BETWEEN ? AND ?"
)
_EXISTED_BEFORE = {"yes": 1, "no": 0, "": None}


class Statements:
    """Writes what the checkpoint's last run does, in transactions that the caller begins and ends.

    It remembers what it has inserted: after a rollback, make a new one.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        (self._run,) = db.execute("SELECT max(id) FROM run").fetchone()
        self._most_variables = db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
        self._types: dict[tuple[str, str], int] = {}
        rows = db.execute(
            "SELECT id, status, http_status, association_types, error_category, error_message, error_details,"
            " correlation_id FROM outcome ORDER BY id DESC LIMIT ?",
            (_REMEMBERED // 2,),
        )
        self._outcomes: dict[tuple[object, ...], int] = {tuple(texts): outcome for outcome, *texts in rows}

    def record(self, pairs: Iterable[Pair], existed_before: str) -> None:
        """These pairs are about to be sent: from now on their results are not known."""
        rows = [(pair.id, self._type_pair(pair), pair.from_id, pair.to_id) for pair in pairs]
        self._write(_RECORD, rows, (self._run, _EXISTED_BEFORE[existed_before]))

    def withdraw(self, pairs: Iterable[Pair]) -> None:
        """No request for these pairs was started after all."""
        for first, last in ranges(pair.id for pair in pairs):
            values = {"run": self._run, "first": first, "last": last}
            self._db.execute(_FORGET, values)
            self._db.execute(_RESTORE, values)

    def settle(self, groups: Iterable[OutcomeGroup]) -> None:
        """The results of pairs."""
        rows: list[Sequence[object]] = []
        for pairs, first in groups:
            shared, own = first.correlation_id, None
            if len(pairs) == 1:
                shared, own = "", _storable(shared) or None
            outcome = self._outcome_id(first.status, first, shared)
            result = (outcome, first.attempts, own, round(first.completed_at * 1000))
            if first.status is Status.EXISTING or not self._settle_range(pairs, result):
                existed = _EXISTED_BEFORE[first.existed_before]
                rows.extend(
                    (pair.id, self._type_pair(pair), pair.from_id, pair.to_id, existed, *result)
                    for pair in pairs
                )
        self._write(_SETTLE, rows)

    def _settle_range(self, pairs: Sequence[Pair], result: tuple[object, ...]) -> bool:
        """Settle recorded pairs by one statement if their IDs have no gaps; False if not all were settled."""
        if len(pairs) < 2:
            return False
        ids = [pair.id for pair in pairs]
        first, last = min(ids), max(ids)
        return last - first + 1 == len(ids) and self._db.execute(
            _SETTLE_RANGE, (*result, first, last)
        ).rowcount == len(ids)

    def verify(self, pairs: Iterable[Pair], found: Verified, at: float) -> None:
        """What reading back has shown, at this Unix time in seconds."""
        self._db.executemany(
            "UPDATE pair SET verified = ?, verified_at = ? WHERE id BETWEEN ? AND ?",
            [(found, round(at * 1000), *ids) for ids in ranges(pair.id for pair in pairs)],
        )

    def leave(self, pairs: Iterable[Pair], finding: UndoFinding | None, first: Outcome) -> None:
        """Why `undo` left these pairs (None: they don't exist); they keep their results."""
        outcome = None if finding is None else self._outcome_id(finding, first, first.correlation_id)
        self._db.executemany(
            "UPDATE pair SET undo = ? WHERE id BETWEEN ? AND ?",
            [(outcome, *ids) for ids in ranges(pair.id for pair in pairs)],
        )

    def _write(
        self,
        statement: tuple[str, str],
        rows: Sequence[Sequence[object]],
        shared: tuple[int | None, ...] = (),
    ) -> None:
        """Write rows whose first columns are `shared` by all of them."""
        start = 0
        while start < len(rows):
            width = len(rows[start])
            most = min(len(rows) - start, self._most_variables // width)
            size = next(size for size in _SIZES if size <= most)
            values = chain.from_iterable(rows[start : start + size])
            self._db.execute(_statement(*statement, shared, width, size), list(values))
            start += size

    def _type_pair(self, pair: Pair) -> int:
        names = pair[1], pair[3]
        known = self._types.get(names)
        if known is None:
            compared = canonical_type(names[0]), canonical_type(names[1])
            self._db.execute(
                "INSERT INTO type_pair (from_type, to_type, from_canonical, to_canonical) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (*names, *compared),
            )
            (known,) = self._db.execute(
                "SELECT id FROM type_pair WHERE from_canonical = ? AND to_canonical = ?", compared
            ).fetchone()
            self._types[names] = known
        return known

    def _outcome_id(self, status: str, outcome: Outcome, correlation_id: str) -> int:
        """The ID of the row of `outcome` with these texts, which is inserted if there is none yet."""
        texts: tuple[str | int, ...] = (
            status,
            outcome.http_status,
            outcome.association_types,
            outcome.error_category,
            outcome.error_message,
            outcome.error_details,
            correlation_id,
        )
        known = self._outcomes.get(texts)
        if known is None:
            known = self._db.execute(
                "INSERT INTO outcome (status, http_status, association_types, error_category, error_message,"
                " error_details, correlation_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (str(status), outcome.http_status, *(_storable(str(text)) for text in texts[2:])),
            ).lastrowid
            assert known is not None
            if len(self._outcomes) >= _REMEMBERED:
                del self._outcomes[next(iter(self._outcomes))]
            self._outcomes[texts] = known
        return known


def set_not_in_input(db: sqlite3.Connection, ids: npt.NDArray[np.int64]) -> None:
    """Mark the pairs with these IDs, ascending, as not in the input, and all others as in it."""
    db.execute("UPDATE pair SET in_input = 1 WHERE in_input = 0")
    ends = (ids[1:] - ids[:-1] != 1).nonzero()[0].tolist()  # the places where no consecutive ID follows
    if len(ids):
        ranges = [
            (int(ids[first + 1]), int(ids[last])) for first, last in pairwise([-1, *ends, len(ids) - 1])
        ]
        db.executemany("UPDATE pair SET in_input = 0 WHERE id BETWEEN ? AND ?", ranges)


def ranges(ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """IDs in any order as ranges of consecutive ones: the first and the last of each."""
    first = last = None
    for one in sorted(ids):
        if first is None or last is None:
            first = last = one
        elif one <= last + 1:
            last = one
        else:
            yield first, last
            first = last = one
    if first is not None and last is not None:
        yield first, last


@lru_cache(64)
def _statement(before: str, after: str, shared: tuple[int | None, ...], width: int, rows: int) -> str:
    """Each row has the numbers in `shared`, then `width` variables: fewer variables are bound faster."""
    row = f"({','.join(['NULL' if one is None else str(one) for one in shared] + ['?'] * width)})"
    return f"{before}{','.join([row] * rows)}{after}"


def _storable(text: str) -> str:
    """Server text without lone surrogates, which UTF-8, and so SQLite, can't hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
