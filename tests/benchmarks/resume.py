"""How long a resumed load takes until its first request, and how long the report takes.

    python -m tests.benchmarks.resume [--rows N]

Loads N pairs by batch, adds two pairs to the file, and gives the same command again. Bars: the first request
3 s after the start of the process at 1,000,000 settled pairs, and 30 s at 10,000,000; peak memory 200 and
500 MiB; the report of 1,000,000 rows within 8 s; `summary` within 1 s.
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

from tests.benchmarks.throughput import answering_batches, many_pairs
from tests.campaigns.soak import peak_memory
from tests.support.command import TYPES, environment


class Measured(NamedTuple):
    """Seconds of the whole command and until its first request for pairs (0: none), MiB at its peak."""

    seconds: float
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
    return Measured(time.time() - began, _first_request(log) - began if log else 0.0, peak)


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
    print(f"| {rows:,} pairs | seconds | MiB |\n| --- | ---: | ---: |")
    print(f"| load | {first.seconds:.1f} | {first.peak:.0f} |")
    print(f"| resumed: first request | {again.first_request:.1f} | |")
    print(f"| resumed: whole command | {again.seconds:.1f} | {again.peak:.0f} |")
    print(f"| report | {report.seconds:.1f} | {report.peak:.0f} |")
    print(f"| summary | {summary.seconds:.1f} | {summary.peak:.0f} |")


if __name__ == "__main__":
    main()
