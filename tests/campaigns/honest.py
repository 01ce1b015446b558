"""Random honest files against the csv module: none is refused, and each is read as that reads it.

    python -m tests.campaigns.honest [--files N] [--seed N]

Half of the files have notes as people write them, in one line or several, and are read as they are. The other
half have any text at all in their notes, also what reads as rows of their own, and are read with
`--trust-quotes`, as the refusal of such a file says.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

from loader.errors import InputError
from loader.source import Columns
from loader.source.input_file import open_input
from loader.source.source import Source
from tests.campaigns.dirty_tables import Dialect
from tests.campaigns.notes import HONEST
from tests.support.reading import read_source

#: Notes whose lines can't be taken for rows, if IDs have nine digits and more.
_KINDS = [kind for kind in HONEST if "numbers" not in kind and kind != "list for SQL"]
_PIECES = (
    '"',
    '""',
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r\n",
    "\r",
    " ",
    "a",
    "é",
    "=1",
    "7",
    "51000000001,9100000001",
)
_ENDS = ("\n", "\r\n", "\r")
#: How an ID is written, and what it must be read as.
_FORMS = ("{}", "{}", "{}", "{}.0", "00{}", " {} ", "'{}", '="{}"', "\u00a0{}", "{}\u200b", "{}.00")


class File(NamedTuple):
    """A file, how it is read, and for each row its IDs as they are meant."""

    data: bytes
    columns: Columns
    encoding: str
    ids: list[tuple[str, str]]


def make(rng: Random) -> File:
    """A correctly written file."""
    trust, d = rng.random() < 0.5, rng.choice(",,,;\t|")
    names = [
        "from_object_id",
        "to_object_id",
        *rng.choice(((), ("note",), ("note", "Name"), ("a", "b", "c"))),
    ]
    if rng.random() < 0.5:
        rng.shuffle(names)
    form = rng.choice(_FORMS)
    rows, ids = [], []
    for number in range(rng.randrange(1, 9)):
        pair = (
            str(51_000_000_000 + rng.randrange(10**9) * 9 + number),
            str(910_000_000 + rng.randrange(10**9)),
        )
        cells = {
            "from_object_id": form.format(pair[0]),
            "to_object_id": rng.choice((form, "{}")).format(pair[1]),
        }
        rows.append([cells[name] if name in cells else _note(rng, d, trust) for name in names])
        ids.append(pair)
    how = Dialect(d, rng.choice(_ENDS), always=rng.random() < 0.4)
    whole = how.line_end.join(map(how.record, [names, *rows])) + rng.choice((how.line_end, ""))
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16"))
    columns = Columns(from_type="contacts", to_type="companies", trust_quotes=trust)
    return File(whole.encode(encoding), columns, "auto", ids)


def _note(rng: Random, d: str, trust: bool) -> str:
    if trust:
        return "".join(rng.choices(_PIECES, k=rng.randrange(8)))
    if rng.random() < 0.5:
        return rng.choice(("", "x", "née, A", 'say "hi"', "1,5", "株式会社", "a\\b", "=1+1", "NaN", "12;13"))
    kind: Callable[[Random, str], str] = HONEST[rng.choice(_KINDS)]
    return rng.choice(("\n", "\r\n")).join(kind(rng, d) for _ in range(rng.randrange(1, 6)))


def differences(file: File, path: Path) -> str:
    """What is wrong with how the file is read; empty if nothing is."""
    path.write_bytes(file.data)
    try:
        _, lines = read_source(Source(open_input(str(path)), file.columns))
    except InputError as error:
        return f"refused: {error}"
    encoding = "utf-16" if file.data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = io.StringIO(file.data.decode(encoding), newline="")
    header, *rows = csv.reader(text, delimiter=_delimiter(file.data.decode(encoding)), strict=True)
    keys = ("from_object_id", "to_object_id")
    for number, (row, ids, line) in enumerate(zip(rows, file.ids, lines, strict=True), 1):
        rest = tuple(cell for name, cell in zip(header, row, strict=True) if name not in keys)
        if (line.row, line.status, line.ids, line.rest) != (number, "pair", ids, rest):
            return f"row {number} is {ids} with {rest} and is read as {line}"
    return ""


def _delimiter(text: str) -> str:
    first = text.splitlines()[0]
    return next(d for d in ",;\t|" if d in first)


def campaign(files: int, seed: int, folder: Path) -> list[str]:
    """Read so many files; returns what was wrong with them."""
    wrong = (
        (number, differences(make(Random(f"{seed}/{number}")), folder / "honest.csv"))
        for number in range(files)
    )
    return [f"file {number}: {what}" for number, what in wrong if what]


def main() -> int:
    """Run the campaign from the command line; exit code 1 if a file was refused or read differently."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(options.files, options.seed, Path(folder))
    print(*found[:20], sep="\n")
    print(f"seed {options.seed}: {options.files} files, {len(found)} refused or read differently")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
