"""HubSpot's object types: names in singular and plural, and IDs. https://developers.hubspot.com/docs/guides/api/crm/understanding-the-crm

The only such table in the program: the loader compares types by it, and the simulator uses it too.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

#: Type ID: singular, plural.
STANDARD_TYPES = {
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

_IDS = {name: type_id for type_id, names in STANDARD_TYPES.items() for name in (*names, type_id)}
_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_]*|[0-9]+-[0-9]+")
_CUSTOM = re.compile(r"2-[0-9]+|p(?:[0-9]+)?_\w+", re.ASCII | re.IGNORECASE)
_GAPS = re.compile(r"[ -]+")


def normalize_type(name: str) -> str:
    """A type as HubSpot expects it: trimmed, with underscores between words (``Line items``: line_items).

    A standard type in several words is lower-cased too; anything else keeps its case.
    """
    name = name.strip()
    if _FORM.fullmatch(name):
        return name
    joined = _GAPS.sub("_", name)
    return joined.lower() if joined.lower() in _IDS else joined


def is_type(name: str) -> bool:
    """Whether `name` has the form of a type's name or ID."""
    return _FORM.fullmatch(name) is not None


@lru_cache(4096)
def canonical_type(name: str) -> str:
    """The name by which types are compared: the ID of a standard type, else the name as written."""
    return _IDS.get(name.lower(), name)


def is_known(name: str) -> bool:
    """Whether `name` is a standard type in any spelling, or has the form of a custom type."""
    return name.lower() in _IDS or _CUSTOM.fullmatch(name) is not None


def suggest_type(name: str) -> str:
    """The standard type that a misspelt name was probably meant to be, in plural; empty if none is near.

    Custom types (``p_pets``, ``2-123``) and correct names get no suggestion.
    """
    if is_known(name):
        return ""
    near = get_close_matches(normalize_type(name).lower(), _IDS, n=1, cutoff=0.75)
    return plural(_IDS[near[0]]) if near else ""


def singular(type_id: str) -> str:
    """The singular name of a canonical type: ``contact``; a custom type as it is written."""
    return STANDARD_TYPES.get(type_id, (type_id, type_id))[0]


def plural(type_id: str) -> str:
    """The plural name of a canonical type: ``contacts``; a custom type as it is written."""
    return STANDARD_TYPES.get(type_id, (type_id, type_id))[1]
