"""Kills at random moments: `python -m tests.campaigns.kills [--seed N] [--kills N] [--parallel N]`.

Each story has a file of its own, with duplicates, invalid rows and rows whose requests fail, and a simulator
that answers after some tens of milliseconds. The same command is started again and again and ended at a
random moment: by SIGKILL, and on POSIX now and then by SIGTERM or Ctrl-C. At last it may run to its end, and
then `kills_check` holds the report and the server against the file. The seed decides the files and the plans;
the moments also depend on the machine, so a story that fails says where its files lie.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.campaigns.kills_check import End, check
from tests.campaigns.kills_file import Story, write_story
from tests.support.command import Serving, report_of, start

LATENCY = (0.01, 0.05)
_LONGEST_STORY = 60.0  # seconds that one run may take
_MOST_TOLD = 5  # faults of one story
_KILLS_PER_STORY = 8
_TOO_LATE = "too late"

#: When a run is ended, and how often that is drawn. The stages of issue 4 are reached by what each waits for.
MOMENTS = {
    "any time": 5,  # a random moment of a run's whole life: before, during and after everything
    "pre-pass": 2,  # between the start of the process and its first request
    "first request": 1,
    "in flight": 5,  # at a random request
    "flushing": 4,  # when the report has just grown
    "putting in order": 3,  # while the ordered copy is being written, or right after it took its place
}


class Result(NamedTuple):
    """What one story came to."""

    number: int
    ends: Counter[str]
    sent_twice: int
    faults: list[str]


class _Watch(NamedTuple):
    """What can be seen of a run from outside."""

    process: subprocess.Popen[str]
    report: Path
    requests: Callable[[], int]

    def growth(self) -> Callable[[], bool]:
        """Whether the report is longer than it is now."""
        size = self._size()
        return lambda: self._size() > size

    def records(self) -> int:
        """How many lines the report has."""
        return self.report.read_bytes().count(b"\n") if self.report.exists() else 0

    def _size(self) -> int:
        return self.report.stat().st_size if self.report.exists() else 0

    def until(self, happened: Callable[[], bool]) -> bool:
        """Wait until something has happened; False where the run ended before."""
        deadline = time.monotonic() + _LONGEST_STORY
        while self.process.poll() is None and time.monotonic() < deadline:
            if happened():
                return True
            time.sleep(0.0005)
        return False


def tell_story(seed: int, number: int, kills: int, folder: Path) -> Result:
    """Play one story with at most so many kills and say what does not hold afterwards."""
    random = Random(f"{seed}/{number}")
    story = write_story(folder / "pairs.csv", random)
    settings = SimulatorSettings(rate_limit=1_000_000, daily_limit=None, latency=LATENCY, seed=number)
    state = SimulatorState(log_size=10_000_000)
    ends: list[End] = []
    names: Counter[str] = Counter()
    with Serving(lambda: Simulator(settings, state=state)) as serving:
        command: list[str | Path] = ["load", story.file, "--base-url", serving.url, "--from-type", "contacts"]
        command += ["--to-type", "companies", "--max-attempts", "2", "--stop-after-failures", "0"]
        workers = random.choice([4, 16, 100])
        command += ["--workers", str(workers)]
        lasts = 1.0 + len(story.rows) * sum(LATENCY) / 2 / workers  # seconds that a whole run takes, about
        pilot = ["--limit", str(random.randrange(1, len(story.rows)))] if random.random() < 0.3 else []
        faults: list[str] = []
        while sum(end.code not in (0, 1) for end in ends) < kills:
            moment = random.choices(list(MOMENTS), list(MOMENTS.values()))[0]
            ended = _run_and_kill(
                [*command, *pilot], story, random, moment, lasts, lambda: len(state.requests)
            )
            left = report_of(story.file).with_name(f"{report_of(story.file).name}.ordering").exists()
            names[f"{moment}: {ended.how}{', half an ordered copy left' if left else ''}"] += 1
            faults += ended.faults
            ends.append(ended.end)
            if ended.end.code in (0, 1) and not pilot:
                break  # everything is done; the last run finds nothing to do
            if pilot and (ended.end.code in (0, 1) or random.random() < 0.3):
                pilot = []
        last = start(*command)
        out, err = last.communicate(timeout=_LONGEST_STORY)
        if last.returncode != story.exit_code:
            faults.append(f"the last run ended with {last.returncode}: {out}{err}")
        found = serving.ask(lambda simulator: check(story, simulator.state, ends, LATENCY[1]))
    return Result(number, names, found.sent_twice, faults + found.faults)


class _Ended(NamedTuple):
    end: End
    how: str
    faults: list[str]


def _run_and_kill(
    command: list[str | Path],
    story: Story,
    random: Random,
    moment: str,
    lasts: float,
    requests: Callable[[], int],
) -> _Ended:
    gentle = os.name == "posix" and random.random() < 0.15
    started = time.monotonic()
    process = start(*command)
    watch = _Watch(process, report_of(story.file), requests)
    began = requests()
    _wait_for(moment, watch, random, lasts, len(story.rows))
    number = signal.SIGKILL if os.name == "posix" else signal.SIGTERM
    if gentle and requests() > began:  # before that Python itself may not be up yet
        number = random.choice([signal.SIGTERM, signal.SIGINT])
    at = time.monotonic()
    running = process.poll() is None
    if running:
        process.send_signal(number)
    out, err = process.communicate(timeout=_LONGEST_STORY)
    faults = []
    if running and number in (signal.SIGTERM, signal.SIGINT) and os.name == "posix":
        faults = _gentle_faults(process.returncode, number, out + err)
        at = time.monotonic()  # what was in flight has ended and stands in the report
    if "Traceback" in err or "inside assoc-loader" in err:
        faults.append(f"{moment}: {err}")
    how = signal.Signals(number).name if process.returncode not in (0, 1) else _TOO_LATE
    return _Ended(End(started, at, process.returncode), how, faults)


def _wait_for(moment: str, watch: _Watch, random: Random, lasts: float, rows: int) -> None:
    began = watch.requests()
    ordering = watch.report.with_name(watch.report.name + ".ordering")
    match moment:
        case "any time":
            time.sleep(random.uniform(0, lasts))
        case "pre-pass":
            time.sleep(random.uniform(0.2, 0.6))
        case "first request":
            watch.until(lambda: watch.requests() > began)
        case "in flight":
            left = rows - watch.records()  # else most runs after the first would end before that request
            wanted = began + random.randrange(1, max(2, left))
            watch.until(lambda: watch.requests() >= wanted)
        case "flushing":
            for _ in range(random.randrange(1, 8)):
                watch.until(watch.growth())
        case _:
            inode = watch.report.stat().st_ino if watch.report.exists() else 0
            if watch.until(ordering.exists):
                time.sleep(random.choice([0, 0, random.uniform(0, 0.005)]))
            elif watch.report.exists() and watch.report.stat().st_ino != inode:
                time.sleep(random.uniform(0, 0.01))


def _gentle_faults(code: int, number: signal.Signals, said: str) -> list[str]:
    wanted = 130 if number == signal.SIGINT else 143
    if code in (0, 1, -number):  # it had finished, or Python was about to leave
        return []
    if code != wanted or "The same command goes on" not in said:
        return [f"{number.name}: exit {code}, and it said: {said}"]
    return []


def campaign(seed: int, kills: int, parallel: int, tell: Callable[[str], None]) -> bool:
    """Play stories until so many runs were ended before their end; say whether everything held."""
    root = Path(tempfile.mkdtemp(prefix="kills-"))

    def play(number: int) -> Result:
        folder = root / f"story-{number}"
        folder.mkdir()
        return tell_story(seed, number, min(_KILLS_PER_STORY, -(-kills // parallel)), folder)

    total: Counter[str] = Counter()
    stories = twice = broken = 0
    with ThreadPoolExecutor(parallel) as pool:
        while sum(count for name, count in total.items() if _TOO_LATE not in name) < kills:
            for result in pool.map(play, range(stories, stories + parallel)):
                total += result.ends
                twice += result.sent_twice
                broken += bool(result.faults)
                for fault in result.faults[:_MOST_TOLD]:
                    tell(f"story {result.number} ({root / f'story-{result.number}'}): {fault}")
            stories += parallel
    for name, count in sorted(total.items()):
        tell(f"{count:5} {name}")
    tell(f"{total.total()} runs in {stories} stories, {twice} pairs sent twice, {broken} stories broken")
    return not broken


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.kills", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    return 0 if campaign(options.seed, options.kills, options.parallel, print) else 1


if __name__ == "__main__":
    sys.exit(main())
