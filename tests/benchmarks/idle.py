"""Processor time at HubSpot's own pace: `python -m tests.benchmarks.idle [--seconds N]` (not on Windows).

`load` runs at 190 requests per 10 s with its live display on a pseudo-terminal, against answers that take
100 ms: once for a quarter of the time and once for all of it. What the second run costs beyond the first is
the cost of running, and the rest that of starting; an hour is both. It prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from tests.benchmarks.fast_server import serving

_PER_SECOND = 19
_HOUR = 3600.0


def processor_seconds(url: str, rows: int) -> float:
    """Processor time, user and system, of a `load` of so many rows with its display."""
    import pty

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pairs.csv")
        path.write_text("from_object_id,to_object_id\n" + "".join(f"{n},{n}\n" for n in range(1, rows + 1)))
        ours, theirs = pty.openpty()
        reader = threading.Thread(target=_read_to_the_end, args=(ours,))
        command = [sys.executable, "-m", "loader", "load", str(path), "--rate", f"{_PER_SECOND * 10}/10"]
        command += ["--from-type", "contacts", "--to-type", "companies", "--base-url", url]
        environment = {**os.environ, "HUBSPOT_ACCESS_TOKEN": "pat-benchmark-0000", "TERM": "xterm-256color"}
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
        os.close(theirs)
        reader.start()
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
        os.close(ours)
        if run.returncode:
            raise RuntimeError(f"the load ended with exit code {run.returncode}")
        return used.ru_utime + used.ru_stime


def _read_to_the_end(terminal: int) -> None:
    with suppress(OSError):  # a pseudo-terminal raises it when its other end is closed
        while os.read(terminal, 65536):
            pass


def main() -> None:
    """Measure and print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=60)
    seconds: int = arguments.parse_args().seconds
    with serving(0.1) as url:
        short, whole = (processor_seconds(url, _PER_SECOND * n) for n in (seconds // 4, seconds))
    running = (whole - short) / (seconds - seconds // 4)
    starting = short - running * (seconds // 4)
    print("| what | processor time |")
    print("| --- | ---: |")
    print(f"| starting, reading, ending | {starting:.2f} s |")
    print(f"| running, display included | {running * 1000:.1f} ms per second |")
    print(f"| an hour | {(starting + running * _HOUR) / _HOUR:.2%} of one core |")


if __name__ == "__main__":
    main()
