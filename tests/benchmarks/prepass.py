"""The pre-pass (structure, verdicts, duplicates, count) against pandas merely reading the same file.

    python -m tests.benchmarks.prepass [--rows N] [--rounds N]

Interleaved rounds, medians. pandas reads in chunks of 50,000 rows, once with types of its own choice and once
everything as text, which is what it takes to keep an ID whole. The bar is at most 4 times the former.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random

import pandas as pd

from loader.source import Columns, Survey
from loader.source.input_file import open_input
from loader.source.source import Source

_CHUNK = 50_000


def write_input(path: Path, rows: int, notes: bool) -> None:
    """IDs of eleven digits as HubSpot gives them now, with or without two further columns."""
    rng = Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("from_object_id,to_object_id" + (",email,note\n" if notes else "\n"))
        for number in range(rows):
            rest = f",person{number}@example.com,note {number}" if notes else ""
            file.write(f"{rng.randrange(10**10, 10**11)},{rng.randrange(10**10, 10**11)}{rest}\n")


def _pandas(path: Path) -> None:
    for _ in pd.read_csv(path, chunksize=_CHUNK):
        pass


def _pandas_text(path: Path) -> None:
    for _ in pd.read_csv(path, chunksize=_CHUNK, dtype=str):
        pass


def _survey(path: Path) -> Survey:
    return Source(open_input(str(path)), Columns(from_type="contacts", to_type="companies")).survey()


def _both(path: Path) -> None:
    source = Source(open_input(str(path)), Columns(from_type="contacts", to_type="companies"))
    for _ in source.chunks(source.survey()):
        pass


def measure(path: Path, rounds: int) -> dict[str, float]:
    """Median seconds of each way to read the file."""
    ways: dict[str, Callable[[Path], object]] = {
        "pandas": _pandas,
        "pandas, text": _pandas_text,
        "survey": _survey,
        "survey and chunks": _both,
    }
    seconds: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, read in ways.items():
            began = time.perf_counter()
            read(path)
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def main() -> None:
    """Print a table for a file of IDs alone and for one with further columns."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for notes in (False, True):
            path = Path(folder) / "input.csv"
            write_input(path, options.rows, notes)
            medians = measure(path, options.rounds)
            print(f"{options.rows:,} rows, {'four columns' if notes else 'IDs alone'}")
            for name, taken in medians.items():
                ratio = taken / medians["pandas"]
                speed = options.rows / taken
                print(f"  {name:20} {taken:7.3f} s {speed:12,.0f} rows/s {ratio:6.2f} times pandas")


if __name__ == "__main__":
    main()
