"""Which columns the input has, and how the user asks for them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from loader.errors import UsageError
from loader.object_types import is_type, normalize_type, suggest_type
from loader.source.cell_rules import PADDING
from loader.text import quote_cell

_INVISIBLE = re.compile(rf"(?!\s)[{PADDING}]")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """How to read the input: its columns, object types and dialect.

    from_column, to_column: names of the ID columns (None: as `loader.source.column_search` finds them).
    from_type_column, to_type_column: names of the type columns (None: from_object_type, to_object_type).
    from_type, to_type: object types if no type column names them; they override the header's.
    delimiter: one character, ``tab`` or ``auto``.
    sheet: the worksheet of a workbook (None: the first).
    allow_empty: an empty ID cell makes the row empty, not invalid (None: depends on the ID column).
    trust_quotes: do not look for rows that a stray quote has swallowed.

    Raises UsageError for an invalid type.
    """

    from_column: str | None = None
    to_column: str | None = None
    from_type_column: str | None = None
    to_type_column: str | None = None
    from_type: str | None = None
    to_type: str | None = None
    delimiter: str = "auto"
    sheet: str | None = None
    allow_empty: bool | None = None
    trust_quotes: bool = False

    def __post_init__(self) -> None:
        for name, option in (("from_type", "--from-type"), ("to_type", "--to-type")):
            if (value := getattr(self, name)) is None:
                continue
            value = normalize_type(value)
            if suggestion := suggest_type(value):
                raise UsageError(
                    f"{option} {quote_cell(value)} is not an object type: did you mean {suggestion}?",
                    f"Use {option} {suggestion}; for a custom object, its type ID such as 2-12345.",
                )
            if not is_type(value):
                raise UsageError(
                    f"{option} {quote_cell(value)} is not an object type",
                    "Use a name like contacts or an ID like 0-1.",
                )
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Side:
    """One side of the pairs: where its IDs and types are.

    side: ``from`` or ``to``.
    column: index of the ID column.
    type_column: index of the type column, or None.
    default_type: the type if there is no type column, or its cell is empty; None if there is no default.
    type_from_header: the default type comes from the header, not from an option.
    several: HubSpot writes several IDs into one cell of this column.
    allow_empty: an empty ID makes the row empty, not invalid.
    """

    side: str
    column: int
    type_column: int | None
    default_type: str | None
    type_from_header: bool = False
    several: bool = False
    allow_empty: bool = False

    @property
    def columns(self) -> tuple[int, ...]:
        """The indices of this side's columns."""
        return (self.column,) if self.type_column is None else (self.column, self.type_column)

    def describe(self, names: tuple[str, ...]) -> str:
        """Which columns were taken, and as what."""
        column = quote_cell(names[self.column].strip())
        default = f"{self.default_type}, from {'the header' if self.type_from_header else self._option}"
        if self.type_column is None:
            how = default
        else:
            how = f"types in {quote_cell(names[self.type_column].strip())}"
            how += f", else {default}" if self.default_type else ""
        return f"{self.side}: {column} ({how}{'; may hold several' if self.several else ''})"

    def arguments(self, names: tuple[str, ...]) -> dict[str, str | bool | None]:
        """The arguments of `Columns` that name this side."""
        return {
            f"{self.side}_column": names[self.column],
            f"{self.side}_type_column": None if self.type_column is None else names[self.type_column],
            f"{self.side}_type": self.default_type,
        }

    @property
    def _option(self) -> str:
        return f"--{self.side}-type"


@dataclass(frozen=True)
class Layout:
    """The input's columns by index, counted from 0.

    names: the header's cells as written.
    delimiter: the character between cells.
    from_side, to_side: where the IDs and types are.
    others: the columns that pass through to the report.
    trust_quotes: as in `Columns`.
    """

    names: tuple[str, ...]
    delimiter: str
    from_side: Side
    to_side: Side
    others: tuple[int, ...]
    trust_quotes: bool = False

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self.names)

    @property
    def other_names(self) -> tuple[str, ...]:
        """The names of the columns that pass through to the report."""
        return tuple(self.names[i] for i in self.others)

    @property
    def keys(self) -> frozenset[int]:
        """The columns of the IDs and types."""
        return frozenset(self.from_side.columns + self.to_side.columns)

    def name(self, column: int) -> str:
        """A column's name, for a message."""
        return self.names[column].strip()

    def describe(self) -> str:
        """Which columns were taken, and as what, on one line."""
        return f"{self.from_side.describe(self.names)} · {self.to_side.describe(self.names)}"


def fold_name(name: str) -> str:
    """A column name to compare: NFC, case-folded, without invisible characters or extra white space."""
    if not name.isascii():
        name = _INVISIBLE.sub("", unicodedata.normalize("NFC", name))
    return " ".join(name.split()).casefold()
