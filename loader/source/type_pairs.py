"""The pairs of object types that an input holds: few, so rows carry their index instead of their names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loader.object_types import canonical_type

Numbers = npt.NDArray[np.int64]


class TypePair(NamedTuple):
    """A pair of object types of the input.

    from_type, to_type: as they are sent to HubSpot, in the input's spelling (``contact``, ``0-1``).
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
    """All pairs of types met so far."""

    def __init__(self) -> None:
        self._pairs: list[TypePair] = []
        self._index: dict[tuple[str, str], int] = {}
        self._canonical: dict[tuple[str, str], int] = {}

    def __getitem__(self, index: int) -> TypePair:
        return self._pairs[index]

    def __iter__(self) -> Iterator[TypePair]:
        return iter(self._pairs)

    def of(self, from_type: str, to_type: str) -> int:
        """The index of this pair of types; a new one is added."""
        known = self._index.get((from_type, to_type))
        if known is None:
            known = self._index[from_type, to_type] = len(self._pairs)
            compared = canonical_type(from_type), canonical_type(to_type)
            canonical = self._canonical.setdefault(compared, len(self._canonical))
            self._pairs.append(TypePair(from_type, to_type, *compared, canonical, compared[0] == compared[1]))
        return known

    def reflexive(self) -> npt.NDArray[np.bool_]:
        """For each pair of types, whether both sides are the same type."""
        return np.array([pair.reflexive for pair in self._pairs], dtype=np.bool_)

    def canonical(self) -> Numbers:
        """For each pair of types, the number of its canonical pair."""
        return np.array([pair.canonical for pair in self._pairs], dtype=np.int64)
