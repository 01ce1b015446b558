"""The campaign of dirty files: thousands of polluted inputs, each read in full.

    python -m tests.campaigns.dirty [--files N] [--seed N] [--kind NAME] [--keep FOLDER] [--command N]

Every file is known before it is polluted, so an oracle that knows the contract and nothing of the code says
what must come of it: a refusal of the whole file, or every record exactly once and no pair that the file does
not say. A seed always makes the same files; `--keep` keeps those that break a promise. Every N-th file
(`--command`, by default 200) also goes through `check` in a process of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

from loader.errors import InputError, UsageError
from loader.source import Columns
from loader.source.input_file import open_input
from loader.source.source import Source
from tests.campaigns import dirty_archives, dirty_files, dirty_marks, dirty_shapes, dirty_values
from tests.campaigns.dirty_cases import KINDS, Case
from tests.campaigns.dirty_oracle import Exactly, Seen, SeenLine, violations
from tests.support.reading import read_source

#: Where the kinds of pollution come from.
CATALOGUE = (dirty_archives, dirty_files, dirty_marks, dirty_shapes, dirty_values)


def make(seed: int, number: int, only: str | None = None) -> tuple[str, Case]:
    """The campaign's file of that number: the name of its kind, and the case."""
    names = [only] if only else list(KINDS)
    name = names[number % len(names)]
    return name, KINDS[name](Random(f"{seed}/{name}/{number}"))


def read(case: Case, path: Path) -> Seen:
    """Read one file, both times."""
    options = dict(case.options)
    encoding = options.pop("encoding", "auto")
    try:
        _, lines = read_source(Source(open_input(str(path)), Columns(**options), encoding=encoding))
    except UsageError as error:
        return Seen(str(error), error.line if isinstance(error, InputError) else None)
    return Seen(
        None,
        None,
        [
            SeenLine(
                line.row,
                line.status,
                (line.from_type, line.from_id, line.to_type, line.to_id),
                line.rest,
                line.category,
                line.message,
            )
            for line in lines
        ],
    )


def command(case: Case, path: Path) -> list[str]:
    """The same file through `check`: its exit code, its words, and never a traceback."""
    options = [
        f"--{name.replace('_', '-')}" if value is True else f"--{name.replace('_', '-')}={value}"
        for name, value in case.options.items()
    ]
    process = subprocess.run(
        [sys.executable, "-m", "loader", "check", str(path), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    text = (process.stdout + process.stderr).decode("utf-8", "replace")
    broken = [f"a traceback: {text}"] if "Traceback" in text or "inside assoc-loader" in text else []
    if process.returncode not in ((0, 1) if isinstance(case.expected, Exactly) else (0, 1, 2)):
        broken.append(f"the command ended with {process.returncode}: {text}")
    if any(ord(c) < 32 and c not in "\r\n\t" for c in text):
        broken.append(f"control characters on the screen: {text!r}")
    return broken


def campaign(
    files: int, seed: int, folder: Path, *, kind: str | None = None, through_command: int = 0
) -> dict[int, list[str]]:
    """Read so many files; returns the broken promises by the file's number. `folder` keeps those files."""
    found: dict[int, list[str]] = {}
    stats: Counter[str] = Counter()
    for number in range(files):
        name, case = make(seed, number, kind)
        path = folder / f"{number}-{name}{case.suffix}"
        path.write_bytes(case.data)
        try:
            seen = read(case, path)
            broken = violations(case.expected, seen)
            stats[f"{name}: {'refused' if seen.refused else 'read'}"] += 1
            if through_command and number % through_command == 0:
                broken += command(case, path)
        except Exception as error:  # whatever comes out is a broken promise
            broken = [f"not an error for people: {error!r}"]
        if broken:
            found[number] = [f"{path.name}: {what}"[:1500] for what in broken]
        else:
            path.unlink()
    for line, count in sorted(stats.items()):
        print(f"{count:6} {line}")
    return found


def main() -> int:
    """Run the campaign from the command line; exit code 1 if a promise was broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--keep", type=Path, help="where the files that break a promise stay")
    parser.add_argument("--command", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = campaign(
            options.files, options.seed, folder, kind=options.kind, through_command=options.command
        )
    for broken in found.values():
        print(*broken, sep="\n")
    print(f"seed {options.seed}: {options.files} files, {len(found)} broke a promise")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
