"""Finding the ID columns by name: options, the loader's own names, HubSpot's own (contract, section 2).

HubSpot's names are those of its exports. Any other name must be given by an option.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from loader.model import OWN_COLUMNS
from loader.object_types import STANDARD_TYPES, canonical_type, normalize_type, plural
from loader.source.columns import Columns, Side, fold_name
from loader.text import quote_cell

_RECORD = re.compile(r"record id")
_RECORD_OF = re.compile(r"record id - (.+)")
#: The full list is preferred to the primary one, so the order matters.
_ASSOCIATED = (
    re.compile(r"associated (.+) ids"),
    re.compile(r"associated (.+) ids \(primary\)"),
    re.compile(r"primary associated (.+) id"),
)

#: The end of a text that is a folded name of an ID column, of the loader or of HubSpot.
ID_NAME = re.compile(
    r"(?:(?:from|to)_object_id|record id(?: - [^\d,;]+)?"
    r"|(?:primary )?associated [^\d,;]+ ids?(?: \(primary\))?)$"
)

SideName = Literal["from", "to"]


@dataclass
class Found:
    """The result of a search.

    from_side, to_side: None if its ID column was not found.
    problems: everything that is wrong or missing, in words.
    missing: the arguments of `Columns` that would fill the gaps.
    """

    from_side: Side | None = None
    to_side: Side | None = None
    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def find_columns(names: Sequence[str], columns: Columns, *, workbook: bool = False) -> Found:
    """Find the columns of both sides by the names in a header."""
    return _Search(names, columns, workbook).found


def is_report(names: Sequence[str]) -> bool:
    """Whether a header is that of a report: it begins with all of the report's own columns."""
    return tuple(map(fold_name, names[: len(OWN_COLUMNS)])) == OWN_COLUMNS


def type_in_name(name: str) -> str | None:
    """The object type in the name of a HubSpot column, in lower case: ``company``; None if there is none."""
    folded = fold_name(name)
    for pattern in (_RECORD_OF, *_ASSOCIATED):
        if match := pattern.fullmatch(folded):
            return match[1]
    return None


class _Search:
    def __init__(self, names: Sequence[str], columns: Columns, workbook: bool) -> None:
        self._shown = names
        self._names = [fold_name(name) for name in names]
        if is_report(names):  # later columns of these names come from the input
            self._names = self._names[: len(OWN_COLUMNS)]
        self._columns = columns
        self._workbook = workbook
        self.found = Found()
        from_id, to_id = self._id_columns()
        self.found.from_side = self._side("from", from_id)
        self.found.to_side = self._side("to", to_id)
        self._refuse_shared(from_id, to_id)

    def _option(self, side: SideName, what: str) -> str | None:
        option: str | None = getattr(self._columns, f"{side}_{what}")
        return option

    def _problem(self, problem: str, *missing: str) -> None:
        self.found.problems.append(problem)
        self.found.missing += missing

    def _id_columns(self) -> tuple[int | None, int | None]:
        from_id, to_id = self._by_name("from", "column", "id"), self._by_name("to", "column", "id")
        if from_id is None or to_id is None:
            from_id, to_id = self._hubspot(from_id, to_id)
        for side, column in (("from", from_id), ("to", to_id)):
            if column is None and f"{side}_column" not in self.found.missing:
                self._problem(f"there is no column '{side}_object_id'", f"{side}_column")
        return from_id, to_id

    def _by_name(self, side: SideName, what: str, own: str) -> int | None:
        """The column that an option names, or else the one with the loader's own name."""
        named = self._option(side, what)
        wanted = named or f"{side}_object_{own}"
        folded = fold_name(wanted)
        places = [i for i, name in enumerate(self._names) if name == folded]
        if len(places) > 1:
            numbers = ", ".join(str(i + 1) for i in places)
            option = f"--{side}-{what.replace('_', '-')}"
            self._problem(
                f"the column {quote_cell(wanted)} is there {len(places)} times (columns {numbers}): "
                f"rename or remove all but one, or name another column with {option}",
                f"{side}_{what}",
            )
        elif not places and named:
            self._problem(f"there is no column {quote_cell(wanted)}", f"{side}_{what}")
        return places[0] if places else None

    def _hubspot(self, from_id: int | None, to_id: int | None) -> tuple[int | None, int | None]:
        """The ID columns of a HubSpot export with one line per pair, or one line per record.

        If several fit, that is a problem, and the first ones are returned.
        """
        free = {"from": from_id is None and "from_column" not in self.found.missing}
        free["to"] = to_id is None and "to_column" not in self.found.missing
        records = {i: m[1] for i, name in enumerate(self._names) if (m := _RECORD_OF.fullmatch(name))}
        pairs = [
            (one, other)
            for one in (records if free["from"] else [from_id])
            for other in (records if free["to"] else [to_id])
            if one in records and other in records and one != other
            if self._matches("from", records[one]) and self._matches("to", records[other])
        ]
        pairs = [pair for pair in pairs if pair[0] < pair[1]] or pairs
        if len(pairs) == 1:
            return pairs[0]
        if pairs:
            from_ids, to_ids = {one for one, _ in pairs}, {other for _, other in pairs}
            unclear: dict[SideName, set[int]] = {"from": from_ids, "to": to_ids}
            self._ambiguous({side: places for side, places in unclear.items() if len(places) > 1})
            return min(pairs)
        if free["from"]:
            places = [i for i, name in enumerate(self._names) if _RECORD.fullmatch(name)]
            from_id = places[0] if len(places) == 1 else None
        if free["to"]:
            to_id = self._associated()
        return from_id, to_id

    def _associated(self) -> int | None:
        best: dict[str, int] = {}
        for pattern in _ASSOCIATED:
            for i, name in enumerate(self._names):
                if (match := pattern.fullmatch(name)) and self._matches("to", match[1]):
                    best.setdefault(match[1], i)
        if len(best) > 1:
            self._ambiguous({"to": set(best.values())})
        elif not best and any(pattern.fullmatch(name) for pattern in _ASSOCIATED for name in self._names):
            self._problem(f"no 'Associated … IDs' column is of {self._columns.to_type}", "to_column")
        return min(best.values(), default=None)

    def _ambiguous(self, sides: Mapping[SideName, set[int]]) -> None:
        places = set().union(*sides.values())
        *shown, last = (quote_cell(self._shown[i].strip()) for i in sorted(places))
        options = " and ".join(f"--{side}-type" for side in sides)
        problem = f"the IDs may be those in {', '.join(shown)} or {last}: choose with {options}"
        self._problem(problem, *(f"{side}_column" for side in sides))

    def _matches(self, side: SideName, type_name: str) -> bool:
        """Whether a type in HubSpot's words may be the one that the option names."""
        wanted = self._option(side, "type")
        if wanted is None:
            return True
        named = canonical_type(normalize_type(type_name))
        if named not in STANDARD_TYPES:  # a custom object by its label, which does not tell its ID
            return canonical_type(wanted) not in STANDARD_TYPES
        return named == canonical_type(wanted)

    def _side(self, side: SideName, column: int | None) -> Side | None:
        type_column = self._by_name(side, "type_column", "type")
        option = self._option(side, "type")
        name = self._names[column] if column is not None else ""
        in_header = canonical_type(normalize_type(type_in_name(name) or ""))
        header_type = plural(in_header) if in_header in STANDARD_TYPES else None
        default = option or header_type
        if type_column is None and default is None and f"{side}_type_column" not in self.found.missing:
            self._problem(f"nothing says of which object type the {side}-IDs are", f"{side}_type")
        if column is None:
            return None
        associated = any(pattern.fullmatch(name) for pattern in _ASSOCIATED)
        allow = self._columns.allow_empty
        return Side(
            side,
            column,
            type_column,
            default,
            type_from_header=option is None,
            several=_ASSOCIATED[0].fullmatch(name) is not None,
            allow_empty=allow if allow is not None else associated and not self._workbook,
        )

    def _refuse_shared(self, from_id: int | None, to_id: int | None) -> None:
        sides = [side for side in (self.found.from_side, self.found.to_side) if side is not None]
        taken = [column for side in sides for column in side.columns]
        for column in sorted({column for column in taken if taken.count(column) > 1}):
            self._problem(
                f"the column {quote_cell(self._shown[column].strip())} can't be two things at once: give "
                "--from-column, --to-column, --from-type-column and --to-type-column different names"
            )
