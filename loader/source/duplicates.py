"""Finding duplicate pairs with eight bytes of memory per row.

The first reading keeps a 64-bit key of each pair, sorts them and keeps those that occur more than once. The
second reading looks only at pairs with such a key, and compares the pairs themselves: if the keys of two
different pairs collide, both are sent.
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
    """The distinct keys that occur more than once, sorted, and how many pairs repeat an earlier one.

    Sorts `keys` (type code ``Q``) in place. The memory of one large array returns to the system when it is
    freed; an array for each chunk would leave holes.
    """
    together = np.frombuffer(keys, dtype=np.uint64)
    together.sort()
    again = together[1:] == together[:-1]
    return np.unique(together[1:][again]), int(np.count_nonzero(again))


class FirstRows:
    """Remembers, for each repeated key, the first row that had it. Rows must be passed in file order."""

    def __init__(self, repeated: Keys) -> None:
        self._repeated = repeated
        # row, from ID, to ID and canonical types of the first pair with each key; row 0 means none yet
        self._first = np.zeros((len(repeated), 4), dtype=np.int64)
        self._shared: dict[tuple[int, ...], int] = {}

    def first_rows(
        self, rows: Numbers, from_ids: Numbers, to_ids: Numbers, canonical: Numbers
    ) -> dict[int, int]:
        """Which of these pairs repeat an earlier one: their index here, and the row of the first."""
        if not len(self._repeated):
            return {}
        keys = pair_keys(from_ids, to_ids, canonical)
        places = np.searchsorted(self._repeated, keys)
        places[places == len(self._repeated)] = 0
        candidates = np.flatnonzero(self._repeated[places] == keys)
        places = places[candidates]
        pairs = np.column_stack((rows, from_ids, to_ids, canonical))[candidates]
        used, begins = np.unique(places, return_index=True)
        new = self._first[used, 0] == 0
        self._first[used[new]] = pairs[begins[new]]
        firsts = self._first[places]
        is_new = np.zeros(len(candidates), dtype=np.bool_)
        is_new[begins[new]] = True
        same = (firsts[:, 1:] == pairs[:, 1:]).all(axis=1)
        chosen = same & ~is_new
        duplicates = dict(zip(candidates[chosen].tolist(), firsts[chosen, 0].tolist(), strict=True))
        for i in np.flatnonzero(~same).tolist():  # a different pair with the same key
            row, *pair = pairs[i].tolist()
            if (known := tuple(pair)) in self._shared:
                duplicates[int(candidates[i])] = self._shared[known]
            else:
                self._shared[known] = row
        return duplicates
