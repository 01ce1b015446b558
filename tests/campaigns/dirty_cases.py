"""A polluted file with what must come of it, and the catalogue that the kinds of pollution are entered in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.campaigns.dirty_oracle import Expectation, Line
from tests.campaigns.dirty_tables import FROM_TYPE, Row, Table


@dataclass(frozen=True)
class Case:
    """One file to read: its bytes, the end of its name, options beyond the defaults, what must come of it."""

    data: bytes
    expected: Expectation
    suffix: str = ".csv"
    options: Mapping[str, Any] = field(default_factory=dict)


Kind = Callable[[Random], Case]
KINDS: dict[str, Kind] = {}


def kind(make: Kind) -> Kind:
    """Enter a kind of pollution into the catalogue under its function's name."""
    KINDS[make.__name__] = make
    return make


def defaults(base: Table) -> dict[str, Any]:
    """The options that a table needs: types where it has no columns for them."""
    return {} if FROM_TYPE in base.columns else {"from_type": "contacts", "to_type": "companies"}


def line_of(base: Table, row: Row) -> Line:
    """What an undamaged row must become."""
    rest = tuple(row.cells[i] for i in base.others)
    return Line("pair" if row.sendable else "invalid", row.pair, rest)


def lines_of(base: Table) -> list[Line]:
    """What an undamaged table must become."""
    return [line_of(base, row) for row in base.rows]


def case(base: Table, text: str, expected: Expectation, *, encoding: str = "utf-8", **options: Any) -> Case:
    """A case from text, with the options that the table needs."""
    return Case(text.encode(encoding), expected, options={**defaults(base), **options})
