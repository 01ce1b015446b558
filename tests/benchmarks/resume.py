"""How long a resumed load takes until its first request, and how long the report takes.

    python -m tests.benchmarks.resume [--rows N]

Loads N pairs by batch, adds two pairs to the file, and gives the same command again. Bars: the first request
3 s after the start of the process at 1,000,000 settled pairs, and 30 s at 10,000,000; peak memory 200 and
500 MiB; the report of 1,000,000 rows within 8 s, and 3 times pandas' reading and csv's writing of the same;
`summary` within 1 s. In brackets: seconds of the processor, which a busy machine changes less.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks.checkpoint import plainly
from tests.benchmarks.throughput import answering_batches, many_pairs
from tests.campaigns.soak import peak_memory
from tests.support.command import TYPES, environment, report_of


class Measured(NamedTuple):
    """Seconds of the whole command, of the processor, until its first request for pairs; MiB at its peak."""

    seconds: float
    processor: float
    first_request: float
    peak: float


def measure(*arguments: str | Path, log: Path | None = None) -> Measured:
    """Run a command to its end."""
    options = ["--log-file", str(log)] if log else []
    began, peak = time.time(), 0.0
    process = subprocess.Popen(
        [sys.executable, "-m", "loader", *map(str, arguments), *options],
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        peak = max(peak, peak_memory(process.pid))
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    assert process.returncode == 0, arguments
    processor = ended[2].ru_utime + ended[2].ru_stime
    return Measured(time.time() - began, processor, _first_request(log) - began if log else 0.0, peak)


def _first_request(log: Path) -> float:
    """Unix time at which the first request for pairs was sent."""
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["event"] == "request" and event["method"] in ("PUT", "POST"):
            return float(event["time"]) - float(event["milliseconds"]) / 1000
    raise AssertionError("no request for pairs")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name, answering_batches() as port:
        folder = Path(name)
        file = many_pairs(folder, rows)
        options = ["--method", "batch", "--base-url", f"http://127.0.0.1:{port}", "--rate", "1000000/1", "-q"]
        command: tuple[str | Path, ...] = ("load", file, *TYPES, *options)
        first = measure(*command)
        with file.open("a", encoding="utf-8") as lines:
            lines.write("1,2\n3,4\n")  # two, which go by batch
        again = measure(*command, log=folder / "log")
        report, summary = measure("report", file), measure("summary", file)
        plain, used = time.time(), time.process_time()
        plainly(report_of(file), folder / "copy.csv")
        plain, used = time.time() - plain, time.process_time() - used
    print(f"| {rows:,} pairs | seconds | MiB |\n| --- | ---: | ---: |")
    print(f"| load | {_seconds(first)} | {first.peak:.0f} |")
    print(f"| resumed: first request | {again.first_request:.1f} | |")
    print(f"| resumed: whole command | {_seconds(again)} | {again.peak:.0f} |")
    print(f"| report | {_seconds(report)} | {report.peak:.0f} |")
    print(f"| pandas reads and csv writes the same | {plain:.1f} ({used:.1f}) | |")
    print(f"| summary | {_seconds(summary)} | {summary.peak:.0f} |")
    print(f"\nreport: {report.processor / used:.2f} times pandas and csv, in seconds of the processor")


def _seconds(measured: Measured) -> str:
    return f"{measured.seconds:.1f} ({measured.processor:.1f})"


if __name__ == "__main__":
    main()
