"""What an ID and an object type are (contract, section 2), one cell at a time."""

from __future__ import annotations

import re
from typing import NamedTuple

_ID = re.compile(r"[0-9]{1,19}")
_FLOAT_ID = re.compile(r"([0-9]{1,19})\.0")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}([.,' \u00a0\u202f][0-9]{3})+")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*|[0-9]+-[0-9]+")

TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
TOO_FEW_FIELDS = "TOO_FEW_FIELDS"

LARGEST_ID = 2**63 - 1
#: From here on a float no longer holds every whole number, so ``….0`` no longer proves which ID it was.
LARGEST_FLOAT_ID = 2**53

#: HubSpot's own object types by ID, singular and plural (HubSpot's page "Understanding the CRM APIs").
_OWN_TYPES = {
    "0-1": ("contact", "contacts"),
    "0-2": ("company", "companies"),
    "0-3": ("deal", "deals"),
    "0-5": ("ticket", "tickets"),
    "0-7": ("product", "products"),
    "0-8": ("line_item", "line_items"),
    "0-14": ("quote", "quotes"),
    "0-18": ("communication", "communications"),
    "0-27": ("task", "tasks"),
    "0-46": ("note", "notes"),
    "0-47": ("meeting", "meetings"),
    "0-48": ("call", "calls"),
    "0-49": ("email", "emails"),
    "0-53": ("invoice", "invoices"),
    "0-123": ("order", "orders"),
    "0-136": ("lead", "leads"),
    "0-142": ("cart", "carts"),
}
_TYPE_IDS = {name: type_id for type_id, names in _OWN_TYPES.items() for name in names}


class Fault(NamedTuple):
    """Why a row can't be sent: a word for the report's `error_category`, and a sentence."""

    category: str
    message: str


def shown(value: str, longest: int = 40) -> str:
    """A cell as a message may show it: quoted, on one line, without control characters, cut if long."""
    cut = value if len(value) <= longest else value[: longest - 1] + "…"
    plain = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in cut)
    return f"'{plain}'"


def judge_id(cell: str, column: str) -> int | Fault:
    """Read one ID cell: the ID as a number from 1 to 2^63-1, or why it is none.

    `column` is the header's name for it, for the message.
    """
    text = cell.strip()
    if not text:
        return Fault("MISSING_ID", f"{column} is empty")
    if _ID.fullmatch(text):
        number = int(text)
        if 1 <= number <= LARGEST_ID:
            return number
        return Fault("ID_OUT_OF_RANGE", f"{column} {text} is no ID: IDs go from 1 to {LARGEST_ID}")
    if match := _FLOAT_ID.fullmatch(text):
        number = int(match[1])
        if 1 <= number <= LARGEST_FLOAT_ID:
            return number
        return Fault(
            "ID_OUT_OF_RANGE",
            f"{column} {text} was written as a decimal number, which holds whole IDs from 1 to 2^53 only: "
            "export the column as text",
        )
    return _no_id(text, column)


def _no_id(text: str, column: str) -> Fault:
    if _SCIENTIFIC.fullmatch(text):
        return Fault(
            "DESTROYED_ID",
            f"{column} {shown(text)}: a spreadsheet has destroyed this ID; its last digits are lost. "
            "Export the records again and keep the column as text",
        )
    if text.isascii() and text.isdigit():
        return Fault(
            "ID_OUT_OF_RANGE", f"{column} {shown(text)} has {len(text)} digits; an ID has at most 19"
        )
    if _GROUPED.fullmatch(text):
        why = "it has thousands separators"
    elif '"' in text:
        why = "there is a stray quotation mark"
    elif hidden := next((c for c in text if not c.isprintable()), None):
        why = f"it holds an invisible character (U+{ord(hidden):04X})"
    else:
        why = "an ID is 1 to 19 digits"
    return Fault("BAD_ID", f"{column} {shown(text)} is no ID: {why}")


def judge_type(cell: str, default: str | None, column: str) -> str | Fault:
    """Read one object-type cell: the type as HubSpot is to be told, or why it is none.

    `default` (from ``--from-type`` or ``--to-type``) stands in for an empty cell.
    """
    text = cell.strip() or (default or "")
    if not text:
        return Fault("MISSING_TYPE", f"{column} is empty, and there is no default type")
    if _TYPE.fullmatch(text):
        return text
    return Fault(
        "BAD_TYPE", f"{column} {shown(text)} is no object type: a name like contacts or an ID like 0-1 is"
    )


def is_type(text: str) -> bool:
    """Whether `text` has the form of an object type's name or ID."""
    return _TYPE.fullmatch(text) is not None


def canonical_type(name: str) -> str:
    """The one name under which a type is compared: HubSpot's own by ID, any other by its small letters."""
    folded = name.lower()
    return _TYPE_IDS.get(folded, folded)
