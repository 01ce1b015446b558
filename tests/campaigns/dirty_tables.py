"""Tables of ID pairs that are known cell by cell, and their CSV text, before anything happens to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

FROM, TO, FROM_TYPE, TO_TYPE = "from_object_id", "to_object_id", "from_object_type", "to_object_type"

_WORDS = (
    "alpha",
    "Beta",
    "gamma-3",
    "née Müller",
    "株式会社",
    "NaN",
    "null",
    "=1+1",
    "True",
    "1e5",
    "a\\b",
    "x y",
)


@dataclass(frozen=True)
class Dialect:
    """How cells become text. `always` puts quotes around every cell."""

    delimiter: str = ","
    line_end: str = "\n"
    always: bool = False
    last_line_end: bool = True

    def record(self, cells: list[str]) -> str:
        """One record's text without its line end."""
        return self.delimiter.join(map(self._cell, cells))

    def _cell(self, cell: str) -> str:
        special = any(c in cell for c in ('"', "\r", "\n", self.delimiter))
        return '"' + cell.replace('"', '""') + '"' if special or self.always else cell


@dataclass(frozen=True)
class Row:
    """One record that was meant: its pair (empty IDs and types mean that it can't be sent) and all cells."""

    cells: tuple[str, ...]
    pair: tuple[str, str, str, str]
    sendable: bool = True


@dataclass(frozen=True)
class Table:
    """A header, its rows, and how they are written; types that no column gives come from the options."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    dialect: Dialect

    def header(self) -> str:
        return self.dialect.record(list(self.columns))

    def records(self) -> list[str]:
        """Each record's text without its line end."""
        return [self.dialect.record(list(row.cells)) for row in self.rows]

    def text(self, header: str | None = None, records: list[str] | None = None) -> str:
        """The file, with another header or other records where they are given."""
        lines = [
            self.header() if header is None else header,
            *(self.records() if records is None else records),
        ]
        end = self.dialect.line_end
        return end.join(lines) + (end if self.dialect.last_line_end else "")

    def first_lines(self) -> list[int]:
        """The physical line on which each record begins; one more entry for the line behind the last."""
        lines, at = [], 1 + line_count(self.header())
        for record in self.records():
            lines.append(at)
            at += line_count(record)
        return [*lines, at]

    @property
    def others(self) -> list[int]:
        """The columns that pass through to the report."""
        return [i for i, c in enumerate(self.columns) if c not in (FROM, TO, FROM_TYPE, TO_TYPE)]


def line_count(record: str) -> int:
    """How many physical lines one record's text takes."""
    return 1 + record.count("\n") + record.count("\r") - record.count("\r\n")


def word(rng: Random, dialect: Dialect) -> str:
    """The text of a note: never a line that could be taken for a row of its own."""
    text = rng.choice(_WORDS)
    kind = rng.randrange(8)
    if kind == 0:
        return ""
    if kind == 1:
        return f"{text}{dialect.delimiter}{rng.choice(_WORDS)}"
    if kind == 2:
        return f'{text} "quoted" {rng.choice(_WORDS)}'
    if kind == 3:
        end = "\r\n" if dialect.line_end == "\r\n" else "\n"
        # No delimiter in the last line: where the opening quote is lost, that line and what follows it could
        # read as a well-formed row with other types, without a trace.
        lines = [rng.choice(("Dear Sir", "many thanks")), rng.choice(("", "yours, A", 'the "b" part'))]
        return end.join([*lines, rng.choice(("", "A", "best wishes", 'the "b"'))]) + "!"
    return text


def dialect(rng: Random) -> Dialect:
    """Some way to write CSV that the loader must read without being told."""
    return Dialect(
        delimiter=rng.choice(",,,;\t|"),
        line_end=rng.choice(("\n", "\n", "\r\n", "\r")),
        always=rng.random() < 0.2,
        last_line_end=rng.random() < 0.8,
    )


def table(rng: Random, *, rows: int | None = None, how: Dialect | None = None, bad: float = 0.0) -> Table:
    """A well-formed file: no pair twice, notes in any place, with or without columns for the types.

    `bad` is the share of rows that can't be sent (an ID is missing).
    """
    how = how or dialect(rng)
    types = rng.random() < 0.4
    columns = [FROM, TO, *((FROM_TYPE, TO_TYPE) if types else ())]
    if rng.random() < 0.3:
        rng.shuffle(columns)
    for name in rng.choice(((), ("note",), ("note",), ("note", "Name"), ("Name", "note", "z"))):
        columns.insert(rng.randrange(len(columns) + 1), name)
    made = []
    for number in range(rng.randrange(1, 25) if rows is None else rows):
        pair = "contacts", str(10_000 + number * 7), "companies", str(500_000 + number * 3)
        sendable = rng.random() >= bad
        if not sendable:
            pair = pair[0], *rng.choice(((pair[1], pair[2], ""), ("", pair[2], pair[3])))
        keys = dict(zip((FROM_TYPE, FROM, TO_TYPE, TO), pair, strict=True))
        cells = tuple(keys[c] if c in keys else word(rng, how) for c in columns)
        made.append(Row(cells, pair, sendable))
    return Table(tuple(columns), tuple(made), how)


def with_rows(base: Table, rows: list[Row]) -> Table:
    """The same table with other rows."""
    return replace(base, rows=tuple(rows))
