"""HubSpot's object types, and the default association types between them.

Names and IDs are those of HubSpot's page "Using object APIs". The association type IDs that `_DOCUMENTED`
lists are HubSpot's own; HubSpot publishes no list of the others, so the simulator computes stable ones.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from loader.object_types import STANDARD_TYPES, canonical_type

#: A custom type whose records have no default association with anything: the simulator's own invention.
WITHOUT_DEFAULT = frozenset({"2-404", "p_unrelated"})

# from, to: type ID of that direction, type ID of the other
_DOCUMENTED = {
    ("0-1", "0-2"): (279, 280),
    ("0-3", "0-2"): (341, 342),
    ("0-1", "0-3"): (4, 3),
    ("0-5", "0-2"): (339, 340),
    ("0-1", "0-5"): (15, 16),
    ("0-3", "0-5"): (27, 28),
}

_CUSTOM = re.compile(r"2-\d+|p(\d+)?_[a-z][a-z0-9_]*")


class AssociationType(NamedTuple):
    """One type of one direction; `label` is None for the default type."""

    category: str
    type_id: int
    label: str | None = None


class BothWays(NamedTuple):
    """The types of the two directions of one association, each ready to be stored as it stands."""

    forth: tuple[AssociationType]
    back: tuple[AssociationType]


@lru_cache(4096)
def type_id_of(name: str) -> str | None:
    """The canonical form of an object type: its ID, or a custom type's name in lower case.

    Names count in singular and plural and in any case. None: HubSpot would not know the type.
    """
    name = name.lower()
    known = canonical_type(name)
    return known if known in STANDARD_TYPES or _CUSTOM.fullmatch(name) else None


@lru_cache(4096)
def default_types(from_type: str, to_type: str) -> BothWays | None:
    """The default association types between two canonical types; None where they have none."""
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
def label_types(from_type: str, to_type: str, label: str) -> BothWays:
    """The types of a custom label between two canonical types."""
    forth, back = (_stable_id(*ends, label) for ends in ((from_type, to_type), (to_type, from_type)))
    return _both_ways("USER_DEFINED", forth, back, label)


def _both_ways(category: str, forth: int, back: int, label: str | None = None) -> BothWays:
    return BothWays((AssociationType(category, forth, label),), (AssociationType(category, back, label),))


def _stable_id(*names: str) -> int:
    return 1000 + crc32(" ".join(names).encode()) % 1_000_000
