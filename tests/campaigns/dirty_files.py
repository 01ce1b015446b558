"""Pollution of whole files: headers, encodings, size, several tables, reports as input."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from loader.model import OWN_COLUMNS
from tests.campaigns.dirty_cases import Case, case, defaults, kind, lines_of
from tests.campaigns.dirty_oracle import Exactly, Line, Refusal
from tests.campaigns.dirty_tables import FROM, TO, Dialect, Row, Table, dialect, table

_BLOCK = 1 << 19  # people's files are long; programs read them in blocks of some power of two


@kind
def header_forms(rng: Random) -> Case:
    """Spaces, capitals, quotes and a `sep=` line change nothing."""
    base = table(rng)
    header = base.header()
    style = rng.choice(("upper", "spaces", "quotes", "sep", "doubled"))
    expected = lines_of(base)
    if style == "upper":
        header = header.upper()
    elif style == "spaces":
        header = base.dialect.record([f" {c}  " for c in base.columns])
    elif style == "quotes":
        header = replace(base.dialect, always=True).record(list(base.columns))
    elif style == "sep":
        header = f"sep={base.dialect.delimiter}{base.dialect.line_end}{header}"
    else:
        expected = [Line("invalid", ("", "", "", "")), *expected]
        header += base.dialect.line_end + header
    return case(base, base.text(header), Exactly(expected))


@kind
def header_broken(rng: Random) -> Case:
    """No header, none of the columns, an ID column named twice or under another name: nothing may be sent."""
    base = table(rng)
    columns = list(base.columns)
    style = rng.choice(("none", "renamed", "twice", "quote", "empty", "joined"))
    if style == "none":
        return case(base, base.text().split(base.dialect.line_end, 1)[-1], Refusal())
    if style == "renamed":
        columns[columns.index(rng.choice((FROM, TO)))] = rng.choice(
            ("id", "", "from object id", "from_object_id2")
        )
    elif style == "twice":
        columns.insert(rng.randrange(len(columns) + 1), rng.choice((FROM, TO.upper(), f" {TO} ")))
    elif style == "quote":
        return case(base, base.text('"' + base.header().replace('"', "")), Refusal())
    elif style == "empty":
        return case(base, rng.choice(("", "\n", "\r\n\r\n", "   ", "\ufeff", "\n \n")), Refusal())
    else:
        return case(base, base.text(base.header().replace(base.dialect.delimiter, "", 1)), _joined(base))
    return case(base, base.text(base.dialect.record(columns)), Refusal())


def _joined(base: Table) -> Refusal | Exactly:
    """A delimiter missing in the header: refused where that spoils a column that is needed, else every row is
    too wide."""
    needed = {"from_object_id", "to_object_id", "from_object_type", "to_object_type"}
    if needed & set(base.columns[:2]):
        return Refusal()
    # The cells to the left of the IDs and types are now where the header has these.
    spoilt = [i - 1 for i, column in enumerate(base.columns) if column in needed]
    several = any(c in row.cells[i] for row in base.rows for i in spoilt for c in "\r\n")
    return Refusal() if several else Exactly([Line("invalid", ("", "", "", ""))] * len(base.rows))


@kind
def several_tables(rng: Random) -> Case:
    """A second header in the middle: the same again is one bad row; another one, and nothing is sent."""
    one, how = table(rng), rng.choice(("same", "swapped", "wider"))
    other = table(rng, how=one.dialect)
    if how == "same":
        rows = [Line("invalid", ("", "", "", ""))] * (1 + len(one.rows))
        text = one.text() + ("" if one.dialect.last_line_end else one.dialect.line_end) + one.text()
        again = [
            replace(line, status="duplicate") if line.status == "pair" else line for line in lines_of(one)
        ]
        return case(one, text, Exactly([*lines_of(one), rows[0], *again]))
    columns = [{FROM: TO, TO: FROM}.get(c, c) for c in one.columns]
    if how == "wider":
        columns = [*one.columns, "more"]
    second = one.dialect.record(columns)
    end = one.dialect.line_end
    text = one.text().removesuffix(end) + end * rng.randrange(1, 3) + second + end + end.join(other.records())
    return case(one, text, Refusal())


@kind
def encodings(rng: Random) -> Case:
    """Byte-order marks decide, or the person says it; the wrong one ends it or changes notes, never IDs."""
    base = table(rng)
    codec, told = rng.choice(
        (
            ("utf-8", "auto"),
            ("utf-8-sig", "auto"),
            ("utf-16", "auto"),
            ("utf-32", "auto"),
            ("utf-8", "utf-8"),
            ("utf-8-sig", "utf-8"),
            ("utf-16-le", "utf-16-le"),
            ("utf-16-be", "utf-16-be"),
            ("utf-32-be", "UTF-32-BE"),
            ("utf-16", "utf-16"),
            ("gb18030", "gb18030"),
            ("utf-7", "utf-7"),
        )
    )
    made = case(base, base.text(), Exactly(lines_of(base)), encoding=codec)
    return replace(made, options={**made.options, "encoding": told})


@kind
def byte_order_marks(rng: Random) -> Case:
    """Big-endian files with their marks, and marks without a file behind them."""
    base = table(rng)
    mark, codec = rng.choice(
        ((b"\xfe\xff", "utf-16-be"), (b"\0\0\xfe\xff", "utf-32-be"), (b"\xff\xfe", "utf-16-le"))
    )
    if rng.random() < 0.2:
        return Case(mark, Refusal(), options=defaults(base))
    return Case(mark + base.text().encode(codec), Exactly(lines_of(base)), options=defaults(base))


@kind
def encoding_wrong(rng: Random) -> Case:
    """UTF-16 without its mark and without being told, and 8-bit text that is no UTF-8."""
    base = table(rng)
    codec = rng.choice(("utf-16-le", "utf-16-be", "utf-32-le", "cp037"))
    told = rng.choice(("auto", "utf-8", "ascii", "cp1252", "shift_jis", "latin-1"))
    return Case(base.text().encode(codec, "replace"), Refusal(), options={**defaults(base), "encoding": told})


@kind
def encoding_told(rng: Random) -> Case:
    """8-bit and multi-byte text whose encoding the person says."""
    codec, note = rng.choice(
        (
            ("cp1252", "Müller €"),
            ("latin-1", "née"),
            ("shift_jis", "表ソ構"),
            ("big5", "功許"),
            ("cp1251", "Имя"),
        )
    )
    base = table(rng, how=Dialect(rng.choice(",;|")), rows=4)
    rows = [Row(tuple("x" if c not in keys(row) else c for c in row.cells), row.pair) for row in base.rows]
    base = Table((*base.columns, "extra"), tuple(Row((*r.cells, note), r.pair) for r in rows), base.dialect)
    right = case(base, base.text(), Exactly(lines_of(base)), encoding=codec)
    return replace(right, options={**defaults(base), "encoding": codec})


def keys(row: Row) -> tuple[str, ...]:
    """The cells of a row that name its pair."""
    return row.pair


@kind
def block_boundary(rng: Random) -> Case:
    r"""Something delicate where a block of 2^19 bytes ends: half of \r\n, of a character, of a note."""
    how = Dialect(line_end=rng.choice(("\n", "\r\n", "\r")))
    note = rng.choice(("株式会社", "é" * 5, "a\r\nb", 'say ""hi""', "\r", '"', "x,y", "😀😁"))
    columns = (FROM, TO, "note")
    rows = [Row(("1", "2", ""), ("contacts", "1", "companies", "2"))]
    tail = [(str(n), str(n + 1), note) for n in range(10, 16)]
    rows += [Row(cells, ("contacts", cells[0], "companies", cells[1])) for cells in tail]
    base = Table(columns, tuple(rows), how)
    end = len(base.text(records=base.records()[:2]).encode())
    filler = "f" * (_BLOCK - end + rng.randrange(len(how.record(list(tail[0]))) * 2 + 4))
    base = Table(columns, (Row(("1", "2", filler), rows[0].pair), *rows[1:]), how)
    return case(base, base.text(), Exactly(lines_of(base)))


@kind
def giants(rng: Random) -> Case:
    """Cells longer than a block, in a note or where an ID should be, and thousands of columns."""
    style = rng.choice(("note", "quoted note", "id", "columns"))
    how = dialect(rng)
    if style == "columns":
        names = tuple(f"c{n}" for n in range(rng.choice((300, 3000))))
        rows = tuple(Row((*"12", *("x" * len(names))), ("contacts", "1", "companies", "2")) for _ in range(1))
        base = Table((FROM, TO, *names), rows, how)
        return case(base, base.text(), Exactly(lines_of(base)))
    big = "word " * 150_000
    if style == "quoted note":
        big = "two words\n" * 80_000
    good = Row(("1", "2", "n"), ("contacts", "1", "companies", "2"))
    giant = Row(("3", "4", big), ("contacts", "3", "companies", "4"))
    if style == "id":
        giant = Row(("3" * 700_000, "4", ""), ("contacts", "3", "companies", "4"), sendable=False)
    last = Row(("5", "6", ""), ("contacts", "5", "companies", "6"))
    base = Table((FROM, TO, "note"), (good, giant, last), how)
    return case(base, base.text(), Exactly(lines_of(base)))


@kind
def report_as_input(rng: Random) -> Case:
    """A report is loaded again: its result columns are dropped, the input's own stay."""
    others = rng.choice(((), ("note",), ("status", "note"), ("row",)))
    expected, lines = [], []
    how = Dialect()
    for number in range(1, rng.randrange(3, 20)):
        cells = dict.fromkeys(OWN_COLUMNS, "") | {
            "row": str(number),
            "status": rng.choice(("failed", "invalid")),
        }
        pair = ("contacts", str(number), "companies", str(number + 50))
        cells |= dict(zip(OWN_COLUMNS[1:5], pair, strict=True)) | {"error_message": "why, so"}
        rest = tuple(rng.choice(("a", "b,c", "d\ne", "")) for _ in others)
        lines.append(how.record([*cells.values(), *rest]))
        expected.append(Line("pair", pair, rest))
    base = Table((*OWN_COLUMNS, *others), (), how)
    return case(base, base.text(records=lines), Exactly(expected))
