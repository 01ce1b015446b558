"""Which pairs a checkpoint knows: found by their order or a sorted hash, and then compared in full.

The hash and the pair's ID share one 64-bit word, so that a plain sort makes the index and a pair takes about
28 bytes in memory; 20 while the input comes in the order of the checkpoint, which needs no hashes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from loader.checkpoint.schema import UndoFinding, Verified
from loader.checkpoint.store import Checkpoint
from loader.model import Status

IDs = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

#: IDs that are read from the database, or hashed, at a time.
_AT_ONCE = 50_000
# A pair's status and marks are indices into these. No status: sent, or about to be, and the result unknown.
_STATUSES: tuple[Status | None, ...] = (None, *Status)
EXISTED_BEFORE = ("", "no", "yes")
VERIFIED = ("", *Verified)
#: Both as one number in SQL: ``existed_before << 4 | verified``.
MARKS = (
    "CASE WHEN existed_before IS NULL THEN 0 ELSE (existed_before + 1) << 4 END"
    " | CASE WHEN verified IS NULL THEN 0 ELSE instr('pmu', substr(verified, 1, 1)) END"
)
#: The columns of an index: see `Index.__init__`.
_COLUMNS = (
    "from_id",
    "to_id",
    "id",
    f"coalesce(outcome << 32, 0) | (types << 8) | ((first_run IS NOT NULL) << 6) | {MARKS}",
)
#: Statuses that `is_settled` treats as open when a load retries.
_RETRIED = (Status.FAILED, Status.GAVE_UP, Status.REMOVED)

# Odd constants with well-spread bits (the golden ratio's and MurmurHash3's finaliser).
_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(32)


class TypePair(Protocol):
    """What pairs of object types are compared by."""

    @property
    def from_canonical(self) -> str:
        """The type ID of a standard type, else the type's name."""

    @property
    def to_canonical(self) -> str:
        """As `from_canonical`."""


class Index:
    """A snapshot of a checkpoint's pairs in memory.

    A pair's ID is its rowid in the checkpoint, counted from 1; 0 is an unknown pair.
    """

    def __init__(
        self,
        size: int,
        columns: Iterable[IDs],
        type_pairs: Mapping[tuple[str, str], int],
        outcomes: Mapping[int, Status],
    ) -> None:
        """Read all `columns`, whose highest ID is `size`.

        They come in pieces of four arrays of one length: from IDs, to IDs, IDs, and
        ``outcome (0: no result) << 32 | type pair << 8 | sent << 6 | existed_before << 4 | verified``.
        `type_pairs` are the IDs of the checkpoint's type pairs by their canonical names, `outcomes` the
        statuses of its outcomes by ID.
        """
        self._type_pairs = type_pairs
        self._from_ids = np.zeros(size + 1, dtype=np.int64)
        self._to_ids = np.zeros(size + 1, dtype=np.int64)
        self._types = np.zeros(size + 1, dtype=np.min_scalar_type(max(type_pairs.values(), default=0)))
        self._statuses = np.zeros(size + 1, dtype=np.uint8)
        self._marks = np.zeros(size + 1, dtype=np.uint8)
        self._seen = np.zeros(size + 1, dtype=np.bool_)
        self._id_bits = np.uint64((1 << size.bit_length()) - 1)
        codes = np.zeros(max(outcomes, default=0) + 1, dtype=np.uint8)
        for outcome, status in outcomes.items():
            codes[outcome] = _STATUSES.index(status)
        self._words: Words | None = None
        self.known = 0
        for piece in columns:
            self._add(piece, codes)
        self.next_id = size + 1
        self._size = size
        self._expected = 1

    def _add(self, columns: IDs, codes: Bytes) -> None:
        from_ids, to_ids, ids, packed = columns
        self._from_ids[ids], self._to_ids[ids], self._types[ids] = from_ids, to_ids, packed >> 8 & 0xFFFFFF
        self._statuses[ids] = codes[packed >> 32]
        self._marks[ids] = packed & 0xFF
        self.known += len(ids)

    def _sorted_words(self) -> Words:
        words, end = np.empty(self.known, dtype=np.uint64), 0
        for start in range(0, len(self._types), _AT_ONCE):
            ids = np.flatnonzero(self._types[start : start + _AT_ONCE]) + start
            hashes = self._hashes(self._from_ids[ids], self._to_ids[ids], self._types[ids])
            words[end : end + len(ids)] = hashes | ids.astype(np.uint64)
            end += len(ids)
        words.sort()
        return words

    def _hashes(self, from_ids: IDs, to_ids: IDs, types: npt.NDArray[np.integer[Any]]) -> Words:
        hashes = from_ids.astype(np.uint64) * _A
        hashes ^= hashes >> _SHIFT
        hashes += to_ids.astype(np.uint64) * _B
        hashes ^= hashes >> _SHIFT
        hashes += types.astype(np.uint64) * _A
        hashes *= _C
        hashes &= ~self._id_bits
        return hashes

    def find(self, from_ids: IDs, to_ids: IDs, types: IDs, type_pairs: Iterable[TypePair]) -> IDs:
        """The IDs of pairs, 0 for those that are not known; `types` are indices into `type_pairs`."""
        names = [(one.from_canonical, one.to_canonical) for one in type_pairs]
        codes = np.array([self._type_pairs.get(name, 0) for name in names], dtype=np.int64)
        types = codes[types]
        ids = self._expected + np.arange(len(types), dtype=np.int64)
        ids[ids > self._size] = 0
        # An unchanged input comes in the order of its IDs. Checking that is five times faster than hashing.
        ids[~self._same(ids, from_ids, to_ids, types)] = 0
        other = np.flatnonzero(ids == 0)
        if len(other) and self.known:
            ids[other] = self._look_up(from_ids[other], to_ids[other], types[other])
        if len(ids) and ids[-1]:
            self._expected = int(ids[-1]) + 1
        return ids

    def _look_up(self, from_ids: IDs, to_ids: IDs, types: IDs) -> IDs:
        if self._words is None:
            self._words = self._sorted_words()
        hashes = self._hashes(from_ids, to_ids, types)
        order = np.argsort(hashes)  # nearby places one after another: four times faster
        places = np.empty(len(types), dtype=np.int64)
        places[order] = np.searchsorted(self._words, hashes[order])
        found = np.zeros(len(types), dtype=np.int64)
        which = np.arange(len(types))
        while len(which):  # once, unless pairs share a hash by accident
            which = which[places[which] < self.known]
            words = self._words[places[which]]
            alike = (words & ~self._id_bits) == hashes[which]
            which, ids = which[alike], (words[alike] & self._id_bits).astype(np.int64)
            same = self._same(ids, from_ids[which], to_ids[which], types[which])
            found[which[same]] = ids[same]
            which = which[~same]
            places[which] += 1
        return found

    def _same(self, ids: IDs, from_ids: IDs, to_ids: IDs, types: IDs) -> Mask:
        """Whether the pairs with these IDs are these; False for the ID 0 and for unknown types."""
        same: Mask = self._from_ids[ids] == from_ids
        same &= self._to_ids[ids] == to_ids
        same &= self._types[ids] == types
        same &= types != 0
        return same

    def see(self, ids: IDs) -> None:
        """Note that the input has these pairs; unknown ones (0) don't count."""
        self._seen[ids] = True
        self._seen[0] = False

    @property
    def seen(self) -> int:
        """How many different known pairs the input has, by what `see` was told."""
        return int(np.count_nonzero(self._seen))

    def settled_seen(self, *, retry: bool = False) -> int:
        """How many of the `seen` pairs are settled, in the sense of `is_settled`."""
        return int(np.count_nonzero(self._seen & _settled(self._statuses, self._marks, retry=retry)))

    def not_in_input(self) -> IDs:
        """The known pairs that the input does not have, ascending."""
        return np.flatnonzero(~self._seen & (self._types != 0))

    def count_not_in_input(self, statuses: Iterable[Status | None], existed_before: str) -> int:
        """How many pairs of these statuses (None: no result) and this `existed_before` the input lacks."""
        codes = [_STATUSES.index(status) for status in statuses]
        these = ~self._seen & (self._types != 0) & np.isin(self._statuses, codes)
        these &= (self._marks >> 4 & 0b11) == EXISTED_BEFORE.index(existed_before)
        return int(np.count_nonzero(these))

    @property
    def made(self) -> int:
        """How many pairs are associated or existing."""
        made = np.array([status in (Status.ASSOCIATED, Status.EXISTING) for status in _STATUSES])
        return int(np.count_nonzero(made[self._statuses]))

    def is_settled(self, ids: IDs, *, retry: bool = False) -> Mask:
        """Whether each of the pairs is settled and needs no sending; an unknown one (0) is not settled.

        With `retry`, nor are those that failed, gave up, were removed, or were verified to be missing.
        """
        return _settled(self._statuses[ids], self._marks[ids], retry=retry)

    def was_sent(self, ids: IDs) -> Mask:
        """Whether each of the pairs was sent, or may have been: then it must not be looked up again."""
        sent: Mask = (self._marks[ids] & 1 << 6) != 0
        return sent

    def existed_before(self, ids: IDs) -> list[str]:
        """What was found before the first request for each of the pairs: ``yes``, ``no`` or empty."""
        return [EXISTED_BEFORE[mark] for mark in (self._marks[ids] >> 4 & 0b11).tolist()]

    def clear(self) -> None:
        """Forget all pairs, so that the memory is free for another index."""
        self._from_ids = self._to_ids = np.zeros(1, dtype=np.int64)
        self._types = self._types[:1].copy()
        self._statuses = self._marks = np.zeros(1, dtype=np.uint8)
        self._seen = np.zeros(1, dtype=np.bool_)
        self._words = None
        self.known = self._size = 0

    def number(self, ids: IDs) -> IDs:
        """The same IDs, but new ones for the unknown pairs (0). Pass each unknown pair only once."""
        ids = ids.copy()
        new = np.flatnonzero(ids == 0)
        ids[new] = np.arange(self.next_id, self.next_id + len(new))
        self.next_id += len(new)
        return ids


def _settled(statuses: Bytes, marks: Bytes, *, retry: bool) -> Mask:
    open_statuses = (None, *_RETRIED) if retry else (None,)
    settled: Mask = np.array([status not in open_statuses for status in _STATUSES])[statuses]
    if retry:
        settled &= (marks & 0xF) != VERIFIED.index(Verified.MISSING)
    return settled


def read_numbers(db: sqlite3.Connection, columns: Sequence[str], where: str, values: Sequence[int]) -> IDs:
    """Columns of whole numbers from `pair`, as the rows of an array. SQLite joins each column to one text.

    The order of the pairs is undefined.
    """
    lists = ", ".join(f"group_concat({column})" for column in columns)
    texts = db.execute(f"SELECT {lists} FROM pair WHERE {where}", values).fetchone()  # noqa: S608
    return np.stack([np.fromstring(text or "", dtype=np.int64, sep=",") for text in texts])


def read_index(checkpoint: Checkpoint) -> Index:
    """Read all pairs of a checkpoint; takes 0.5 s per million."""
    with checkpoint.query() as db:
        (size,) = db.execute("SELECT coalesce(max(id), 0) FROM pair").fetchone()
        type_pairs = db.execute("SELECT from_canonical, to_canonical, id FROM type_pair").fetchall()
        outcomes = db.execute("SELECT id, status FROM outcome").fetchall()
        return Index(
            size,
            (
                read_numbers(db, _COLUMNS, "id BETWEEN ? AND ?", (start, start + _AT_ONCE - 1))
                for start in range(1, size + 1, _AT_ONCE)
            ),
            {(one, other): number for one, other, number in type_pairs},
            {number: Status(status) for number, status in outcomes if status != UndoFinding.KEPT},
        )
