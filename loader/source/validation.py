"""One record into a verdict: the two IDs and the kind of a row that can be sent, or why it can't."""

from __future__ import annotations

from loader.csvtext import encode_cells
from loader.model import OWN_COLUMNS, Pair, Status
from loader.source.cell_rules import TOO_FEW_FIELDS, TOO_MANY_FIELDS, Fault, judge_id, judge_type
from loader.source.header import Layout
from loader.source.scanner import Record
from loader.source.type_pairs import TypePairs

_MEND = "mend the row in the original input"
#: Rows of a report whose cells are not those of the row that it reports on: `raw_pair` had to fit them.
_FITTED = {
    TOO_MANY_FIELDS: f"the original row had too many fields and was cut to the header's width here: {_MEND}",
    TOO_FEW_FIELDS: f"the original row had too few fields and was padded to the header's width here: {_MEND}",
}


class RowJudge:
    """Judges the records of one input by the rules of the contract (section 2), cell by cell."""

    def __init__(self, layout: Layout, type_pairs: TypePairs) -> None:
        self._layout = layout
        self._kinds = type_pairs
        self._header = [name.strip().casefold() for name in layout.names]

    def judge(self, record: Record) -> tuple[int, int, int] | Fault:
        """The row's from-ID, to-ID and kind, or the first thing that is wrong with it."""
        layout, cells = self._layout, record.cells
        if len(cells) != layout.width:
            category = TOO_MANY_FIELDS if len(cells) > layout.width else TOO_FEW_FIELDS
            fields = "1 field" if len(cells) == 1 else f"{len(cells)} fields"
            return Fault(category, f"the row has {fields}, the header has {layout.width}")
        if fault := self._fitted(cells):
            return fault
        from_id = judge_id(cells[layout.from_id], self._column(layout.from_id))
        if isinstance(from_id, Fault):
            return from_id
        to_id = judge_id(cells[layout.to_id], self._column(layout.to_id))
        if isinstance(to_id, Fault):
            return to_id
        from_type = self._type(cells, layout.from_type, layout.default_from_type)
        if isinstance(from_type, Fault):
            return from_type
        to_type = self._type(cells, layout.to_type, layout.default_to_type)
        if isinstance(to_type, Fault):
            return to_type
        kind = self._kinds.of(from_type, to_type)
        if from_id == to_id and self._kinds[kind].reflexive:
            return self_pair(from_id)
        return from_id, to_id, kind

    def begins_another_table(self, record: Record) -> bool:
        """Whether a record that can't be sent is a header whose columns stand elsewhere than the first one's.

        The rows below it may have the right number of fields and an ID in each place, only not the ID that
        the first header promises. The same header again is harmless: a row that can't be sent. So is one that
        a report quotes among its rows: only a report's own header begins another report.
        """
        layout = self._layout
        cells = [cell.strip().casefold() for cell in record.cells]
        names = {self._header[layout.from_id], self._header[layout.to_id]}
        if layout.status is not None:
            names.update(OWN_COLUMNS)
        if not names.issubset(cells):
            return False
        if len(cells) != layout.width and _named(cells) != _named(self._header):
            return True
        return any(cells[i : i + 1] != self._header[i : i + 1] for i in layout.keys)

    def raw_pair(self, row: int, cells: list[str], *, with_rest: bool) -> Pair:
        """A row that can't be sent, with its cells untouched; what is missing is empty."""
        layout = self._layout
        cells = cells + [""] * (layout.width - len(cells))
        from_type = (cells[layout.from_type] if layout.from_type is not None else "").strip()
        to_type = (cells[layout.to_type] if layout.to_type is not None else "").strip()
        return Pair(
            row,
            from_type or layout.default_from_type or "",
            cells[layout.from_id],
            to_type or layout.default_to_type or "",
            cells[layout.to_id],
            self.rest(cells) if with_rest else "",
        )

    def rest(self, cells: list[str]) -> str:
        """The other columns as the report is to hold them."""
        return encode_cells([cells[i] for i in self._layout.others])

    def _fitted(self, cells: list[str]) -> Fault | None:
        """The fault of a row whose cells, so its report says, were cut or padded: no ID there is sure."""
        layout = self._layout
        if layout.status is None or layout.error_category is None:
            return None
        if cells[layout.status].strip().lower() != Status.INVALID:
            return None
        category = cells[layout.error_category].strip()
        return Fault(category, _FITTED[category]) if category in _FITTED else None

    def _type(self, cells: list[str], column: int | None, default: str | None) -> str | Fault:
        if column is None:
            return judge_type("", default, "")
        return judge_type(cells[column], default, self._column(column))

    def _column(self, index: int) -> str:
        return self._layout.names[index].strip()


def _named(header: list[str]) -> int:
    """How many columns a header names: a delimiter at its end, as some exports have, adds none."""
    return max((i for i, name in enumerate(header, 1) if name), default=0)


def self_pair(record_id: int) -> Fault:
    """The fault of a record that is paired with itself."""
    return Fault("SELF_PAIR", f"both sides are record {record_id}: a record can't be associated with itself")
