"""Kills at random moments: `python -m tests.campaigns.kills [--seed N] [--kills N] [--parallel N]`.

Each story has a file of its own, with duplicates, invalid rows and rows whose requests fail, and an account
that answers after some tens of milliseconds. It goes through `load`, `verify`, `load --retry` and `undo`.
Each command is started again and again and ended at a random moment: by SIGKILL, and on POSIX now and then by
SIGTERM or Ctrl-C. At last it may run to its end. `kills_check` says what must hold after each of that. The
seed decides files and plans; the moments also depend on the machine, so a story that fails says where its
files are.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

from loader.simulator import Ends, Simulator, SimulatorSettings, SimulatorState
from tests.campaigns import kills_check as check
from tests.campaigns.kills_file import Pair, Story, write_story
from tests.support.command import TYPES, Process, Serving, report_of, start_warm
from tests.support.second_run import checkpoint_of

LATENCY = (0.01, 0.05)
_LONGEST_RUN = 60.0  # seconds
_MOST_TOLD = 5  # faults of one story
_TOO_LATE = "too late"

#: When a run is ended, and how often that is drawn.
MOMENTS = {
    "any time": 4,  # a random moment of a run's whole life: before, during and after everything
    "reading": 2,  # before its first request
    "first request": 1,
    "in flight": 5,  # at a random request
    "committing": 4,  # while SQLite's journal says that a transaction is under way
    "report": 3,  # while the new report is being written, or right after it took its place
}


class Result(NamedTuple):
    """What one story came to: how often a run was ended how, and what did not hold."""

    number: int
    ends: Counter[str]
    faults: list[str]


class _Told:
    """One story while it is told."""

    def __init__(self, story: Story, random: Random, serving: Serving[Simulator]) -> None:
        self.story, self._random, self._serving = story, random, serving
        self.looks_first = random.random() < 0.7
        method = random.choice(["put", "put", "batch"])
        self._workers = random.choice([4, 16, 100])
        self._load: list[str | Path] = [
            "load",
            story.file,
            *TYPES,
            "--method",
            method,
            "--stop-after-failures",
            "0",
        ]
        self._load += ["--skip-existing"] if self.looks_first else []
        self.ends: Counter[str] = Counter()
        self.faults: list[str] = []

    def tell(self, kills: int) -> None:
        """Play all of it, with about so many kills."""
        loads = self._random.randrange(kills // 2, kills) + 1
        rest = [self._random.randrange(max(1, kills - loads + 1)) for _ in range(3)]
        self._play("load", self._load, loads, shuffle=True)
        stored = check.read_checkpoint(self._checkpoint)
        self._note(check.unfinished(self.story, stored, looks_first=self.looks_first))
        self._unlink_some(stored)
        self._play("verify", ["verify", self.story.file], rest[0])
        self._play("retry", [*self._load, "--retry"], rest[1], keeps_results=False)
        stored = check.read_checkpoint(self._checkpoint)
        self._note(check.unfinished(self.story, stored, looks_first=self.looks_first))
        self._play("undo", ["undo", self.story.file, "--yes"], rest[2], keeps_results=False)
        self._after_undo()

    @property
    def _checkpoint(self) -> Path:
        return checkpoint_of(self.story.file)

    def _note(self, faults: Iterable[str]) -> None:
        self.faults += faults

    def _play(
        self,
        name: str,
        command: list[str | Path],
        kills: int,
        *,
        shuffle: bool = False,
        keeps_results: bool = True,
    ) -> None:
        """The same command until it has ended by itself, which it may after so many kills."""
        command = [*command, "--base-url", self._serving.url, "--workers", str(self._workers)]
        command += ["--max-attempts", "2", "--rate", "1000000/1"]
        for left in reversed(range(kills + 1)):
            before = check.read_checkpoint(self._checkpoint)
            written = _inode(report_of(self.story.file))
            code, began, ended = self._run(name, command, kill=bool(left))
            stored, server = check.read_checkpoint(self._checkpoint), self._serving.ask(check.look)
            self._note(
                check.untrue(self.story, stored, server, looks_first=self.looks_first, undoing=name == "undo")
            )
            if keeps_results and name == "load":
                self._note(check.forgotten(before, stored))
                if code not in (0, 1):
                    self._note(check.too_late(stored, server, began, ended))
            if code in (0, 1):
                break
            if code in (130, 143) and written != _inode(report_of(self.story.file)):
                self._note(check.wrong_report(self.story, stored))
            if shuffle and self._random.random() < 0.2:
                self._random.shuffle(self.story.rows)
                self.story.write()
        self._note(check.wrong_report(self.story, check.read_checkpoint(self._checkpoint)))

    def _run(self, name: str, command: list[str | Path], *, kill: bool) -> tuple[int, float, float]:
        """The exit code, and when the run began and when it was ended."""
        moment = self._random.choices(list(MOMENTS), list(MOMENTS.values()))[0]
        number = signal.SIGKILL if os.name == "posix" else signal.SIGTERM
        if os.name == "posix" and moment in ("in flight", "committing") and self._random.random() < 0.3:
            number = self._random.choice([signal.SIGTERM, signal.SIGINT])
        began = time.monotonic()
        process = start_warm(*command)
        if kill:
            self._wait_for(moment, process)
        ended, running = time.monotonic(), process.poll() is None
        if kill and running:
            process.send_signal(number)
        out, err = process.communicate(timeout=_LONGEST_RUN)
        code = process.returncode or 0
        if kill:
            how = signal.Signals(number).name if code not in (0, 1) else _TOO_LATE
            self.ends[f"{name}, {moment}: {how}"] += 1
        allowed = {0, 1} | ({-number, 130, 143} if kill and running else set())
        if code not in allowed or "Traceback" in err or "inside assoc-loader" in err:
            self.faults.append(f"{name} ended with {code} ({moment}): {out}{err}")
        if code in (130, 143) and "Run the same command again" not in err:
            self.faults.append(f"{name} ended with {code} ({moment}), and it said: {err}")
        return code, began, ended

    def _wait_for(self, moment: str, process: Process) -> None:
        began = self._requests()
        rows = len(self.story.rows)
        report = report_of(self.story.file)
        new = report.with_name(f"{report.name}.unfinished")
        match moment:
            case "any time":
                time.sleep(self._random.uniform(0, 0.5 + rows * sum(LATENCY) / 2 / self._workers))
            case "reading":
                time.sleep(self._random.uniform(0, 0.1))
            case "first request":
                _wait(process, lambda: self._requests() > began)
            case "in flight":
                wanted = began + self._random.randrange(1, rows)
                _wait(process, lambda: self._requests() >= wanted)
            case "committing":
                journal = self._checkpoint.with_name(f"{self._checkpoint.name}-journal")
                for _ in range(self._random.randrange(1, 5)):
                    _wait(process, lambda: not journal.exists())
                    _wait(process, journal.exists)
            case "report":
                written = _inode(report)
                _wait(process, lambda: new.exists() or _inode(report) != written)
                time.sleep(self._random.choice([0, 0, self._random.uniform(0, 0.005)]))

    def _requests(self) -> int:
        return len(self._serving.server.state.requests)  # a number that only grows, read from another thread

    def _unlink_some(self, stored: dict[Pair, check.Stored]) -> None:
        """Somebody removes associations in HubSpot, so that `verify` has something to find."""
        there = [pair for pair, said in stored.items() if said.status in ("associated", "existing")]
        for pair in self._random.sample(there, min(len(there), self._random.randrange(5))):
            ends = Ends("0-1", pair[0], "0-2", pair[1])
            self._serving.ask(partial(_unlink, ends))
            self.story.gone.add(pair)
            if stored[pair].status == "existing":  # never sent: it is looked up again, and is not there
                self.story.seeded.discard(pair)

    def _after_undo(self) -> None:
        there = self._serving.ask(check.look).pairs
        made = {pair for pair, status in self.story.wanted.items() if status == "associated"}
        expected = self.story.seeded if self.looks_first else self.story.seeded | made
        self._note(f"undo has left {pair}" for pair in there - expected)
        self._note(f"undo has removed {pair}" for pair in expected - there)


def _inode(path: Path) -> int:
    """What changes when a file is replaced; 0 if there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _unlink(ends: Ends, simulator: Simulator) -> None:
    simulator.state.unlink(ends)


def _wait(process: Process, happened: Callable[[], bool]) -> None:
    """Wait until something has happened or the run has ended."""
    deadline = time.monotonic() + _LONGEST_RUN
    while not happened() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.0005)


def tell_story(seed: int, number: int, kills: int, rows: int, folder: Path) -> Result:
    """Play one story with about so many kills, and say what did not hold."""
    random = Random(f"{seed}/{number}")
    story = write_story(folder / "pairs.csv", random, rows)
    settings = SimulatorSettings(rate_limit=0, daily_limit=None, latency=LATENCY, seed=number)
    state = SimulatorState(log_size=10_000_000)
    for from_id, to_id in story.seeded:
        state.associate("contacts", from_id, "companies", to_id)
    with Serving(lambda: Simulator(settings, state=state)) as serving:
        told = _Told(story, random, serving)
        told.tell(kills)
    return Result(number, told.ends, told.faults)


def campaign(
    seed: int,
    kills: int,
    tell: Callable[[str], None],
    *,
    parallel: int = 2,
    kills_of_a_story: int = 12,
    rows: int = 900,
) -> bool:
    """Play stories until so many runs were ended before their end; say whether everything held."""
    root = Path(tempfile.mkdtemp(prefix="kills-"))

    def play(number: int) -> Result:
        folder = root / f"story-{number}"
        folder.mkdir()
        return tell_story(seed, number, kills_of_a_story, rows, folder)

    total: Counter[str] = Counter()
    stories = broken = 0
    with ThreadPoolExecutor(parallel) as pool:
        while sum(count for name, count in total.items() if _TOO_LATE not in name) < kills:
            for result in pool.map(play, range(stories, stories + parallel)):
                total += result.ends
                broken += bool(result.faults)
                for fault in result.faults[:_MOST_TOLD]:
                    tell(f"story {result.number} ({root / f'story-{result.number}'}): {fault}")
            stories += parallel
    for name, count in sorted(total.items()):
        tell(f"{count:5} {name}")
    tell(f"{total.total()} runs in {stories} stories, {broken} stories broken")
    return not broken


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.kills", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    return 0 if campaign(options.seed, options.kills, print, parallel=options.parallel) else 1


if __name__ == "__main__":
    sys.exit(main())
