"""Which column is which: delimiter and header of the input, decided once before anything else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from loader.errors import InputError, UsageError
from loader.model import OWN_COLUMNS, RESULT_COLUMNS
from loader.object_types import is_type, suggest_type
from loader.source.cell_rules import judge_id, shown
from loader.source.decoding import line_ends
from loader.source.scanner import Record, RecordScanner
from loader.source.stray_quotes import swallowed_by_header

_CANDIDATES = (",", ";", "\t", "|")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(frozen=True, kw_only=True)
class Columns:
    """How to read the input: its columns, object types and dialect.

    allow_empty: an empty ID cell makes the row empty, not invalid (None: as the columns suggest).
    trust_quotes: do not look for rows that a stray quote has swallowed.
    sheet: the worksheet of a workbook (None: the first).
    """

    from_column: str | None = None
    to_column: str | None = None
    from_type_column: str | None = None
    to_type_column: str | None = None
    from_type: str | None = None
    to_type: str | None = None
    delimiter: str = "auto"
    allow_empty: bool | None = None
    trust_quotes: bool = False
    sheet: str | None = None

    def __post_init__(self) -> None:
        for option, value in (("--from-type", self.from_type), ("--to-type", self.to_type)):
            if value is not None and (suggestion := suggest_type(value)):
                raise UsageError(
                    f"{option} {shown(value)} is no object type: did you mean {suggestion}?",
                    f"Use {option} {suggestion}; for a custom object, its type ID such as 2-12345.",
                )
            if value is not None and not is_type(value):
                raise UsageError(
                    f"{option} {shown(value)} is no object type",
                    "Say a name like contacts or an ID like 0-1.",
                )


@dataclass(frozen=True)
class Layout:
    """The input's columns by index, counted from 0.

    `others` are the columns that pass through to the report. `status` and `error_category` are the report's
    own columns where the input is itself a report, else None. `names` are the header's cells as they stand.
    """

    delimiter: str
    names: tuple[str, ...]
    from_id: int
    to_id: int
    from_type: int | None
    to_type: int | None
    default_from_type: str | None
    default_to_type: str | None
    others: tuple[int, ...]
    status: int | None
    error_category: int | None

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def other_names(self) -> tuple[str, ...]:
        return tuple(self.names[i] for i in self.others)

    @property
    def description(self) -> str:
        """Which columns were taken, and as what, in words for the first output line."""
        from_side = self._told("from", self.from_id, self.from_type, self.default_from_type)
        return f"{from_side} · {self._told('to', self.to_id, self.to_type, self.default_to_type)}"

    def _told(self, side: str, column: int, types: int | None, default: str | None) -> str:
        name = f"{side}: {shown(self.names[column].strip())}"
        if types is None:
            return f"{name} ({default}, from --{side}-type)"
        otherwise = f", else {default}" if default else ""
        return f"{name} (types in {shown(self.names[types].strip())}{otherwise})"

    @property
    def reading(self) -> dict[str, str | bool | None]:
        """How to read the columns in the same way again, by the names of `Columns`."""
        return {
            "from_column": self.names[self.from_id],
            "to_column": self.names[self.to_id],
            "from_type_column": None if self.from_type is None else self.names[self.from_type],
            "to_type_column": None if self.to_type is None else self.names[self.to_type],
            "from_type": self.default_from_type,
            "to_type": self.default_to_type,
            "delimiter": self.delimiter,
            "allow_empty": None,
            "trust_quotes": False,
        }

    @property
    def keys(self) -> frozenset[int]:
        """The columns in which a line end means a broken file: IDs and types."""
        return frozenset(i for i in (self.from_id, self.to_id, self.from_type, self.to_type) if i is not None)


def read_delimiter(text: str) -> str:
    """The delimiter that an option means: one character, ``tab``, or ``auto``. Raises UsageError."""
    if text.lower() == "auto":
        return "auto"
    if text.lower() in ("tab", r"\t"):
        return "\t"
    if len(text) != 1 or text.isalnum() or text in '"\r\n\0-_.' or (text.isspace() and text not in "\t "):
        raise UsageError(
            f"--delimiter {shown(text)} can't separate cells",
            "Say one character such as , ; or |, or tab, or auto.",
        )
    return text


def read_header(text: str, columns: Columns, name: str) -> tuple[Layout, int]:
    """Find the delimiter and the columns in the first record of `text`.

    Returns the layout and where the first data row begins. Raises InputError, naming the columns that
    were found and the options that map them, or where a stray quote in it has swallowed rows.
    """
    delimiter, begin = _spreadsheet_hint(text, read_delimiter(columns.delimiter))
    if not text[begin:].strip():
        raise InputError(f"{name} is empty: there is no header", "The first line must name the columns.")
    candidates = _CANDIDATES if delimiter == "auto" else (delimiter,)
    starts = {d: _behind_blank_lines(text, begin, d) for d in candidates}
    headers = [(d, h) for d, at in starts.items() if (h := RecordScanner(d).record(text, at)) is not None]
    if not headers:
        line = line_ends(text[: max(starts.values())]) + 1
        raise InputError(
            f"{name}, line {line}: a quote opens in the header and never closes",
            "Remove the stray quotation mark.",
            line=line,
        )
    # The delimiter is the one under which the ID columns appear; failing that, the one with most columns.
    delimiter, header = max(headers, key=lambda found: (_fits(found[1], columns), len(found[1].cells)))
    start = starts[delimiter]
    line = line_ends(text[:start]) + 1
    layout = _layout(delimiter, header, columns, name, line)
    if header.multiline and (suspicion := swallowed_by_header(header, text[start : header.end], layout)):
        what = f"{name}, line {line}: a quoted column name {suspicion.why}"
        raise InputError(what, suspicion.hint, line=line)
    return layout, header.end


def _spreadsheet_hint(text: str, delimiter: str) -> tuple[str, int]:
    """The delimiter, which Excel's own first line ``sep=;`` may name, and where what is below it begins."""
    start = _behind_blank_lines(text, 0, "")
    end = start + len("sep=;")
    if text[start:end].lower().startswith("sep=") and text[end : end + 1] in ("\r", "\n"):
        return (text[end - 1 : end] if delimiter == "auto" else delimiter), end
    return delimiter, 0


def _behind_blank_lines(text: str, start: int, delimiter: str) -> int:
    """Where the first line begins that is not blank: that holds more than white space, or a delimiter."""
    line = re.compile(r"([^\S\r\n]*+)(?:\r\n|\r|\n)")
    while (blank := line.match(text, start)) and not (delimiter and delimiter in blank[1]):
        start = blank.end()
    return start


def _folded(name: str) -> str:
    return name.strip().casefold()


def _is_report(header: Record) -> bool:
    names = [_folded(cell) for cell in header.cells]
    return tuple(names[: len(OWN_COLUMNS)]) == OWN_COLUMNS or all(
        names.count(own) == 1 for own in OWN_COLUMNS
    )


def _fits(header: Record, columns: Columns) -> bool:
    names = [_folded(cell) for cell in header.cells]
    wanted = (columns.from_column or "from_object_id", columns.to_column or "to_object_id")
    return _is_report(header) or all(_folded(name) in names for name in wanted)


def _layout(delimiter: str, header: Record, columns: Columns, name: str, line: int) -> Layout:
    names = tuple(header.cells)
    is_report = _is_report(header)

    def find(wanted: str, option: str, required: bool) -> int | None:
        places = [i for i, found in enumerate(names) if _folded(found) == _folded(wanted)]
        if is_report and places:
            return places[0]  # further columns of that name are the first input's own and pass through
        if len(places) > 1:
            raise InputError(
                f"{name}, line {line}: the column {shown(wanted)} stands there {len(places)} times "
                f"(columns {', '.join(str(i + 1) for i in places)})",
                f"Rename or remove all but one, or name another column with {option}.",
                line=line,
            )
        if not places and required:
            raise _missing(wanted, option, names, header, delimiter, name, line)
        return places[0] if places else None

    from_id = find(columns.from_column or "from_object_id", "--from-column", True)
    to_id = find(columns.to_column or "to_object_id", "--to-column", True)
    from_type = find(
        columns.from_type_column or "from_object_type", "--from-type-column", bool(columns.from_type_column)
    )
    to_type = find(
        columns.to_type_column or "to_object_type", "--to-type-column", bool(columns.to_type_column)
    )
    assert from_id is not None  # it was required
    assert to_id is not None
    _no_column_twice((from_id, to_id, from_type, to_type), names, name, line)
    for type_column, default, side in (
        (from_type, columns.from_type, "from"),
        (to_type, columns.to_type, "to"),
    ):
        if type_column is None and default is None:
            raise InputError(
                f"{name} has no column {side}_object_type, so nothing says of which type the {side}-IDs are",
                f"Say it with --{side}-type (for example --{side}-type contacts), or name the column "
                f"with --{side}-type-column. The columns found: {_listed(names)}.",
                line=line,
            )
    results: dict[str, int] = {}
    if is_report:
        results = {own: next(i for i, n in enumerate(names) if _folded(n) == own) for own in RESULT_COLUMNS}
    used = {from_id, to_id, from_type, to_type, *results.values()}
    return Layout(
        delimiter=delimiter,
        names=names,
        from_id=from_id,
        to_id=to_id,
        from_type=from_type,
        to_type=to_type,
        default_from_type=columns.from_type,
        default_to_type=columns.to_type,
        others=tuple(i for i in range(len(names)) if i not in used),
        status=results.get("status"),
        error_category=results.get("error_category"),
    )


def _no_column_twice(used: tuple[int | None, ...], names: tuple[str, ...], name: str, line: int) -> None:
    indices = [i for i in used if i is not None]
    for i in indices:
        if indices.count(i) > 1:
            raise InputError(
                f"{name}, line {line}: the column {shown(names[i])} can't be two things at once",
                "Give --from-column, --to-column, --from-type-column and --to-type-column different names.",
                line=line,
            )


def _missing(
    wanted: str, option: str, names: tuple[str, ...], header: Record, delimiter: str, name: str, line: int
) -> InputError:
    if all(isinstance(judge_id(cell, ""), int) for cell in header.cells[:2]):
        return InputError(
            f"{name}, line {line}: there is no header; the first line holds data ({_listed(names)})",
            "Put a line with the column names above it, such as from_object_id,to_object_id.",
            line=line,
        )
    hint = f"Name the right one with {option}."
    if "\0" in "".join(header.cells):
        hint = "The file looks like UTF-16 without a byte-order mark: try --encoding utf-16-le."
    separated = _NAMES.get(delimiter, shown(delimiter))
    return InputError(
        f"{name}, line {line}: there is no column {shown(wanted)}. The columns found "
        f"(separated by {separated}): {_listed(names)}",
        hint,
        line=line,
    )


def _listed(names: tuple[str, ...], most: int = 20) -> str:
    text = ", ".join(shown(n) for n in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"
