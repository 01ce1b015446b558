"""Pollution of values: every form in which spreadsheets, data frames and people write an ID or a type."""

from __future__ import annotations

from random import Random

from tests.campaigns.dirty_cases import Case, case, kind, line_of, lines_of
from tests.campaigns.dirty_oracle import Exactly, Line
from tests.campaigns.dirty_tables import FROM, FROM_TYPE, TO, TO_TYPE, Row, Table, dialect, table

#: What a cell holds, and the ID that it is (None: it is none). From the contract, section 2.
IDS: tuple[tuple[str, str | None], ...] = (
    ("7", "7"),
    ("007", "7"),
    (" 7 ", "7"),
    ("\u00a07\u2003", "7"),
    ("12\u200b", "12"),
    ("\ufeff12", "12"),
    ("\u202d12\u202c", "12"),
    ("0000000000000000123", "123"),
    ("9223372036854775807", "9223372036854775807"),
    ("123.0", "123"),
    ("123.00", "123"),
    ("0123.0", "123"),
    ("9007199254740992.0", "9007199254740992"),
    ("999999999999999999", "999999999999999999"),
    ("1000000000000000000", "1000000000000000000"),
    ("'123", "123"),
    ('="123"', "123"),
    ('="0123"', "123"),
    ("1.6147805824397E13", "16147805824397"),
    ("1.6147805824397e+13", "16147805824397"),
    ("1.25E2", "125"),
    ("9223372036854775808", None),
    ("9999999999999999999", None),
    ("12345678901234567890", None),
    ("00000000000000000001", None),
    ("9007199254740993.0", None),
    ("9.007199254740993E15", None),
    *((text, None) for text in ("0", "00", "0.0", "-5", "+5", "1.5", "123.", ".0", "123,0", "=123", "''1")),
    *((text, None) for text in ("1.23457E+11", "1e5", "1E5", "1,23457E+11", "1.0E0", "1e400", "1.25E-2")),
    *(
        (text, None)
        for text in ("1,234", "1.234", "1 234", "1'234", "1\u00a0234", "1_000", "7\u2019654", "0x1F")
    ),
    *((text, None) for text in ("\uff11\uff12\uff13", "١٢٣", "²", "१", "1\u200b2", "1\x002", "12\x1b[31m")),
    *((text, None) for text in ("null", "None", "true", "12/13", "../12", "12?a=b", "12#", "%31", '1"2')),
    *((text, None) for text in ("inf", "nan", "NaN", "#REF!", '="12', '12"')),
)

#: What a type cell holds, and whether it is a type.
TYPES: tuple[tuple[str, bool], ...] = (
    *((text, True) for text in ("contacts", "CONTACTS", "Contact", "contact", "0-1", " contacts ")),
    *(
        (text, False)
        for text in ("con tacts", "contacts/1", "../contacts", "0-", "-1", "0-1x", "1contacts", "_x")
    ),
    *(
        (text, False)
        for text in (
            "0\u20131",
            "kontäkte",
            "c;d",
            "contacts\x00",
            "\uff10-\uff11",
            "0-1-2",
            "contacts?",
            "contacts,",
        )
    ),
)

_SAME_CONTACTS = ("contacts", "Contact", "contact", "CONTACTS", "0-1", " contacts")
_SAME_COMPANIES = ("companies", "company", "Company", "COMPANIES", "0-2", "companies ")
_SAME_ID = ("{}", "{}", "0{}", " {}", "{}.0", "000{}")


def _meant(columns: tuple[str, ...], cells: dict[str, str], pair: tuple[str, str, str, str], ok: bool) -> Row:
    return Row(tuple(cells.get(c, "") for c in columns), pair, ok)


@kind
def id_forms(rng: Random) -> Case:
    """One form among well-formed rows, in either column."""
    base = table(rng)
    text, value = rng.choice(IDS)
    hit, column = rng.randrange(len(base.rows)), rng.choice((FROM, TO))
    row = base.rows[hit]
    cells = dict(zip(base.columns, row.cells, strict=True)) | {column: text}
    pair = list(row.pair)
    pair[1 if column == FROM else 3] = value or text
    rows = list(base.rows)
    rows[hit] = _meant(base.columns, cells, (pair[0], pair[1], pair[2], pair[3]), value is not None)
    base = Table(base.columns, tuple(rows), base.dialect)
    return case(base, base.text(), Exactly(lines_of(base)))


@kind
def type_forms(rng: Random) -> Case:
    how = dialect(rng)
    columns = (FROM_TYPE, FROM, TO_TYPE, TO, "note")
    default = rng.choice((None, "contacts"))
    rows = []
    for number, (text, ok) in enumerate(
        [*rng.sample(TYPES, 8), ("", default is not None), ("  ", default is not None)], 1
    ):
        cells = {
            FROM_TYPE: text,
            FROM: str(number),
            TO_TYPE: "companies",
            TO: str(number),
            "note": f"n{number}",
        }
        pair = (text.strip() or default or "", str(number), "companies", str(number))
        rows.append(_meant(columns, cells, pair, ok))
    rng.shuffle(rows)
    base = Table(columns, tuple(rows), how)
    return case(base, base.text(), Exactly(lines_of(base)), **({"from_type": default} if default else {}))


@kind
def duplicates(rng: Random) -> Case:
    """The same few pairs over and over, written in every way; only the first of each is sent."""
    how = dialect(rng)
    columns = (FROM, FROM_TYPE, "note", TO_TYPE, TO)
    expected, lines, seen = [], [], set()
    for number in range(rng.randrange(2, 40)):
        from_id, to_id = str(rng.randrange(1, 4)), str(rng.randrange(1, 4))
        from_type, to_type = rng.choice(_SAME_CONTACTS), rng.choice(_SAME_COMPANIES)
        cells = [
            rng.choice(_SAME_ID).format(from_id),
            from_type,
            f"n{number}",
            to_type,
            rng.choice(_SAME_ID).format(to_id),
        ]
        lines.append(how.record(cells))
        status = "duplicate" if (from_id, to_id) in seen else "pair"
        seen.add((from_id, to_id))
        expected.append(Line(status, (from_type.strip(), from_id, to_type.strip(), to_id), (f"n{number}",)))
    base = Table(columns, (), how)
    return case(base, base.text(records=lines), Exactly(expected))


@kind
def self_pairs(rng: Random) -> Case:
    """A record with itself is invalid, whatever its type is called; the same ID in two types is not."""
    how = dialect(rng)
    columns = (FROM_TYPE, FROM, TO_TYPE, TO)
    rows = []
    for number in range(1, rng.randrange(3, 20)):
        same = rng.random() < 0.5
        to_type = rng.choice(_SAME_CONTACTS if same else _SAME_COMPANIES).strip()
        from_type = rng.choice(_SAME_CONTACTS).strip()
        cells = {
            FROM_TYPE: from_type,
            FROM: str(number),
            TO_TYPE: to_type,
            TO: rng.choice(_SAME_ID).format(number),
        }
        rows.append(_meant(columns, cells, (from_type, str(number), to_type, str(number)), not same))
    base = Table(columns, tuple(rows), how)
    return case(base, base.text(), Exactly(lines_of(base)))


@kind
def wrong_width(rng: Random) -> Case:
    """Too many or too few fields in one row or all, trailing delimiters too: invalid, never shifted."""
    base = table(rng)
    every = rng.random() < 0.4
    d = base.dialect.delimiter
    change = rng.choice(("add last", "add first", "drop last", "drop first", "double"))
    records, expected = [], []
    for row in base.rows:
        cells = list(row.cells)
        if not every and rng.random() < 0.6:
            records.append(base.dialect.record(cells))
            expected.append(line_of(base, row))
            continue
        cells = {
            "add last": [*cells, ""],
            "add first": ["", *cells],
            "drop last": cells[:-1],
            "drop first": cells[1:],
            "double": [*cells, *cells],
        }[change]
        if any("\n" in c or "\r" in c for c in cells) and change != "add last":
            # Several lines where the header has an ID: a broken file.
            cells = [" ".join(c.split()) for c in cells]
        records.append(base.dialect.record(cells))
        expected.append(Line("invalid", ("", "", "", "")))
    if all(not record.strip() for record in records) or (d == "\t" and change == "drop last" and not records):
        return clean(rng)
    return case(base, base.text(records=records), Exactly(expected))


@kind
def blank_lines(rng: Random) -> Case:
    base = table(rng)
    records = [base.header()]
    blanks = [b for b in ("", "", " ", "   ", "\t", "\u00a0", " \t ") if base.dialect.delimiter not in b]
    for record in base.records():
        records += [rng.choice(blanks) for _ in range(rng.choice((0, 0, 1, 3)))]
        records.append(record)
    records += rng.choices(blanks, k=rng.randrange(3))
    lead = base.dialect.line_end * rng.randrange(3)
    end = base.dialect.line_end
    return case(base, lead + end.join(records) + rng.choice((end, "")), Exactly(lines_of(base)))


@kind
def clean(rng: Random) -> Case:
    """No pollution: honest files with notes of several lines, quotes and delimiters in them must load."""
    base = table(rng, bad=rng.choice((0.0, 0.2)))
    return case(base, base.text(), Exactly(lines_of(base)))
