"""What `--method batch` and `--skip-existing` cost: requests at full size, and time per row.

    python -m tests.benchmarks.batch [--rows N] [--profile]

The bars in requests per 100,000 pairs: 50 if all are good, 150 to look at rows that all exist; with 1 % bad
rows 25,000 if HubSpot refuses whole batches, 1,200 if it answers 207, or 200 with errors.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from loader.commands.load import run_load
from loader.commands.result import RunResult
from loader.settings import LoadSettings
from loader.simulator import Simulator, SimulatorSettings, SimulatorState
from tests.support.command import Serving, write_pairs


def measure(
    file: Path, settings: SimulatorSettings, state: SimulatorState, **more: Any
) -> tuple[RunResult, float]:
    """One load against a simulator in a thread of its own; seconds are of its thread's processor time."""
    with Serving(lambda: Simulator(settings, state=state)) as serving:
        options: dict[str, Any] = {
            "rate": "1000000/1",
            "from_type": "contacts",
            "to_type": "companies",
            "overwrite": True,
        }
        began = time.thread_time()
        summary = asyncio.run(
            run_load(LoadSettings(input=str(file), base_url=serving.url, **options, **more))
        )
        return summary, time.thread_time() - began


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    os.environ["HUBSPOT_ACCESS_TOKEN"] = "pat-benchmark"
    rows = arguments.rows
    bad = set(random.Random(1).sample(range(rows), rows // 100))
    with tempfile.TemporaryDirectory() as folder:
        file = write_pairs(Path(folder) / "pairs.csv", [(10**10 + i, 2 * 10**10 + i) for i in range(rows)])
        good = SimulatorState()
        profile = cProfile.Profile()
        if arguments.profile:
            profile.enable()
        show("all good", *measure(file, SimulatorSettings(rate_limit=0), good, method="batch"), rows, 50)
        if arguments.profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        show(
            "all exist", *measure(file, SimulatorSettings(rate_limit=0), good, skip_existing=True), rows, 150
        )
        forms: tuple[tuple[Any, int], ...] = (("207", 1200), ("200", 1200), ("400", 25_000))
        for form, most in forms:
            for named in (True, False):
                state = SimulatorState()
                for i in bad:
                    state.remove_record("contacts", str(10**10 + i))
                settings = SimulatorSettings(rate_limit=0, batch_failure=form, name_bad_pairs=named)
                words = f"1 % bad, {form}, {'named' if named else 'unnamed'}"
                show(words, *measure(file, settings, state, method="batch"), rows, most)


def show(what: str, result: RunResult, seconds: float, rows: int, most: int) -> None:
    """One line of the table."""
    bar = most * rows // 100_000
    counts = ", ".join(f"{count:,} {status}" for status, count in result.counts.items() if count)
    requests = result.run.requests
    verdict = "ok" if requests <= bar + 2 and result.finished else "MISSED"  # + whose account
    print(
        f"{what:24} {requests:>7,} requests (bar {bar:,}: {verdict}), {result.run.seconds or 0:5.1f} s, "
        f"{seconds / rows * 1e6:5.2f} us a row here; {counts}"
    )


if __name__ == "__main__":
    main()
