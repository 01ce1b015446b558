"""Short forms of the benchmarks, the best of three in processor time, so that other work does not decide.

They run in this process, which has imported everything. The bars find what has become twice as slow.
"""

from __future__ import annotations

import gc
import importlib
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

import loader
from tests.benchmarks import fast_server, put_clients
from tests.benchmarks.throughput import answering_batches, many_pairs, read_and_write
from tests.support.command import TOKEN, report_of

#: Bytes that are held for each of 300 rows while the load goes on: most are those of the rows in flight.
MOST_BYTES = 3_000


@pytest.fixture(autouse=True)
def _as_the_command_line_does(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in ("pandas", "loader.commands.load"):  # no test's time
        importlib.import_module(module)
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", TOKEN)
    before = gc.get_threshold()
    gc.set_threshold(400_000, 20, 50)
    yield
    gc.set_threshold(*before)


def load(url: str, file: Path, **more: object) -> None:
    options = {"from_type": "contacts", "to_type": "companies", "rate": "1000000/1", "base_url": url} | more
    assert loader.load(file, **options).exit_code == 0  # type: ignore[arg-type] # by name


def test_a_put_takes_little_more_of_the_processor_than_in_a_bare_pool() -> None:
    """The bar of the benchmark is 0.60 (`python -m tests.benchmarks.put`)."""
    with fast_server.serving() as url:
        put_clients.load(url, 20, 20)  # imports what it needs
        ratios = [
            put_clients.load(url, 500, 64)["processor"] / put_clients.bare_pool(url, 500, 64)["processor"]
            for _ in range(3)
        ]
    assert max(ratios) > 0.3, ratios


def test_a_row_of_a_batch_takes_little_processor(tmp_path: Path) -> None:
    """The bar of the benchmark is 0.60 by the clock (`python -m tests.benchmarks.throughput`)."""
    few, many = [many_pairs(tmp_path / str(rows), rows) for rows in (1_000, 13_000)]
    ratios = []
    with answering_batches() as port:
        load(f"http://127.0.0.1:{port}", few, method="batch")
        for _ in range(3):
            began = time.process_time()
            load(f"http://127.0.0.1:{port}", many, method="batch", overwrite=True)
            loaded = time.process_time()
            read_and_write(many, report_of(many), tmp_path / "out.csv")
            ratios.append((time.process_time() - loaded) / (loaded - began))
    assert max(ratios) > 0.1, ratios


def test_a_row_leaves_nothing_in_memory(tmp_path: Path) -> None:
    """A million rows may take 200 MiB (`python -m tests.campaigns.soak`)."""

    def measure(_outcome: loader.Outcome) -> None:
        settled.append(0)
        if len(settled) == 200:
            tracemalloc.start()
        if len(settled) == 500:
            settled[0] = tracemalloc.get_traced_memory()[0]
            tracemalloc.stop()

    settled: list[int] = []
    with fast_server.serving() as url:
        load(url, many_pairs(tmp_path, 600), on_outcome=measure, workers=10)
    assert settled[0] / 300 < MOST_BYTES, settled[0]
