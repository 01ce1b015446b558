"""A long run: `python -m tests.campaigns.soak [--rows 1000000]`. POSIX only.

Loads a tenth of the rows, then all of them, against a fast server in another process, and prints what each
took: time, requests per second, peak memory, and the most files open at once. Memory and files must not grow
with the file: the peak of the whole may be at most 1.5 times that of the tenth.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from tests.campaigns.soak_server import serve
from tests.support.command import TYPES, report_of, start, write_pairs

#: How much more memory, and how many more open files (by chance of sampling) a longer run may have.
MOST_GROWTH, MOST_MORE_FILES = 1.5, 8


class Load(NamedTuple):
    """What one load took: seconds, MiB at its peak, the most open files (0: not known here)."""

    rows: int
    seconds: float
    peak: float
    files: int


def load(url: str, folder: Path, rows: int) -> Load:
    """Load so many rows to the end; RuntimeError if that fails or the report is wrong."""
    file = write_pairs(
        folder / f"{rows}.csv", ((n, n + 10**9, f"note {n}") for n in range(1, rows + 1)), ["note"]
    )
    began, files, peak = time.monotonic(), 0, 0.0
    with (folder / f"{rows}.log").open("w") as log:
        process = start("load", file, "--base-url", url, *TYPES, stdout=log, stderr=log)
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            files, peak = max(files, _open_files(process.pid)), max(peak, peak_memory(process.pid))
            time.sleep(0.05)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    seconds = time.monotonic() - began
    if process.returncode != 0:
        raise RuntimeError(f"exit {process.returncode}: {(folder / f'{rows}.log').read_text()[-2000:]}")
    with report_of(file).open("rb") as report:
        next(report)
        for number, line in enumerate(report, 1):
            if not line.startswith(
                f"{number},contacts,{number},companies,{number + 10**9},associated,".encode()
            ):
                raise RuntimeError(f"line {number} of the report: {line!r}")
    if number != rows:
        raise RuntimeError(f"the report has {number} rows")
    per_unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
    # For an ended child the system also counts the memory of its parent, since the fork shares it at first.
    return Load(rows, seconds, peak or ended[2].ru_maxrss * per_unit / 2**20, files)


def peak_memory(pid: int) -> float:
    """The most MiB that a running process has held; 0 without /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    kib = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return next(kib, 0) / 1024


def _open_files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:  # no /proc here, or the process has just ended
        return 0


def soak(*sizes: int) -> list[Load]:
    """Run loads of these sizes and print the table."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        url = _url(ours)
        with tempfile.TemporaryDirectory(prefix="soak-") as folder:
            print(f"{'rows':>10} {'seconds':>8} {'per second':>10} {'peak MiB':>9} {'files':>6}", flush=True)
            loads = []
            for size in sizes:
                loads.append(one := load(url, Path(folder), size))
                print(
                    f"{one.rows:10,} {one.seconds:8.1f} {one.rows / one.seconds:10,.0f} {one.peak:9.0f} "
                    f"{one.files:6}",
                    flush=True,
                )
    finally:
        server.terminate()
        server.join()
    return loads


def _url(ours: Connection) -> str:
    if not ours.poll(30):
        raise RuntimeError("the server did not start")
    return str(ours.recv())


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.soak", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    tenth, whole = soak(rows // 10, rows)
    growth = whole.peak / tenth.peak
    print(f"peak memory grew {growth:.2f} times (at most {MOST_GROWTH})")
    return 0 if growth <= MOST_GROWTH and whole.files <= tenth.files + MOST_MORE_FILES else 1


if __name__ == "__main__":
    sys.exit(main())
