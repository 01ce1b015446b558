"""Finding the same pair again at eight bytes a row.

The first reading of the file keeps a 64-bit key of each row, sorts them and keeps those that occur more than
once. The second reading looks only at rows with such a key, and compares the pairs themselves: two different
pairs that share a key by accident are both sent.
"""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt

from loader.source.type_pairs import Numbers

Keys = npt.NDArray[np.uint64]

# Odd constants with well-spread bits (the golden ratio's and MurmurHash3's finaliser).
_A, _B, _C = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(32)


def pair_keys(from_ids: Numbers, to_ids: Numbers, canonical: Numbers) -> Keys:
    """A 64-bit key for each pair; equal pairs (types compared as `canonical`) have equal keys."""
    keys = from_ids.astype(np.uint64) * _A
    keys ^= keys >> _SHIFT
    keys += to_ids.astype(np.uint64) * _B
    keys ^= keys >> _SHIFT
    keys *= _C
    keys += canonical.astype(np.uint64) * _A
    keys ^= keys >> _SHIFT
    return keys


def repeated_keys(keys: array[int]) -> tuple[Keys, int]:
    """The keys (of type ``Q``) that occur more than once, sorted, each once; and how many rows repeat one.

    Sorts `keys` itself: one array that has grown as a whole goes back to the system when it is let go, where
    a piece for each block would leave holes.
    """
    together = np.frombuffer(keys, dtype=np.uint64)
    together.sort()
    again = together[1:] == together[:-1]
    return np.unique(together[1:][again]), int(np.count_nonzero(again))


class FirstRows:
    """Remembers, for each repeated key, the first row that had it. Rows must be asked in file order."""

    def __init__(self, repeated: Keys) -> None:
        self._repeated = repeated
        # row, from ID, to ID and canonical kind of the first row with each key; row 0 means none yet
        self._first = np.zeros((len(repeated), 4), dtype=np.int64)
        self._shared: dict[tuple[int, int, int], int] = {}

    def first_rows(
        self, rows: Numbers, from_ids: Numbers, to_ids: Numbers, canonical: Numbers
    ) -> dict[int, int]:
        """Which of these rows repeat an earlier pair: their index here, and the number of the first row."""
        if not len(self._repeated):
            return {}
        keys = pair_keys(from_ids, to_ids, canonical)
        places = np.searchsorted(self._repeated, keys)
        places[places == len(self._repeated)] = 0
        candidates = np.flatnonzero(self._repeated[places] == keys)
        duplicates = {}
        for i, place in zip(candidates.tolist(), places[candidates].tolist(), strict=True):
            pair = (int(from_ids[i]), int(to_ids[i]), int(canonical[i]))
            first, *other = self._first[place].tolist()
            if first == 0:
                self._first[place] = (rows[i], *pair)
            elif tuple(other) == pair:
                duplicates[i] = first
            elif pair in self._shared:
                duplicates[i] = self._shared[pair]
            else:
                self._shared[pair] = int(rows[i])
        return duplicates
