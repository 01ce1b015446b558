"""Short forms of the benchmarks, in processor time, so that other work on the machine does not decide."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.benchmarks.put import rates_of, ratio
from tests.benchmarks.throughput import answering_batches, load, many_pairs, reference


def test_a_put_takes_little_more_of_the_processor_than_in_a_bare_pool() -> None:
    """The bar of the benchmark is 0.60 (`python -m tests.benchmarks.put`)."""
    rates = rates_of(["load", "bare aiohttp pool"], rows=1_500, rounds=1)
    assert ratio(rates, "processor", "bare aiohttp pool", "processor") > 0.4, rates


@pytest.mark.skipif(os.name != "posix", reason="asks the system what a child process used")
def test_a_row_of_a_batch_takes_little_processor_and_memory(tmp_path: Path) -> None:
    """The bar of the benchmark is 200 MiB for a million rows (`python -m tests.benchmarks.throughput`)."""
    few, many = [many_pairs(tmp_path / str(rows), rows) for rows in (2_000, 32_000)]
    with answering_batches() as port:
        start, whole = load(port, few), load(port, many)
    per_row = (whole.processor - start.processor) / 30_000
    assert reference(many, tmp_path).processor / 32_000 / per_row > 0.06, (start, whole)
    if sys.platform == "linux":  # the peak is read from /proc
        assert 0 < whole.peak < 200, whole
