"""The campaign of dirty files: thousands of polluted inputs, each loaded for real against a simulator.

    python -m tests.campaigns.dirty [--files N] [--seed N] [--kind NAME] [--keep FOLDER] [--command N]

Every file is known before it is polluted, so an oracle that knows the contract and nothing of the code says
what must come of it: exit 2 before any request, or every record exactly once in the report and no request for
a pair that the file does not say. A seed always makes the same files; `--keep` keeps those that break a
promise. Every N-th file (`--command`, by default 200) also goes through the command in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from loader.commands import run_load
from loader.errors import InputError, UsageError
from loader.settings import LoadSettings
from loader.simulator import Simulator, SimulatorSettings
from loader.simulator.state import SimulatorState
from tests.campaigns import dirty_archives, dirty_files, dirty_marks, dirty_values
from tests.campaigns.dirty_cases import KINDS, Case
from tests.campaigns.dirty_oracle import Exactly, Pair, Seen, violations
from tests.support.command import TOKEN

#: Where the kinds of pollution come from.
CATALOGUE = (dirty_archives, dirty_files, dirty_marks, dirty_values)

#: Every so many files the same command is given twice: the second time there is nothing left to do.
_AGAIN = 7


def make(seed: int, number: int, only: str | None = None) -> tuple[str, Case]:
    """The campaign's file of that number: the name of its kind, and the case."""
    names = [only] if only else list(KINDS)
    name = names[number % len(names)]
    return name, KINDS[name](Random(f"{seed}/{name}/{number}"))


async def load(case: Case, path: Path, simulator: Simulator) -> Seen:
    """Load one file in this process and see what it leaves behind."""
    simulator.state.requests.clear()
    common: dict[str, Any] = {"rate": "100000/1", "stop_after_failures": 0, **case.options}
    settings = LoadSettings(input=str(path), base_url=simulator.url, **common)
    seen = Seen(None, None)
    try:
        summary = await run_load(settings)
        seen.code = summary.exit_code
    except UsageError as error:
        seen.refused, seen.line = str(error), error.line if isinstance(error, InputError) else None
    seen.sent = [_pair(r.path) for r in simulator.state.requests if r.method == "PUT"]
    seen.report = _read(settings.report_path)
    return seen


async def load_again(case: Case, path: Path, simulator: Simulator, first: Seen) -> list[str]:
    """The same command once more: nothing is sent, the report and the exit code stay."""
    again = await load(case, path, simulator)
    if (again.sent, again.report, again.code, again.refused) != ([], first.report, first.code, first.refused):
        return [f"a second run is not at rest: {again.refused or again.sent or again.code}"]
    return []


async def command(case: Case, path: Path, simulator: Simulator) -> list[str]:
    """The same file through the installed command: its exit code, its words, and never a traceback."""
    options = [
        f"--{name.replace('_', '-')}={','.join(sorted(value)) if isinstance(value, frozenset) else value}"
        for name, value in case.options.items()
    ]
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "loader",
            "load",
            str(path),
            "--base-url",
            simulator.url,
            "--overwrite",
            *options,
        ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = (text.decode("utf-8", "replace") for text in await process.communicate())
    broken = [f"a traceback: {err}"] if "Traceback" in out + err or "inside assoc-loader" in err else []
    allowed = (0, 1) if isinstance(case.expected, Exactly) else (0, 1, 2)
    if process.returncode not in allowed:
        broken.append(f"the command ended with {process.returncode}: {err}")
    if any(ord(c) < 32 and c not in "\r\n\t" for c in out + err):
        broken.append(f"control characters on the screen: {out + err!r}")
    return broken


def _clear(folder: Path, name: str) -> None:
    stem = name.split(".")[0]
    for left in folder.glob(f"{stem}.report*"):
        left.unlink()


def _pair(path: str) -> Pair:
    parts = path.split("/")
    return parts[4], parts[5], parts[8], parts[9]


def _read(report: Path) -> list[list[str]]:
    csv.field_size_limit(2**31 - 1)
    with suppress(FileNotFoundError), report.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
    return []


async def campaign(
    files: int, seed: int, folder: Path, *, kind: str | None = None, through_command: int = 0
) -> dict[int, list[str]]:
    """Load so many files; returns the broken promises by the file's number. `folder` keeps those files."""
    os.environ["HUBSPOT_ACCESS_TOKEN"] = TOKEN
    found: dict[int, list[str]] = {}
    stats: Counter[str] = Counter()
    async with Simulator(
        SimulatorSettings(rate_limit=0, daily_limit=None), state=SimulatorState(1_000_000)
    ) as simulator:
        for number in range(files):
            name, case = make(seed, number, kind)
            path = folder / f"{number}-{name}{case.suffix}"
            _clear(folder, path.name)
            path.write_bytes(case.data)
            try:
                seen = await load(case, path, simulator)
                broken = violations(case.expected, seen)
                stats[f"{name}: {'refused' if seen.refused else 'loaded'}"] += 1
                if number % _AGAIN == 0:
                    broken += await load_again(case, path, simulator, seen)
                if through_command and number % through_command == 0:
                    broken += await command(case, path, simulator)
            except Exception as error:  # whatever comes out is a broken promise
                broken = [f"not an error for people: {error!r}"]
            if broken:
                found[number] = [f"{path.name}: {what}"[:1500] for what in broken]
            else:
                path.unlink()
            _clear(folder, path.name)
    for line, count in sorted(stats.items()):
        print(f"{count:6} {line}")
    return found


def main() -> int:
    """Run the campaign from the command line; exit code 1 when a promise was broken."""
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
        found = asyncio.run(
            campaign(options.files, options.seed, folder, kind=options.kind, through_command=options.command)
        )
    for broken in found.values():
        print(*broken, sep="\n")
    print(f"seed {options.seed}: {options.files} files, {len(found)} broke a promise")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
