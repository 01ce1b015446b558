"""How often the check for swallowed rows errs: honest notes that it refuses, lost rows that it lets pass.

    python -m tests.campaigns.notes [--files N] [--seed N] [--examples N]

Both have a price (contract, section 2): a row that a stray quote has swallowed is lost without a word, and a
valid file that is refused is of no use. Some files can't be told apart at all: a note that holds IDs as a row
does is such a row. So the rates are printed by kind, and no test asks for none at all.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

from loader.errors import InputError
from loader.source import Columns
from loader.source.input_file import open_input
from loader.source.source import Source

_IDS = ("from_object_id", "to_object_id")
_STREETS = ("Main St", "Invalidenstr. 5", "5, rue de Rivoli", "12 High Street", "Via Roma 3")
_TOWNS = ("Berlin", "Paris", "Springfield, IL", "London", "Köln")
_WORDS = ("agreed", "call back", "Pipe", 'Hose 5"', "Smith, John", "urgent", "n/a", "sent", "the 3rd one")


class File(NamedTuple):
    """A file's text, the kind it is of, and how many rows its writer meant."""

    kind: str
    text: str
    rows: int


def _number(rng: Random, least: int = 1, most: int = 5) -> int:
    digits = rng.randint(least, most)
    return rng.randrange(10 ** (digits - 1), 10**digits)


def _date(rng: Random) -> str:
    day, month, year = rng.randrange(1, 29), rng.choice(("May", "June", "Dec.")), rng.randrange(1999, 2027)
    return rng.choice((f"{month} {day}, {year}", f"{year}-05-{day:02}", f"{day}.5.{year}", f"{day}/5/{year}"))


def _numbers(rng: Random, d: str, between: str, least: int, most: int) -> str:
    return f"{d}{between}".join(str(_number(rng, least, most)) for _ in range(rng.randrange(2, 7)))


#: One line of an honest note, given the file's delimiter.
HONEST: dict[str, Callable[[Random, str], str]] = {
    "prose": lambda r, d: f"{r.choice(_WORDS)}{d} {r.choice(_WORDS)}{r.choice((d, '.', '!', ''))}",
    "letter": lambda r, d: r.choice((f"Dear John{d}", "", f"Best{d} Anna", "Many thanks", f"> wrote{d} ok")),
    "address": lambda r, d: f"{r.choice(_STREETS)}{d} {_number(r, 4, 5)}{r.choice((d, ''))} Berlin",
    "postcode first": lambda r, d: f"{_number(r, 4, 5)}{d} {r.choice(_TOWNS)}{r.choice((d, ''))}",
    "postcode last": lambda r, d: f"{r.choice(_STREETS)}{d} {_number(r, 4, 5)}",
    "joined address": lambda r, d: f"{r.choice(_STREETS)}{d}{_number(r, 4, 5)}{d}{r.choice(_TOWNS)}",
    "date": lambda r, d: f"Call on {_date(r)}{d} {r.choice(_WORDS)}{r.choice((d, ''))}",
    "date last": lambda r, d: f"{r.choice(_WORDS)}{d} {_date(r)}",
    "numbered list": lambda r, d: f"{r.randrange(1, 20)}{r.choice('.):')} {r.choice(_WORDS)}{d} {_number(r)}",
    "phone": lambda r, d: f"Tel. {_number(r, 3, 5)} {_number(r, 5, 8)}{d} ext. {_number(r, 1, 3)}",
    "quotes": lambda r, d: f'he said "{r.choice(_WORDS)}"{d} and "{r.choice(_WORDS)}"',
    "amount": lambda r, d: f"{r.randrange(1, 999)},{r.randrange(100, 999)},{r.randrange(100, 999)} EUR",
    "amount last": lambda r, d: f"budget 1,{r.randrange(100, 999)},{r.randrange(100, 999)}",
    "decimal": lambda r, d: f"{r.randrange(1, 99)},{r.randrange(10, 99)}",
    "log": lambda r, d: f"2024-05-{r.randrange(10, 28)}{d}{r.randrange(10, 24)}:15{d}{r.choice(_WORDS)}",
    "snippet": lambda r, d: f'"{r.choice(_WORDS)}"{d}{_number(r)}{d}"{r.choice(_WORDS)}"',
    "list for SQL": lambda r, d: f"{_number(r, 5, 11)}{d}",
    "spaced numbers": lambda r, d: _numbers(r, d, " ", 1, 3),
    "bare numbers": lambda r, d: _numbers(r, d, "", 1, 3),
    "spaced long numbers": lambda r, d: _numbers(r, d, " ", 5, 8),
    "bare long numbers": lambda r, d: _numbers(r, d, "", 5, 8),
}


def _columns(rng: Random) -> list[str]:
    columns = [*_IDS, *rng.choice((["note"], ["note"], ["note", "more"], ["note", "more", "z"]))]
    if rng.random() < 0.6:
        rng.shuffle(columns)
    return columns


def _id_maker(rng: Random) -> Callable[[], str]:
    least, most = rng.choice(((10, 12), (10, 12), (6, 9), (3, 5)))
    return lambda: str(_number(rng, least, most))


def _written(rng: Random, rows: list[list[str]], d: str) -> str:
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    csv.writer(text, delimiter=d, quoting=quoting, lineterminator=rng.choice(("\n", "\r\n"))).writerows(rows)
    return text.getvalue()


def honest(rng: Random) -> File:
    """A correctly written file of short notes and one note of several lines of one kind."""
    kind, d = rng.choice(list(HONEST)), rng.choice(",,,;\t")
    columns, new_id, size = _columns(rng), _id_maker(rng), rng.randrange(1, 6)
    rows = [[new_id() if c in _IDS else rng.choice(("", "x", *_WORDS)) for c in columns] for _ in range(size)]
    lines = [
        HONEST[kind if rng.random() < 0.7 else "prose"](rng, d).strip() for _ in range(rng.randrange(2, 6))
    ]
    lines[rng.randrange(len(lines))] = HONEST[kind](rng, d)
    place = rng.choice([i for i, c in enumerate(columns) if c not in _IDS])
    rows[rng.randrange(size)][place] = rng.choice(("\n", "\r\n")).join(lines)
    return File(kind, _written(rng, [columns, *rows], d), size)


#: What a row may have in an ID's place, given a good ID.
_ODD = ("{}.0", " {}", "{} ", "", "0{}", "1.23457E+11", "N/A", "x{}")


def swallowed(rng: Random) -> File:
    """A file of one line a row into which quotes were put, or out of which they were taken, on two lines."""
    kind = rng.choice(("plain", "plain", "plain", "odd IDs", "odd width"))
    d, columns, new_id, size = rng.choice(",,,;\t"), _columns(rng), _id_maker(rng), rng.randrange(2, 7)
    notes = rng.choice((_WORDS, ("abc", "", "12"), ("a, b", 'say "x"', '3"', "1,2", '"q"', '"a", b')))
    rows = [[new_id() if c in _IDS else rng.choice(notes) for c in columns] for _ in range(size)]
    if kind == "odd IDs":
        row = rng.choice(rows)
        place = columns.index(rng.choice(_IDS))
        row[place] = rng.choice(_ODD).format(row[place])
    if kind == "odd width":
        row = rng.choice(rows)
        row[:] = rng.choice((row[:-1], [*row, "x"]))
    header, *lines = _written(rng, [columns, *rows], d).splitlines()
    naive = rng.random() < 0.3
    if naive:  # written by a program that puts quotes around a cell and leaves those inside as they are
        lines = [line.replace('""', '"') for line in lines]
        kind = f"{kind}, naive"
    first = rng.randrange(size - 1)
    last = rng.randrange(first + 1, min(size, first + 4))
    for at in (first, last):
        lines[at] = _stray(rng, lines[at], d)
        if rng.random() < 0.15:
            lines[at] = _stray(rng, lines[at], d)
    return File(kind, "\n".join([header, *lines, ""]), size)


def swallowed_notes(rng: Random) -> File:
    """A file of notes of several lines: one has lost its closing quote, and a later one its opening quote."""
    d, columns, new_id, size = rng.choice(",,,;\t"), _columns(rng), _id_maker(rng), rng.randrange(2, 6)
    kinds = rng.choices(("prose", "letter", "address", "quotes", "date"), k=2)
    texts = [c for c in columns if c not in _IDS]
    noted = rng.choice(texts)

    def note() -> str:
        return "\n".join(HONEST[rng.choice(kinds)](rng, d) for _ in range(rng.randrange(1, 5)))

    rows = [[new_id() if c in _IDS else "" for c in columns] for _ in range(size)]
    for row in rows:
        for name in texts:
            row[columns.index(name)] = note() if name == noted else rng.choice((note(), "x", ""))
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=d, lineterminator="\n", quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    )
    lines = []
    for row in [columns, *rows]:
        text.seek(0)
        text.truncate()
        writer.writerow(row)
        lines.append(text.getvalue())
    first = rng.randrange(size - 1)
    last = rng.randrange(first + 1, min(size, first + 3))
    for at, end in ((first, "closing"), (last, "opening")):
        lines[at + 1] = _without_quote(lines[at + 1], rows[at][columns.index(noted)], end)
    return File(f"{columns.index(noted)} of {len(columns)}", "".join(lines), size)


def _without_quote(line: str, note: str, which: str) -> str:
    quoted = '"' + note.replace('"', '""') + '"'
    return line.replace(quoted, quoted[:-1] if which == "closing" else quoted[1:], 1)


def _stray(rng: Random, line: str, d: str) -> str:
    quotes = [i for i, c in enumerate(line) if c == '"']
    if quotes and rng.random() < 0.4:
        at = rng.choice(quotes)
        return line[:at] + line[at + 1 :]
    edges = [0, len(line), *(i + k for i, c in enumerate(line) if c == d for k in (0, 1))]
    at = rng.choice(edges) if rng.random() < 0.8 else rng.randrange(len(line) + 1)
    return line[:at] + '"' + line[at:]


def outcome(file: File, path: Path) -> str:
    """What the loader makes of it: ``refused``, ``loaded``, ``noticed`` or ``lost`` rows.

    Lost rows are noticed where a row of the file is invalid, and lost without a word where none is.
    """
    path.write_text(file.text, encoding="utf-8", newline="")
    try:
        columns = Columns(from_type="contacts", to_type="companies")
        survey = Source(open_input(str(path)), columns).survey()
    except InputError:
        return "refused"
    if survey.rows >= file.rows:
        return "loaded"
    return "noticed" if survey.invalid else "lost"


def main() -> int:
    """Print a table of both rates by kind."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=0, help="how many misjudged files to print of a kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for make in (honest, swallowed, swallowed_notes):
            wrong = ("refused", "lost", "noticed") if make is honest else ("lost", "noticed")
            stats: defaultdict[str, Counter[str]] = defaultdict(Counter)
            for number in range(options.files):
                file = make(Random(f"{options.seed}/{make.__name__}/{number}"))
                seen = outcome(file, Path(folder) / "notes.csv")
                stats[file.kind][seen] += 1
                if seen == wrong[0] and stats[file.kind][seen] <= options.examples:
                    print(f"{file.kind}, {seen}: {file.text!r}")
            print(make.__doc__)
            for kind, counts in [*sorted(stats.items()), ("all", sum(stats.values(), Counter()))]:
                figures = ", ".join(f"{counts[what]} {what}" for what in ("loaded", "refused", *wrong[-2:]))
                harmless = 0 if make is honest else counts["loaded"]
                share = counts[wrong[0]] / max(1, counts.total() - harmless)
                print(f"  {kind:20} {share:7.2%} {wrong[0]}: {figures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
