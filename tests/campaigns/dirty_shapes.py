"""The shapes of real files: joined, with holes, several IDs in a cell, exports, workbooks, zip archives."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace
from random import Random
from typing import Literal

from tests.campaigns.dirty_cases import Case, case, defaults, kind, lines_of
from tests.campaigns.dirty_oracle import Exactly, Line, Refusal, Spared
from tests.campaigns.dirty_tables import FROM, FROM_TYPE, TO, TO_TYPE, Row, Table, line_count, table
from tests.support.workbook import Failure, Formula, Value, workbook

_NOBODY = ("", "", "", "")


@kind
def joined_files(rng: Random) -> Case:
    """Two files one after the other: the same header again is one bad row, another one is refused."""
    one = table(rng)
    how, end = one.dialect, one.dialect.line_end
    keys = [one.columns.index(name) for name in (FROM, TO)]
    more = []
    for row in one.rows:
        cells = [f"{cell}1" if i in keys else cell for i, cell in enumerate(row.cells)]
        more.append(Row(tuple(cells), (row.pair[0], cells[keys[0]], row.pair[2], cells[keys[1]])))
    columns, same = list(one.columns), rng.random() < 0.4
    if not same:
        columns = [{FROM: TO, TO: FROM}.get(name, name) for name in columns]
    pollute = rng.choice(("{}", "\ufeff{}", "\u00a0{}", "{}\u200b", " {} ", "\ufeff{}\u00a0"))
    header = [pollute.format(columns[0]), *columns[1:]]
    glued = rng.random() < 0.4
    text = one.text().removesuffix(end) + ("" if glued else end * rng.randrange(1, 3))
    last = line_count(text)
    first = last - (line_count(one.records()[-1]) - 1 if glued else 0)
    text += how.record(header) + end + "".join(how.record(list(row.cells)) + end for row in more)
    if not same:
        return case(one, text, Refusal(range(first, last + 1)))
    pairs = frozenset(row.pair for row in (*one.rows, *more))
    untouched = lines_of(one)[:-1] if glued else lines_of(one)
    return case(one, text, Spared(untouched, pairs, 1))


@kind
def holes(rng: Random) -> Case:
    """Two and more bytes that were never written: NUL."""
    base = table(rng, rows=rng.choice((5, 40, 400)))
    data = bytearray(base.text().encode())
    begin = rng.randrange(len(base.header().encode()) + 1, len(data) - 2)
    length = min(len(data) - begin, rng.choice((2, 3, 8, 100, 4096)))
    data[begin : begin + length] = b"\0" * length
    line = line_count(bytes(data[:begin]).decode(errors="replace"))
    return Case(bytes(data), Refusal(range(line, line + 1)), options=defaults(base))


@kind
def several_ids(rng: Random) -> Case:
    """Several IDs in the cells of one side, as HubSpot exports them, good and bad and empty ones."""
    base = table(rng, rows=0)
    how, side = base.dialect, rng.choice((FROM, TO))
    forms = ("{}", "{}", "{}", " {}", "0{}", "{}.0")
    seen: set[tuple[str, str]] = set()
    lines, rows, records = [], [], []
    for number in range(1, rng.randrange(2, 30)):
        single = str(1000 + rng.randrange(5))
        ids = [str(rng.randrange(70, 80)) for _ in range(rng.randrange(1, 6))]
        pieces = [rng.choice(("x", "5.1E+10", "")) if rng.random() < 0.15 else one for one in ids]
        written = [rng.choice(forms).format(one) if one.isdigit() else one for one in pieces]
        cell = ";".join(written) + rng.choice(("", "", ";"))
        cells = {FROM_TYPE: "contacts", TO_TYPE: "companies", FROM: single, TO: single} | {side: cell}
        rest = tuple(f"n{number}" for name in base.columns if name not in cells)
        records.append(how.record([cells.get(name, f"n{number}") for name in base.columns]))
        for one in [one for one in pieces if one] or [""]:
            pair = (
                ("contacts", one, "companies", single)
                if side == FROM
                else ("contacts", single, "companies", one)
            )
            status = "invalid" if not one.isdigit() else "duplicate" if (single, one) in seen else "pair"
            seen |= {(single, one)} if one.isdigit() else set()
            lines.append(Line(status, pair, rest))
            rows.append(number)
    return case(base, base.text(records=records), Exactly(lines, rows))


@kind
def hubspot_exports(rng: Random) -> Case:
    """An export with one line per record: columns found in the header, empty cells, notes of many lines."""
    kinds = [("Company", "companies"), ("Deal", "deals"), ("Line item", "line_items"), ("Ticket", "tickets")]
    label, to_type = rng.choice(kinds)
    header = ["Record ID", "First Name", "Associated Note"]
    for other, _ in kinds:
        if other == label or rng.random() < 0.4:
            header.append(f"Associated {other} IDs")
            if rng.random() < 0.4:
                header.insert(rng.randrange(1, len(header) + 1), f"Associated {other} IDs (Primary)")
    place = header.index(f"Associated {label} IDs")
    lines, rows, records = [], [], [header]
    for number in range(1, rng.randrange(2, 40)):
        ids = [str(9_100_000_000 + number * 10 + i) for i in range(rng.choice((0, 0, 1, 1, 2, 5)))]
        record = [rng.choice(("", "Ada", "Bo, Cy", 'say "hi"')) for _ in header]
        record[0] = str(51_000_000_000 + number)
        record[header.index("Associated Note")] = _email(rng)
        record[place] = ";".join(ids)
        records.append(record)
        rest = tuple(cell for i, cell in enumerate(record) if i not in (0, place))
        lines += [Line("pair", ("contacts", record[0], to_type, one), rest) for one in ids]
        if not ids:
            lines.append(Line("empty", _NOBODY, rest))
        rows += [number] * max(1, len(ids))
    text = io.StringIO(newline="")
    end = rng.choice(("\n", "\r\n"))
    quoting: Literal[0, 1] = rng.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(records)
    options = {"from_type": "contacts", "to_type": rng.choice((to_type, label.lower()))}
    lines = [
        replace(line, pair=(*line.pair[:2], options["to_type"].replace(" ", "_"), line.pair[3]))
        for line in lines
    ]
    return Case(text.getvalue().encode("utf-8-sig"), Exactly(lines, rows), options=options)


def _email(rng: Random) -> str:
    lines = (
        "Dear Sir,",
        "",
        "> On May 3, 2024, at 10:15, Ada wrote:",
        "we met at Main St 5, 10115 Berlin.",
        "Tel. 030 1234567, ext. 12",
        'he said: "no", and left',
        "1. Pipe, 3 m",
        "Best regards,",
        "A",
    )
    return (
        rng.choice(("\n", "\r\n")).join(rng.choices(lines, k=rng.randrange(0, 30)))
        if rng.random() < 0.5
        else ""
    )


@kind
def workbooks(rng: Random) -> Case:
    """A sheet and its CSV twin are read alike: numbers, text, errors, empty rows, another sheet first."""
    base = table(rng, bad=0.2)
    base = replace(base, rows=tuple(row for row in base.rows if "\r" not in "".join(row.cells)))
    ids = {FROM, TO}
    rows: list[list[Value]] = [list(base.columns)]
    expected = []
    for row, line in zip(base.rows, lines_of(base), strict=True):
        cells: list[Value] = list(row.cells)
        for i, name in enumerate(base.columns):
            cell = row.cells[i]
            if name in ids and cell:
                forms: tuple[Value, ...] = (
                    float(cell),
                    int(cell),
                    cell,
                    f" {cell}",
                    Formula("A1", float(cell)),
                )
                cells[i] = rng.choice(forms)
            elif not cell:
                cells[i] = rng.choice((None, "", Failure("#N/A"))) if name in ids else None
        status = line.status
        if status == "pair" and rng.random() < 0.1:
            cells[base.columns.index(rng.choice((FROM, TO)))] = rng.choice(
                (1e16, 1.5, True, 12345678901234567.0)
            )
            status = "invalid"
        rows.append(cells)
        expected.append(replace(line, status=status))
    head: list[list[Value]] = [[] for _ in range(rng.randrange(3))]
    sheets = {"Data": head + rows}
    options = defaults(base)
    if rng.random() < 0.3:
        sheets = {"Read me": [["nothing"]], **sheets}
        options["sheet"] = "Data"
    return Case(workbook(sheets=sheets), Exactly(expected), suffix=".xlsx", options=options)


@kind
def zips_of_several(rng: Random) -> Case:
    """Several files with one header are read in name order as one; with another header they are refused."""
    base = table(rng, rows=rng.randrange(2, 30))
    parts = rng.randrange(2, 5)
    cuts = sorted(rng.randrange(len(base.rows) + 1) for _ in range(parts - 1))
    pieces = [base.rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(base.rows)], strict=True)]
    wrong = rng.random() < 0.2
    files = {}
    for number, rows in enumerate(pieces):
        columns = base.columns
        if wrong and number == parts - 1:
            columns = tuple({FROM: TO, TO: FROM}.get(name, name) for name in columns)
        part = Table(columns, rows, base.dialect)
        files[f"export-{number}.csv"] = part.text().encode(rng.choice(("utf-8", "utf-8-sig")))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in rng.sample(list(files), len(files)):
            archive.writestr(name, files[name])
    return Case(
        data.getvalue(),
        Refusal() if wrong else Exactly(lines_of(base)),
        suffix=".zip",
        options=defaults(base),
    )


@kind
def quotes_by_hand(rng: Random) -> Case:
    """Whole lines in quotes, and blanks before the quotes: never read as something else."""
    base = table(rng, rows=rng.randrange(1, 10))
    base = replace(
        base, rows=tuple(Row(tuple(" ".join(c.split()) for c in r.cells), r.pair) for r in base.rows)
    )
    if rng.random() < 0.5:
        quoted = ['"' + record.replace('"', '""') + '"' for record in base.records()]
        header = rng.choice((base.header(), '"' + base.header().replace('"', '""') + '"'))
        return case(base, base.text(header, quoted), Refusal(range(1, 3)))
    blank = f'{base.dialect.delimiter} "'
    records = [blank.join(cell.replace('"', '""') + '"' for cell in row.cells) for row in base.rows]
    records = [f'"{record}' for record in records]
    pairs = frozenset(row.pair for row in base.rows)
    return case(base, base.text(records=records), Spared([], pairs, len(records)))
