"""What an ID and an object type are (contract, section 2), one cell at a time."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from loader.object_types import is_type, normalize_type, suggest_type
from loader.text import quote_cell

#: White space and Unicode's default-ignorable code points: both are ignored around an ID, and around a name.
#: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
PADDING = (
    r"\t\n\x0b-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
_AROUND = re.compile(rf"[{PADDING}]*+(.*?)[{PADDING}]*", re.DOTALL)

_TEXT = re.compile(r'="([^"]*)"')
_LONGEST = 19
_DIGITS = re.compile(r"[0-9]{1,19}")
_DECIMAL = re.compile(r"([0-9]{1,19})\.0+")
_SCIENTIFIC = re.compile(r"([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,2})")
_SHORTENED = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
# Groups that can backtrack are never possessive: before 3.11.5, Python matched wrongly (gh-106052).
#: A column of cells, one per line; a cell that is not an ordinary ID gives the empty string.
_PAD = "[" + PADDING.replace(r"\n", "") + "]*+"
_NUMBER = r"(?=[0-9]{1,19}(?![0-9]))0*+([1-9][0-9]{0,18}+)(?:\.0+)?"
_COLUMN = re.compile(rf"(?m)^(?:{_PAD}'?+{_NUMBER}{_PAD}|.*+)$")
#: The same with ``="123"``, whose closing quote the look-ahead demands; else there is no quote at all.
_WRAPPED_COLUMN = re.compile(
    rf"""(?m)^(?:{_PAD}(?:="(?=[^"\n]*"{_PAD}$)|(?=[^"\n]*$)'?+){_PAD}{_NUMBER}{_PAD}"?{_PAD}|.*+)$"""
)
#: The number of digits after the point must equal the exponent; the lengths of most IDs are tried first.
_POWERS = "|".join(
    rf"[0-9]{{{n}}}(?=[eE]\+?0?{n}(?![0-9]))" for n in (10, 11, 9, 12, 13, *range(8, 0, -1), 14, 15)
)
_SCIENTIFIC_COLUMN = re.compile(
    rf"(?m)^(?:{_PAD}([0-9](?:[.,](?:{_POWERS})|(?=[eE]\+?00?(?![0-9]))))[eE]\+?[0-9]{{1,2}}{_PAD}|.*+)$"
)
_GROUPED = re.compile("[0-9]{1,3}([.,'_ \u00a0\u2009\u2019\u202f][0-9]{3})+")

TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
TOO_FEW_FIELDS = "TOO_FEW_FIELDS"
EMPTY = "EMPTY"

LARGEST_ID = 2**63 - 1
#: A float holds every whole number up to this one exactly, so ``….0`` still identifies the ID.
LARGEST_FLOAT_ID = 2**53


class Fault(NamedTuple):
    """Why a row can't be sent: a word for the report's `error_category`, and a sentence."""

    category: str
    message: str


def trim(cell: str) -> str:
    """The cell without the white space and the invisible characters around its text."""
    if cell.isascii():
        return cell.strip()
    match = _AROUND.fullmatch(cell)
    assert match is not None  # the pattern matches every text
    return match[1]


def split_ids(cell: str) -> list[str]:
    """The IDs of a cell as written, at least one; HubSpot exports several as ``201;202``."""
    if ";" not in cell:
        return [cell]
    pieces = unwrap(cell).split(";")
    return [piece for piece in pieces if piece.isdigit() or trim(piece)] or [""]


def judge_id(cell: str, column: str) -> int | Fault:
    """Read one ID: a number from 1 to 2^63-1, or why it is not one. `column` is the column's name."""
    text = unwrap(cell)
    if not text:
        return Fault("MISSING_ID", f"{column} is empty")
    if _DIGITS.fullmatch(text):
        number = int(text)
        if 1 <= number <= LARGEST_ID:
            return number
        return Fault("ID_OUT_OF_RANGE", f"{column} {text} is not an ID: IDs go from 1 to {LARGEST_ID}")
    number = _whole(text)
    if 1 <= number <= LARGEST_FLOAT_ID:
        return number
    if number or _DECIMAL.fullmatch(text):
        return Fault(
            "ID_OUT_OF_RANGE",
            f"{column} {text} was written as a decimal number, which holds whole IDs from 1 to 2^53 only: "
            "export the column as text",
        )
    return _no_id(text, cell, column)


def unwrap(cell: str) -> str:
    """The trimmed cell without the notation that forces a spreadsheet to keep text: ``="1"`` or ``'1``."""
    text = trim(cell)
    if match := _TEXT.fullmatch(text):
        return trim(match[1])
    return text.removeprefix("'")


def _whole(text: str) -> int:
    """A whole number that was written as a float with all its digits, ``123.00`` or ``1.23E2``; else 0."""
    if match := _DECIMAL.fullmatch(text):
        return int(match[1])
    if match := _SCIENTIFIC.fullmatch(text):
        digits = match[1] + (match[2] or "")
        return int(digits) if len(digits) == int(match[3]) + 1 else 0
    return 0


def _no_id(text: str, cell: str, column: str) -> Fault:
    if _SHORTENED.fullmatch(text):
        return Fault(
            "DESTROYED_ID",
            f"{column}: Excel shortened this ID ({text}); its digits are lost. "
            "Export the records again and keep the column as text",
        )
    if text.isascii() and text.isdigit():
        return Fault(
            "ID_OUT_OF_RANGE", f"{column} {quote_cell(text)} has {len(text)} digits; an ID has at most 19"
        )
    if _GROUPED.fullmatch(text):
        why = "it has thousands separators"
    elif digit := next((c for c in text if c.isdigit() and not c.isascii()), None):
        why = f"it is written with {unicodedata.name(digit)}; use the digits 0 to 9"
    elif text.startswith('"') and cell[:1].isspace():
        why = "there is a space before the quotation mark"
    elif '"' in text:
        why = "there is a stray quotation mark"
    elif hidden := next((c for c in text if c != " " and not (c.isprintable() and trim(c))), None):
        why = f"it holds an invisible character (U+{ord(hidden):04X})"
    else:
        why = "an ID is 1 to 19 digits"
    return Fault("BAD_ID", f"{column} {quote_cell(text)} is not an ID: {why}")


def judge_type(cell: str, default: str | None, column: str) -> str | Fault:
    """Read one object-type cell: the type to send to HubSpot, or why it is not one.

    `default` (from an option or the header) replaces an empty cell.
    """
    text = normalize_type(trim(cell)) or (default or "")
    if not text:
        return Fault("MISSING_TYPE", f"{column} is empty, and there is no default type")
    if suggestion := suggest_type(text):
        return Fault(
            "BAD_TYPE", f"{column} {quote_cell(text)} is not an object type: did you mean {suggestion}?"
        )
    if is_type(text):
        return text
    return Fault(
        "BAD_TYPE",
        f"{column} {quote_cell(text)} is not an object type: use a name like contacts or an ID like 0-1",
    )


def read_ids(cells: list[str]) -> npt.NDArray[np.int64]:
    """Read a column of cells at once: each ID as `judge_id` reads it, or 0 if it must read the cell."""
    if (digits := "".join(cells)).isdigit() and digits.isascii() and all(cells):
        found, column = [digits if len(digits) <= _LONGEST else "" for digits in cells], ""
    else:
        column = "\n".join(cells)
        if column.count("\n") != len(cells) - 1:  # a line end in a cell is white space
            cells = [cell.replace("\n", " ") for cell in cells]
            column = "\n".join(cells)
        found = (_WRAPPED_COLUMN if '="' in column else _COLUMN).findall(column)
    ids = _numbers(found)
    ids[ids > (LARGEST_FLOAT_ID if "." in column else LARGEST_ID)] = 0
    if ("E" in column or "e" in column) and not ids.all():
        exact = _numbers(_SCIENTIFIC_COLUMN.findall(column))
        ids = np.where((ids == 0) & (exact <= LARGEST_FLOAT_ID), exact, ids)
    return ids.astype(np.int64)


def _numbers(texts: list[str]) -> npt.NDArray[np.uint64]:
    """Digits as numbers, without decimal points and commas; an empty string is 0."""
    if "" in texts:
        texts = [digits or "0" for digits in texts]
    column = "\n".join(texts).replace(".", "").replace(",", "")
    return np.fromstring(column, dtype=np.uint64, sep="\n")  # nineteen digits can exceed int64
