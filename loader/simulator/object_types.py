"""HubSpot's object types, and the default association types between them.

Names and IDs are those of HubSpot's page "Using object APIs". The association type IDs that `_DOCUMENTED`
lists are HubSpot's own; HubSpot publishes no list of the others, so the simulator computes stable ones.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

#: A custom type whose records have no default association with anything: the simulator's own invention.
WITHOUT_DEFAULT = frozenset({"2-404", "p_unrelated"})

# type ID: singular, plural
_STANDARD = {
    "0-1": ("contact", "contacts"),
    "0-2": ("company", "companies"),
    "0-3": ("deal", "deals"),
    "0-5": ("ticket", "tickets"),
    "0-7": ("product", "products"),
    "0-8": ("line_item", "line_items"),
    "0-14": ("quote", "quotes"),
    "0-18": ("communication", "communications"),
    "0-19": ("feedback_submission", "feedback_submissions"),
    "0-27": ("task", "tasks"),
    "0-46": ("note", "notes"),
    "0-47": ("meeting", "meetings"),
    "0-48": ("call", "calls"),
    "0-49": ("email", "emails"),
    "0-53": ("invoice", "invoices"),
    "0-54": ("marketing_event", "marketing_events"),
    "0-69": ("subscription", "subscriptions"),
    "0-74": ("goal_target", "goal_targets"),
    "0-84": ("discount", "discounts"),
    "0-85": ("fee", "fees"),
    "0-86": ("tax", "taxes"),
    "0-101": ("payment", "payments"),
    "0-115": ("user", "users"),
    "0-116": ("postal_mail", "postal_mail"),
    "0-123": ("order", "orders"),
    "0-136": ("lead", "leads"),
    "0-142": ("cart", "carts"),
    "0-162": ("service", "services"),
    "0-410": ("course", "courses"),
    "0-420": ("listing", "listings"),
    "0-421": ("appointment", "appointments"),
    "0-970": ("project", "projects"),
}

# from, to: type ID of that direction, type ID of the other
_DOCUMENTED = {
    ("0-1", "0-2"): (279, 280),
    ("0-3", "0-2"): (341, 342),
    ("0-1", "0-3"): (4, 3),
    ("0-5", "0-2"): (339, 340),
    ("0-1", "0-5"): (15, 16),
    ("0-3", "0-5"): (27, 28),
}

_ID_OF_NAME = {name: type_id for type_id, names in _STANDARD.items() for name in (*names, type_id)}
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
    return _ID_OF_NAME.get(name) or (name if _CUSTOM.fullmatch(name) else None)


def singular(type_id: str) -> str:
    """The name that HubSpot's messages give a canonical type: ``contact``, or a custom type as it stands."""
    return _STANDARD.get(type_id, (type_id,))[0]


def plural(type_id: str) -> str:
    """The name that HubSpot's scopes give a canonical type: ``contacts``, or ``custom``."""
    return _STANDARD.get(type_id, ("custom", "custom"))[1]


@lru_cache(4096)
def default_types(from_type: str, to_type: str) -> BothWays | None:
    """The default association types between two canonical types; None where they have none."""
    if from_type in WITHOUT_DEFAULT or to_type in WITHOUT_DEFAULT:
        return None
    if ids := _DOCUMENTED.get((from_type, to_type)):
        return _both_ways("HUBSPOT_DEFINED", *ids)
    if ids := _DOCUMENTED.get((to_type, from_type)):
        return _both_ways("HUBSPOT_DEFINED", ids[1], ids[0])
    standard = from_type in _STANDARD and to_type in _STANDARD
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
