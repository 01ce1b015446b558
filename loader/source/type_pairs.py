"""The pairs of object types that an input holds: few, so rows carry their index instead of their names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loader.object_types import canonical_type

Numbers = npt.NDArray[np.int64]


class TypePair(NamedTuple):
    """A pair of object types of the input.

    from_type, to_type: as HubSpot is to be told them, in the input's spelling (``contact``, ``0-1``).
    from_canonical, to_canonical: as they are compared, the type ID of a standard type (``0-1``).
    canonical: the number of this canonical pair among those of the input, from 0.
    reflexive: both sides are the same type.
    """

    from_type: str
    to_type: str
    from_canonical: str
    to_canonical: str
    canonical: int
    reflexive: bool


class TypePairs:
    """All type_pairs met so far, in the order of their first row."""

    def __init__(self) -> None:
        self._pairs: list[TypePair] = []
        self._index: dict[tuple[str, str], int] = {}
        self._canonical: dict[tuple[str, str], int] = {}

    def __getitem__(self, index: int) -> TypePair:
        return self._pairs[index]

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[TypePair]:
        return iter(self._pairs)

    def of(self, from_type: str, to_type: str) -> int:
        """The index of this pair of types, which becomes known by asking."""
        known = self._index.get((from_type, to_type))
        if known is None:
            known = self._index[from_type, to_type] = len(self._pairs)
            compared = canonical_type(from_type), canonical_type(to_type)
            canonical = self._canonical.setdefault(compared, len(self._canonical))
            self._pairs.append(TypePair(from_type, to_type, *compared, canonical, compared[0] == compared[1]))
        return known

    def indices(
        self, from_types: tuple[Numbers, Sequence[str]], to_types: tuple[Numbers, Sequence[str]]
    ) -> Numbers:
        """The indices for many rows, each side given as codes and the names they stand for."""
        (from_codes, from_names), (to_codes, to_names) = from_types, to_types
        if len(from_codes) and len(from_names) == len(to_names) == 1:  # as nearly everywhere
            return np.full(len(from_codes), self.of(from_names[0], to_names[0]), dtype=np.int64)
        used, inverse = np.unique(from_codes * len(to_names) + to_codes, return_inverse=True)
        type_pairs = [
            self.of(from_names[u // len(to_names)], to_names[u % len(to_names)]) for u in used.tolist()
        ]
        return np.array(type_pairs, dtype=np.int64)[inverse]

    def reflexive(self) -> npt.NDArray[np.bool_]:
        """For each kind, whether both sides are the same type."""
        return np.array([kind.reflexive for kind in self._pairs], dtype=np.bool_)

    def canonical(self) -> Numbers:
        """For each kind, the index of what it compares as."""
        return np.array([kind.canonical for kind in self._pairs], dtype=np.int64)
