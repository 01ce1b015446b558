"""Pollution of single characters: delimiters, quotes, escapes, line ends, bytes; in one record or two."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tests.campaigns.dirty_cases import Case, case, defaults, kind, line_of, lines_of
from tests.campaigns.dirty_oracle import Exactly, Refusal, Spared
from tests.campaigns.dirty_tables import Table, line_count, table

_STRAY = (
    '"',
    '"',
    '"',
    '""',
    "'",
    "\\",
    '\\"',
    ",",
    ";",
    "\t",
    "|",
    "\0",
    "\ufeff",
    " ",
    "\x1a",
    "\x0b",
    "\u2028",
    "\x85",
)


def _spared(base: Table, hit: set[int], *, least: int | None = None) -> Spared:
    first = base.first_lines()
    return Spared(
        untouched=[line_of(base, row) for i, row in enumerate(base.rows) if i not in hit],
        pairs=frozenset(row.pair for row in base.rows),
        # Of two records without IDs that a pair of quotes has joined, it can't be told that they were two.
        damaged=least if least is not None else len(hit) if all(base.rows[i].sendable for i in hit) else 1,
        lines=range(first[min(hit)], first[max(hit) + 1] + 1),
    )


def _insert(text: str, at: int, what: str) -> str:
    return text[:at] + what + text[at:]


@kind
def stray_character(rng: Random) -> Case:
    base = table(rng, bad=rng.choice((0.0, 0.3)))
    records, hit = base.records(), rng.randrange(len(base.rows))
    at, what = rng.randrange(len(records[hit]) + 1), rng.choice(_STRAY)
    if what == ";" and records[hit][max(0, at - 1) : at + 1].isdigit():
        what = ":"  # a semicolon would make two IDs of one
    records[hit] = _insert(records[hit], at, what)
    return case(base, base.text(records=records), _spared(base, {hit}))


@kind
def stray_quotes_on_two_lines(rng: Random) -> Case:
    base = table(rng, rows=rng.randrange(2, 12), bad=rng.choice((0.0, 0.0, 0.3)))
    records = base.records()
    one, other = sorted(rng.sample(range(len(records)), 2))
    for hit in (one, other):
        cells = records[hit].split(base.dialect.delimiter)
        cell = rng.randrange(len(cells))
        cells[cell] = rng.choice(('"{}', '{}"', '"{}', '{}"', '{}""', '""{}')).format(cells[cell])
        records[hit] = base.dialect.delimiter.join(cells)
    return case(base, base.text(records=records), _spared(base, {one, other}))


@kind
def unclosed_quote(rng: Random) -> Case:
    base = table(rng, how=None, bad=0.1)
    records, hit = base.records(), rng.randrange(len(base.rows))
    cells = records[hit].split(base.dialect.delimiter)
    cell = rng.randrange(len(cells))
    cells[cell] = '"' + cells[cell]
    records[hit] = base.dialect.delimiter.join(cells)
    return case(base, base.text(records=records), _spared(base, {hit}))


@kind
def character_missing(rng: Random) -> Case:
    base = table(rng, bad=rng.choice((0.0, 0.3)))
    records, hit = base.records(), rng.randrange(len(base.rows))
    places = [i for i, c in enumerate(records[hit]) if not c.isalnum()]
    if places:
        at = rng.choice(places)
        records[hit] = records[hit][:at] + records[hit][at + 1 :]
    return case(base, base.text(records=records), _spared(base, {hit}))


@kind
def delimiter_changed(rng: Random) -> Case:
    """In one record, or in all from some record on, or one delimiter of one record."""
    base = table(rng, bad=0.1)
    records = base.records()
    first = rng.randrange(len(records))
    last = first + 1 if rng.random() < 0.5 else len(records)
    count = rng.choice((-1, 1))
    new = rng.choice([d for d in (",", ";", "\t", "|", " ", ":", "") if d != base.dialect.delimiter])
    if new == "" and count == -1:
        new = "::"
    for i in range(first, last):
        records[i] = records[i].replace(base.dialect.delimiter, new, count)
    return case(base, base.text(records=records), _spared(base, set(range(first, last))))


@kind
def line_end_inside(rng: Random) -> Case:
    """A record broken in two, anywhere but inside a number (that would make another, well-formed record)."""
    base = table(rng)
    records, hit = base.records(), rng.randrange(len(base.rows))
    text = records[hit]
    places = [
        i for i in range(len(text) + 1) if not (text[i - 1 : i].isalnum() and text[i : i + 1].isalnum())
    ]
    records[hit] = _insert(text, rng.choice(places), rng.choice(("\n", "\r\n", "\r")))
    return case(base, base.text(records=records), _spared(base, {hit}))


@kind
def line_end_missing(rng: Random) -> Case:
    base = table(rng, rows=rng.randrange(2, 15))
    records, hit = base.records(), rng.randrange(len(base.rows) - 1)
    merged = [*records[:hit], records[hit] + records[hit + 1], *records[hit + 2 :]]
    return case(base, base.text(records=merged), _spared(base, {hit, hit + 1}, least=1))


@kind
def line_ends_mixed(rng: Random) -> Case:
    base = table(rng)
    ends = [rng.choice(("\n", "\r\n", "\r")) for _ in range(len(base.rows) + 1)]
    lines = [base.header(), *base.records()]
    text = "".join(line + end for line, end in zip(lines, ends, strict=True))
    return case(base, text, Exactly(lines_of(base)))


@kind
def cut_off(rng: Random) -> Case:
    """The file ends somewhere in its last record, but not inside a number."""
    base = table(rng)
    records = base.records()
    last = records[-1]
    at = rng.choice(
        [i for i in range(1, len(last) + 1) if not last[i - 1 : i + 1].isalnum() or i == len(last)]
    )
    records[-1] = last[:at]
    base = replace(base, dialect=replace(base.dialect, last_line_end=False))
    hit = {len(records) - 1}
    rest = last[:at].strip(f'{base.dialect.delimiter} "\n\r')
    return case(base, base.text(records=records), _spared(base, hit, least=1 if rest else 0))


@kind
def undecodable_bytes(rng: Random) -> Case:
    base = table(rng)
    records, hit = base.records(), rng.randrange(len(base.rows))
    at = rng.randrange(len(records[hit]) + 1)
    wrong = rng.choice(
        (b"\xff", b"\xc3(", b"\xfe\xff", b"\xe9 ", b"\xed\xa0\x80", b"\x80\x81", b"\xf8\x88\x80")
    )
    records[hit] = _insert(records[hit], at, "\ue000")
    data = base.text(records=records).encode().replace("\ue000".encode(), wrong)
    line = base.first_lines()[hit] + line_count(records[hit][:at]) - 1
    # A quote inserted nowhere: only the bytes are wrong, so the line is known to the letter.
    return Case(data, Refusal(range(line, line + 1)), options=defaults(base))
