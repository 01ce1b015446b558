"""What an ID and an object type are (contract, section 2), one cell at a time."""

from __future__ import annotations

import re
from typing import NamedTuple

from loader.object_types import is_type, normalize_type, suggest_type

_ID = re.compile(r"[0-9]{1,19}")
_FLOAT_ID = re.compile(r"([0-9]{1,19})\.0")
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}([.,' \u00a0\u202f][0-9]{3})+")

TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
TOO_FEW_FIELDS = "TOO_FEW_FIELDS"

LARGEST_ID = 2**63 - 1
#: From here on a float no longer holds every whole number, so ``….0`` no longer proves which ID it was.
LARGEST_FLOAT_ID = 2**53


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
    text = normalize_type(cell) or (default or "")
    if not text:
        return Fault("MISSING_TYPE", f"{column} is empty, and there is no default type")
    if suggestion := suggest_type(text):
        return Fault("BAD_TYPE", f"{column} {shown(text)} is no object type: did you mean {suggestion}?")
    if is_type(text):
        return text
    return Fault(
        "BAD_TYPE", f"{column} {shown(text)} is no object type: a name like contacts or an ID like 0-1 is"
    )
