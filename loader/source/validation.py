"""Verdicts: whether the pair of a report line can be sent, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from loader.source.cell_rules import (
    EMPTY,
    TOO_FEW_FIELDS,
    TOO_MANY_FIELDS,
    Fault,
    judge_id,
    judge_type,
    trim,
    unwrap,
)
from loader.source.columns import Layout, Side
from loader.source.type_pairs import TypePairs

#: Pairs of type cells to cache; a file has a handful.
_MOST_TYPES = 10_000


class PairIds(NamedTuple):
    """The IDs of a pair that can be sent."""

    from_id: int
    to_id: int


class RowJudge:
    """Judges the rows of one input by the rules of the contract (section 2), cell by cell."""

    def __init__(self, layout: Layout, type_pairs: TypePairs) -> None:
        self._layout = layout
        self._type_pairs = type_pairs
        self._types: dict[tuple[str, str], int | Fault] = {}
        self._from_name = layout.name(layout.from_side.column)
        self._to_name = layout.name(layout.to_side.column)

    def judge(self, cells: Sequence[str], from_cell: str, to_cell: str) -> PairIds | Fault | None:
        """The IDs of a report line, or why there is no pair to send, or None for a row of empty cells.

        `cells` are the whole row, `from_cell` and `to_cell` its IDs, or one each of several.
        """
        layout = self._layout
        if len(cells) != layout.width:
            return self._wrong_width(cells) if any(map(trim, cells)) else None
        from_empty, to_empty = not unwrap(from_cell), not unwrap(to_cell)
        if from_empty or to_empty:
            if from_empty and to_empty and not any(map(trim, cells)):
                return None
            return self._missing(from_empty, to_empty)
        if ";" in from_cell and ";" in to_cell:
            why = f"{self._from_name} and {self._to_name} both hold several IDs: which belong together?"
            return Fault("SEVERAL_IDS", why)
        from_id = judge_id(from_cell, self._from_name)
        if isinstance(from_id, Fault):
            return from_id
        to_id = judge_id(to_cell, self._to_name)
        if isinstance(to_id, Fault):
            return to_id
        types = self.types(cells)
        if isinstance(types, Fault):
            return types
        if from_id == to_id and self._type_pairs[types].reflexive:
            why = f"both sides are record {from_id}: a record can't be associated with itself"
            return Fault("SELF_PAIR", why)
        return PairIds(from_id, to_id)

    def types(self, cells: Sequence[str]) -> int | Fault:
        """The index of a row's pair of object types, or why it has none."""
        from_column, to_column = self._layout.from_side.type_column, self._layout.to_side.type_column
        return self.types_of(
            "" if from_column is None else cells[from_column], "" if to_column is None else cells[to_column]
        )

    def types_of(self, from_cell: str, to_cell: str) -> int | Fault:
        """As `types`, from the two type cells; a cell is empty if there is no such column."""
        if (known := self._types.get((from_cell, to_cell))) is None:
            if len(self._types) >= _MOST_TYPES:
                self._types.clear()
            known = self._types[from_cell, to_cell] = self._judge_types(from_cell, to_cell)
        return known

    def _judge_types(self, from_cell: str, to_cell: str) -> int | Fault:
        from_type = self._type(from_cell, self._layout.from_side)
        if isinstance(from_type, Fault):
            return from_type
        to_type = self._type(to_cell, self._layout.to_side)
        return to_type if isinstance(to_type, Fault) else self._type_pairs.of(from_type, to_type)

    def _type(self, cell: str, side: Side) -> str | Fault:
        name = "" if side.type_column is None else self._layout.name(side.type_column)
        return judge_type(cell, side.default_type, name)

    def _missing(self, from_empty: bool, to_empty: bool) -> Fault:
        sides = ((self._layout.from_side, from_empty), (self._layout.to_side, to_empty))
        names = [(side, self._layout.name(side.column)) for side, is_empty in sides if is_empty]
        for side, name in names:
            if side.allow_empty:
                return Fault(EMPTY, f"{name} is empty: there is nothing to associate")
        return Fault("MISSING_ID", f"{names[0][1]} is empty")

    def _wrong_width(self, cells: Sequence[str]) -> Fault:
        layout = self._layout
        category = TOO_MANY_FIELDS if len(cells) > layout.width else TOO_FEW_FIELDS
        count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        message = f"the row has {count}, the header has {layout.width}"
        if len(cells) == 1 and layout.delimiter and layout.delimiter in cells[0]:
            message += ": the whole line is in quotes"
        elif any(cell[:1].isspace() and cell.lstrip().startswith('"') for cell in cells):
            message += ": there is a space before a quotation mark"
        return Fault(category, message)
