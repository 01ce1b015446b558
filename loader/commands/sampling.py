"""The two ID columns in a few megabytes, however long the file: a fair sample, and the busiest records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import nlargest, nsmallest
from typing import NamedTuple
from zlib import crc32

from loader.model import Pair
from loader.object_types import canonical_type

#: IDs of a column that one batch read looks up (facts: the objects' batch read takes 100).
SAMPLE = 100
#: IDs counted at a time. A record with more than a 50,000th of all pairs can't be missed.
_COUNTED = 50_000
#: Pairs of object types that are sampled; the pairs of further types are only counted.
MOST_KINDS = 5


class FrequentId(NamedTuple):
    """A record that is in at least `pairs` pairs."""

    record_id: str
    pairs: int


class ColumnSample:
    """The IDs of one column, seen once from top to bottom.

    `sample` does not depend on the order of the IDs: it has those with the smallest checksums. The counts are
    Misra and Gries's: when there are too many IDs, the rarest are dropped and all other counts are reduced by
    the same amount, so a count is never too high.
    """

    def __init__(self) -> None:
        self._sample: set[str] = set()
        self._counts: Counter[str] = Counter()

    def add(self, record_ids: list[str]) -> None:
        """Take more IDs."""
        self._sample = set(nsmallest(SAMPLE, self._sample.union(record_ids), key=_checksum))
        self._counts.update(record_ids)
        if len(self._counts) > 2 * _COUNTED:
            least = nlargest(_COUNTED + 1, self._counts.values())[-1]
            self._counts = Counter({key: n - least for key, n in self._counts.items() if n > least})

    @property
    def sample(self) -> list[str]:
        """Up to `SAMPLE` different IDs from all over the column, sorted by checksum."""
        return sorted(self._sample, key=_checksum)

    def busiest(self, most: int = 3) -> list[FrequentId]:
        """The records with most pairs, the busiest first."""
        return [FrequentId(*found) for found in self._counts.most_common(most)]

    def busier_than(self, pairs: int) -> list[FrequentId]:
        """The records with more than `pairs` pairs, the busiest first."""
        return [FrequentId(*found) for found in self._counts.most_common() if found[1] > pairs]


class TypePairSample(NamedTuple):
    """One pair of object types, as the file first writes them, with samples of its two ID columns."""

    from_type: str
    to_type: str
    from_ids: ColumnSample
    to_ids: ColumnSample


class TypePairSamples:
    """The samples of the first few pairs of types; `left_out` counts the pairs of further types."""

    def __init__(self) -> None:
        self.left_out = 0
        self._by_kind: dict[tuple[str, str], TypePairSample] = {}

    def __iter__(self) -> Iterator[TypePairSample]:
        return iter(self._by_kind.values())

    def add(self, pairs: list[Pair]) -> None:
        """Take the pairs of one batch."""
        by_types: dict[tuple[str, str], list[Pair]] = {}
        for pair in pairs:
            by_types.setdefault((pair.from_type, pair.to_type), []).append(pair)
        for types, alike in by_types.items():
            kind = (canonical_type(types[0]), canonical_type(types[1]))
            if kind not in self._by_kind and len(self._by_kind) >= MOST_KINDS:
                self.left_out += len(alike)
                continue
            sample = self._by_kind.setdefault(kind, TypePairSample(*types, ColumnSample(), ColumnSample()))
            sample.from_ids.add([pair.from_id for pair in alike])
            sample.to_ids.add([pair.to_id for pair in alike])


def _checksum(record_id: str) -> tuple[int, str]:
    return crc32(record_id.encode()), record_id
