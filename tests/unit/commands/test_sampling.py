"""The sample of a column and its busiest records."""

from __future__ import annotations

from loader.commands.sampling import SAMPLE, ColumnSample


def test_the_busiest_are_found_in_bounded_memory_and_never_overcounted() -> None:
    column = ColumnSample()
    for start in range(0, 400_000, 20_000):
        column.add([str(n) for n in range(start, start + 20_000)] + ["hub"] * 100)
    (busiest,) = column.busiest(1)
    assert busiest.record_id == "hub"
    assert 2000 - 400_000 / 50_000 * 2 <= busiest.pairs <= 2000
    assert [busy.record_id for busy in column.busier_than(1000)] == ["hub"]


def test_the_sample_is_distinct_and_the_same_in_any_order() -> None:
    ids = [str(n) for n in range(5000)]
    one, other = ColumnSample(), ColumnSample()
    one.add(ids)
    other.add(ids[::-1][:2500])
    other.add(ids * 2)
    assert one.sample == other.sample
    assert len(set(one.sample)) == SAMPLE
