"""Association types between two object types: HubSpot's documented IDs, and stable invented ones."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from loader.object_types import STANDARD_TYPES, canonical_type

#: Custom types that have no default association with any other type (an invention of the simulator).
WITHOUT_DEFAULT = frozenset({"2-404", "p_unrelated"})

#: (from type, to type): type ID in that direction, type ID in the other.
_DOCUMENTED = {
    ("0-1", "0-2"): (279, 280),
    ("0-3", "0-2"): (341, 342),
    ("0-1", "0-3"): (4, 3),
    ("0-5", "0-2"): (339, 340),
    ("0-1", "0-5"): (15, 16),
    ("0-3", "0-5"): (27, 28),
}

_CUSTOM = re.compile(r"2-\d+|p(\d+)?_[a-z][a-z0-9_]*")


class AssociationSpec(NamedTuple):
    """One association type in one direction.

    category: ``HUBSPOT_DEFINED``, ``USER_DEFINED``, ``INTEGRATOR_DEFINED`` or ``WORK``.
    type_id: HubSpot's number of the type.
    label: None for the default type.
    """

    category: str
    type_id: int
    label: str | None = None


class BothWays(NamedTuple):
    """The types of an association in its two directions, each a one-element tuple, stored as it is."""

    forth: tuple[AssociationSpec]
    back: tuple[AssociationSpec]


class Ends(NamedTuple):
    """The two records of an association in one direction; the types are canonical (`type_id_of`)."""

    from_type: str
    from_id: str
    to_type: str
    to_id: str


@lru_cache(4096)
def type_id_of(name: str) -> str | None:
    """The canonical form of an object type: its ID, or a custom type's name in lower case.

    Takes singular and plural names in any case. None if HubSpot does not know the type.
    """
    name = name.lower()
    known = canonical_type(name)
    return known if known in STANDARD_TYPES or _CUSTOM.fullmatch(name) else None


@lru_cache(4096)
def default_types(from_type: str, to_type: str) -> BothWays | None:
    """The default association types between two canonical types; None if they have none."""
    if from_type in WITHOUT_DEFAULT or to_type in WITHOUT_DEFAULT:
        return None
    if ids := _DOCUMENTED.get((from_type, to_type)):
        return _both_ways("HUBSPOT_DEFINED", *ids)
    if ids := _DOCUMENTED.get((to_type, from_type)):
        return _both_ways("HUBSPOT_DEFINED", ids[1], ids[0])
    standard = from_type in STANDARD_TYPES and to_type in STANDARD_TYPES
    category = "HUBSPOT_DEFINED" if standard else "USER_DEFINED"
    return _both_ways(category, _stable_id(from_type, to_type), _stable_id(to_type, from_type))


@lru_cache(4096)
def label_types(from_type: str, to_type: str, label: str, category: str = "USER_DEFINED") -> BothWays:
    """The types of a label between two canonical types."""
    forth, back = (_stable_id(*ends, label) for ends in ((from_type, to_type), (to_type, from_type)))
    return _both_ways(category, forth, back, label)


def _both_ways(category: str, forth: int, back: int, label: str | None = None) -> BothWays:
    return BothWays((AssociationSpec(category, forth, label),), (AssociationSpec(category, back, label),))


def _stable_id(*names: str) -> int:
    return 1000 + crc32(" ".join(names).encode()) % 1_000_000
