"""The checkpoint and the report at full size: how fast, against what must be done in any case.

    python -m tests.benchmarks.checkpoint [--rows N]

| bar | |
| --- | --- |
| record and settle by 2,000 | at least 100,000 pairs a second, with less than 60 % of a core at that speed |
| settle single pairs | at least 4,000 a second; the event loop is held up for less than 50 ms |
| index for a resumed load | 1,000,000 pairs within 1.5 s (3 s to the first request, the input read as well) |
| report of 1,000,000 rows | within 8 s, and 3 times pandas' reading and csv's writing of the same |
| counts for `summary` | 1,000,000 pairs within 1 s |
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import gc
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd

from loader.checkpoint import Checkpoint, CheckpointJournal, LoadFiles
from loader.checkpoint.index import Index, read_index
from loader.checkpoint.reading import count_outcomes
from loader.model import Outcome, OutcomeGroup, Pair, Status
from loader.report.writer import write_report
from loader.source import Chunk, Columns, Source, open_input

_GROUP = 2_000
_AHEAD = 200_000  # pairs that are recorded while as many are sent: two seconds' worth
_SINGLES = 40_000


def write_input(path: Path, rows: int) -> None:
    """IDs of eleven digits, as HubSpot gives them now, and two further columns."""
    rng = Random(1)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("from_object_id,to_object_id,email,note\n")
        for number in range(rows):
            ids = f"{rng.randrange(10**10, 10**11)},{rng.randrange(10**10, 10**11)}"
            file.write(f"{ids},person{number}@example.com,note {number}\n")


def timed(what: str, call: Callable[[], object]) -> float:
    """Print how many seconds a call takes, and of them the processor's, which a busy machine changes less."""
    began, used = time.perf_counter(), time.process_time()
    call()
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    print(f"{what:<28}{seconds:>12.2f} s   {cpu:>6.2f} s of a core")
    return seconds


async def fill(checkpoint: Checkpoint, source: Source) -> None:
    """Send nothing, and settle every pair of the input by groups; prints how fast."""
    index = read_index(checkpoint)
    pairs: list[Pair] = []
    for chunk in source.chunks(source.survey()):
        pairs += pairs_of(chunk, index.number(np.zeros(len(chunk.types), dtype=np.int64)).tolist())
    began, used = time.perf_counter(), time.process_time()
    journal = CheckpointJournal(checkpoint)
    sending: list[Pair] = []
    for start in range(0, len(pairs) + _AHEAD, _AHEAD):
        following = pairs[start : start + _AHEAD]
        recorded = asyncio.create_task(journal.record(following, "no"))
        for first in range(0, len(sending), _GROUP):
            group = sending[first : first + _GROUP]
            journal.settle(OutcomeGroup(group, associated(group[0], f"batch-{start + first}")))
            await asyncio.sleep(0)
        await recorded
        sending = following
    await asyncio.to_thread(journal.close)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    print(f"record and settle by 2,000: {len(pairs) / seconds:>12,.0f} pairs/s")
    print(f"  of a core at 100,000/s:   {cpu / len(pairs) * 100_000:>12.0%}")


async def single(checkpoint: Checkpoint) -> None:
    """Settle pairs one by one at 4,000 a second, in the course of an event loop; prints how it went."""
    journal = CheckpointJournal(checkpoint)
    start = checkpoint.next_id
    pairs = [
        Pair(1, "contacts", str(one), "companies", "1", "", one) for one in range(start, start + _SINGLES)
    ]
    await journal.record(pairs, "")
    gc.collect()
    gc.freeze()
    worst, began = 0.0, time.perf_counter()
    for number, pair in enumerate(pairs):
        journal.settle(OutcomeGroup([pair], associated(pair, f"{number:08}-0000-0000-0000-000000000000")))
        if number % 20 == 0:
            due = began + number / 4_000
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            worst = max(worst, time.perf_counter() - max(due, began))
    await asyncio.to_thread(journal.close)
    print(f"settle single pairs:        {_SINGLES / (time.perf_counter() - began):>12,.0f} pairs/s")
    print(f"  latest step of the loop:  {worst * 1000:>12.1f} ms late")
    with checkpoint.transaction() as db:
        db.execute("DELETE FROM pair WHERE id >= ?", (start,))


def associated(pair: Pair, correlation_id: str) -> Outcome:
    """A success."""
    types = "HUBSPOT_DEFINED:279;HUBSPOT_DEFINED:280"
    return Outcome(pair, Status.ASSOCIATED, time.time(), 200, 1, types, "no", correlation_id=correlation_id)


def pairs_of(chunk: Chunk, ids: list[int]) -> list[Pair]:
    """The chunk's pairs with their IDs."""
    columns = chunk.rows_of.tolist(), chunk.from_ids.tolist(), chunk.to_ids.tolist(), ids
    return [
        Pair(row, "contacts", str(from_id), "companies", str(to_id), "", one)
        for row, from_id, to_id, one in zip(*columns, strict=True)
    ]


def find_all(checkpoint: Checkpoint, source: Source) -> None:
    """What a resumed load does before its first request: read the index and find every pair."""
    index = read_index(checkpoint)
    source.survey(visit=lambda chunk: see(index, chunk, source))
    assert index.settled_seen() == index.known


def see(index: Index, chunk: Chunk, source: Source) -> None:
    """Find a chunk's pairs."""
    index.see(index.find(chunk.from_ids, chunk.to_ids, chunk.types, source.type_pairs))


def plainly(report: Path, copy: Path) -> None:
    """pandas' reading and csv's writing of the same rows."""
    frame = pd.read_csv(report, dtype=str, keep_default_na=False)
    with copy.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(frame.columns)
        writer.writerows(frame.itertuples(index=False, name=None))


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        files = LoadFiles.of(Path(folder, "pairs.csv"), None, None)
        assert files.input is not None
        write_input(files.input, rows)
        with Checkpoint(files.checkpoint, may_create=True) as checkpoint:
            checkpoint.begin_run("load", files=files)
            source = Source(open_input(str(files.input)), Columns(from_type="contacts", to_type="companies"))
            asyncio.run(fill(checkpoint, source))
            asyncio.run(single(checkpoint))
            print(f"bytes a pair on the disk:   {files.checkpoint.stat().st_size / rows:>12.1f}")
            timed("survey of the input:", source.survey)
            timed("  with index and finding:", lambda: find_all(checkpoint, source))
            timed("counts for summary:", lambda: count_outcomes(checkpoint))
            survey = source.survey()
            took = timed(
                "report:",
                lambda: write_report(
                    checkpoint,
                    files.report,
                    source.chunks(survey, with_rests=True),
                    source.type_pairs,
                    source.other_names,
                ),
            )
            plain = timed("pandas and csv:", lambda: plainly(files.report, Path(folder, "copy.csv")))
            print(f"  report to that:           {took / plain:>12.2f} times")
    print(
        f"peak memory:                {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:>12.0f} MiB"
    )


if __name__ == "__main__":
    main()
