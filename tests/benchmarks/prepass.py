"""How fast the input is read: against pandas, the csv module, and plain digits.

    python -m tests.benchmarks.prepass [--rows N] [--rounds N] [--part NAME]

plain    the first reading, and the second with all columns, against pandas reading the same file
ids      every honest way of writing IDs against plain digits: at most 5 times as long
wide     files of 600 and 5,000 columns against the csv module: at most twice as long
export   a HubSpot export of 6,000 rows and 600 columns with e-mails of up to 180 KB: within 10 s

Interleaved rounds; the best of each, in seconds of processor time, since other programs may run meanwhile.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pandas as pd

from loader.source import Columns
from loader.source.input_file import open_input
from loader.source.source import Source

_CHUNK = 50_000
_TYPES = Columns(from_type="contacts", to_type="companies")
_RNG = Random(1)


def _id() -> str:
    return str(_RNG.randrange(10**10, 10**11))


def _survey(path: Path, columns: Columns = _TYPES) -> None:
    Source(open_input(str(path)), columns).survey()


def _both(path: Path) -> None:
    source = Source(open_input(str(path)), _TYPES)
    for _ in source.chunks(source.survey(), with_rests=True):
        pass


def _csv(path: Path) -> None:
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", newline="") as file:
        for _ in csv.reader(file):
            pass


def _pandas(path: Path) -> None:
    for _ in pd.read_csv(path, chunksize=_CHUNK):
        pass


def _pandas_text(path: Path) -> None:
    for _ in pd.read_csv(path, chunksize=_CHUNK, dtype=str):
        pass


def measure(ways: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """The best time of each way, the first of which all are compared with; prints a table."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, read in ways.items():
            began = time.process_time()
            read()
            seconds[name].append(time.process_time() - began)
    best = {name: min(taken) for name, taken in seconds.items()}
    first = next(iter(best.values()))
    for name, taken in best.items():
        print(f"  {name:24} {taken:8.3f} s {taken / first:6.2f} times")
    return best


def plain(folder: Path, rows: int, rounds: int) -> None:
    """IDs of eleven digits as HubSpot gives them now, with and without two further columns."""
    for notes in (False, True):
        path = folder / "plain.csv"
        more = ",person{0}@example.com,note {0}" * notes
        lines = ["from_object_id,to_object_id" + ",email,note" * notes]
        lines += [f"{_id()},{_id()}{more.format(number)}" for number in range(rows)]
        path.write_text("\n".join(lines) + "\n")
        print(f"{rows:,} rows, {'four columns' if notes else 'IDs alone'}")
        measure(
            {
                "pandas": lambda path=path: _pandas(path),  # type: ignore[misc]
                "pandas, text": lambda path=path: _pandas_text(path),  # type: ignore[misc]
                "first reading": lambda path=path: _survey(path),  # type: ignore[misc]
                "both readings": lambda path=path: _both(path),  # type: ignore[misc]
            },
            rounds,
        )


def _scientific() -> str:
    digits = _id()
    return f"{digits[0]}.{digits[1:]}E{len(digits) - 1}"


#: A row, and how many pairs it gives.
_WAYS: dict[str, tuple[Callable[[], str], int]] = {
    "plain digits": (lambda: f"{_id()},{_id()},n\n", 1),
    "CRLF": (lambda: f"{_id()},{_id()},n\r\n", 1),
    "lone CR": (lambda: f"{_id()},{_id()},n\r", 1),
    "quotes": (lambda: f'"{_id()}","{_id()}","n"\n', 1),
    "leading zeros": (lambda: f"00{_id()},0{_id()},n\n", 1),
    "padding": (lambda: f" {_id()} ,{_id()} ,n\n", 1),
    "tabs": (lambda: f"\t{_id()},{_id()}\t,n\n", 1),
    "no-break spaces": (lambda: f"\u00a0{_id()},{_id()}\u00a0,n\n", 1),
    "nineteen digits": (lambda: f"1{_id()}1234567,{_id()},n\n", 1),
    "123.0": (lambda: f"{_id()}.0,{_id()}.0,n\n", 1),
    '="123"': (lambda: f'="{_id()}",="{_id()}",n\n', 1),
    "123.0000000000": (lambda: f"{_id()}.0000000000,{_id()}.0000000000,n\n", 1),
    "line end in the quotes": (lambda: f'"{_id()}\n","{_id()}\n",n\n', 1),
    "'123": (lambda: f"'{_id()},'{_id()},n\n", 1),
    "1.23E2": (lambda: f"{_scientific()},{_scientific()},n\n", 1),
    "every other one 123.0": (lambda: f"{_id()},{_id()},n\n{_id()}.0,{_id()},n\n", 2),
    "several in a cell": (lambda: f"{_id()},{_id()};{_id()};{_id()},n\n", 3),
    "inner quotes": (lambda: f'{_id()},{_id()},"a ""b"""\n', 1),
    "notes of two lines": (lambda: f'{_id()},{_id()},"a\nb"\n', 1),
    "notes with numbers": (lambda: f'{_id()},{_id()},"Main St 5,\n10115 Berlin"\n', 1),
}


def ids(folder: Path, rows: int, rounds: int) -> None:
    """Each way of writing the same number of pairs."""
    print(f"{rows:,} pairs, first reading")
    ways: dict[str, Callable[[], None]] = {}
    for number, (name, (row, pairs)) in enumerate(_WAYS.items()):
        path = folder / f"{number}.csv"
        text = "from_object_id,to_object_id,note\n" + "".join(row() for _ in range(rows // pairs))
        path.write_text(text, encoding="utf-8", newline="")
        ways[name] = lambda path=path: _survey(path)  # type: ignore[misc]
    measure(ways, rounds)


def wide(folder: Path, rows: int, rounds: int) -> None:
    """Many columns, quoted or not; the IDs in the first and the last."""
    for width, quote in ((600, '"'), (600, ""), (5000, ""), (5000, '"')):
        path = folder / "wide.csv"
        header = ["from_object_id", *(f"c{n}" for n in range(width - 2)), "to_object_id"]
        count = 200 if width > 1000 else 2000
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(",".join(header) + "\n")
            for _ in range(count):
                cells = [_id(), *(_RNG.choice(("", "", "abc", "x y")) for _ in range(width - 2)), _id()]
                file.write(",".join(f"{quote}{cell}{quote}" for cell in cells) + "\n")
        print(f"{count:,} rows of {width:,} columns, {'quoted' if quote else 'not quoted'}")
        ways: dict[str, Callable[[], None]] = {
            "csv module": lambda path=path: _csv(path),  # type: ignore[misc]
            "first reading": lambda path=path: _survey(path),  # type: ignore[misc]
        }
        measure(ways, rounds)


def export(folder: Path, rows: int, rounds: int) -> None:
    """A HubSpot export: everything quoted, notes and e-mails of many lines, most cells empty."""
    path = folder / "export.csv"
    names = ["Record ID", *(f"Property {n}" for n in range(596)), "Associated Email", "Associated Note"]
    email = "".join(
        f"> On May {n % 30}, 2024, Ada <ada@example.com> wrote:\r\n> see {n}, or call\r\n\r\n"
        for n in range(3000)
    )
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow([*names, "Associated Company IDs"])
        for number in range(6000):
            begin = _RNG.randrange(1000)
            mail = email[begin : begin + (180_000 if number % 20 == 0 else _RNG.choice((0, 800, 9_000)))]
            cells = [_RNG.choice(("", "", "", "value", "two words")) for _ in range(596)]
            linked = ";".join(_id() for _ in range(_RNG.choice((0, 0, 1, 2))))
            writer.writerow([_id(), *cells, mail, "met\nagain", linked])
    size = path.stat().st_size / 1e6
    print(f"6,000 rows of 600 columns, {size:,.0f} MB")
    contacts = Columns(from_type="contacts")
    measure(
        {"csv module": lambda: _csv(path), "first reading": lambda: _survey(path, contacts)}, min(rounds, 3)
    )


_PARTS = {"plain": plain, "ids": ids, "wide": wide, "export": export}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--part", choices=sorted(_PARTS), help="only this one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, part in _PARTS.items():
            if options.part in (None, name):
                part(Path(folder), options.rows, options.rounds)


if __name__ == "__main__":
    main()
