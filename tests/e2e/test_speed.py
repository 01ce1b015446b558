"""Short forms of the benchmarks, with bars so slack that only a real loss of speed fails them."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

import pytest

from tests.benchmarks.put import rates_of, ratio
from tests.benchmarks.startup import ratios, seconds_to_start
from tests.benchmarks.throughput import answering_batches, load, many_pairs, reference


def test_load_by_put_keeps_up_with_a_bare_pool() -> None:
    """The benchmark's own bar is 0.85 (`python -m tests.benchmarks.put`)."""
    rates = rates_of(["load", "bare aiohttp pool"], rows=3_000, rounds=3)
    assert ratio(rates, "sending", "bare aiohttp pool") > 0.6, rates


def test_answers_that_take_long_are_waited_for_at_once() -> None:
    rates = rates_of(["load"], rows=640, rounds=1, delay=0.1)
    assert median(rates["load"]["sending"]) > 300, rates  # of 640


def test_help_does_not_wait_for_what_only_a_load_needs() -> None:
    """pandas alone would make it six times as long."""
    assert max(ratios(seconds_to_start(rounds=5)).values()) < 3.5


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_a_load_by_batch_is_fast_and_holds_few_rows_at_a_time(tmp_path: Path) -> None:
    """The bars are 0.60 and, for a million rows, 200 MB (`python -m tests.benchmarks.throughput`)."""
    file = many_pairs(tmp_path, 300_000)
    with answering_batches() as port:
        loads = [load(port, file) for _ in range(3)]
    seconds = median(one.seconds for one in loads)
    assert reference(file, tmp_path) / seconds > 0.25, loads
    assert max(one.peak for one in loads) < 200, loads
