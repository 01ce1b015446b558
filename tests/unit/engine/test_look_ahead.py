"""How far ahead pairs are looked up, by the pace and by the share that turned out to be missing."""

from __future__ import annotations

import pytest

from loader.engine.look_ahead import LookAhead
from loader.model import Pair
from tests.support.engine import contacts


@pytest.mark.parametrize(("per_second", "most"), [(10, 250), (19, 475), (0.1, 2), (1000, 1000), (1e6, 1000)])
def test_one_look_up_is_for_25_seconds_of_sending(per_second: float, most: int) -> None:
    ahead = LookAhead(lambda: per_second)
    ahead.add(contacts(5000))
    assert len(ahead.take().pairs) == most
    assert ahead.waiting == 5000 - most


def test_the_next_one_is_due_when_ten_seconds_are_left() -> None:
    ahead = LookAhead(lambda: 10.0)
    ahead.add(contacts(5000))
    assert ahead.is_due(99)
    assert not ahead.is_due(100)
    ahead.under_way = 60  # all of them may be missing
    assert ahead.is_due(39)
    assert not ahead.is_due(40)


def test_if_hardly_any_pair_is_missing_more_are_looked_up_at_once() -> None:
    ahead = LookAhead(lambda: 10.0)
    ahead.add(contacts(5000))
    for _ in range(20):
        ahead.learn(100, 0)
    assert len(ahead.take().pairs) == 1000
    ahead.under_way = 5000
    assert ahead.is_due(0)
    ahead.learn(100, 100)  # at once, when pairs are missing again
    assert not ahead.is_due(0)


def test_the_memory_bounds_it_too() -> None:
    ahead = LookAhead(lambda: 1e6)
    ahead.add(contacts(10))
    assert ahead.is_due(39_999)
    assert not ahead.is_due(40_000)


def test_few_records_with_many_pairs_make_larger_look_ups() -> None:
    ahead = LookAhead(lambda: 1e6)
    ahead.add([Pair(n, "contacts", str(n // 50), "companies", str(n)) for n in range(30_000)])
    assert len(ahead.take().pairs) == 10_000


def test_an_item_has_one_pair_of_types_and_the_withdrawn_come_first() -> None:
    ahead = LookAhead(lambda: 1e6)
    deals = [pair._replace(to_type="deals") for pair in contacts(10, 100)]
    ahead.add([*contacts(10), *deals])
    ahead.add(deals[:3], first=True)
    taken = [ahead.take(), ahead.take()]
    assert [item.pairs[0].to_type for item in taken] == ["deals", "companies"]
    assert taken[0].pairs[:4] == [*deals[:3], deals[0]]
    assert all(item.look_up for item in taken)
    assert ahead.waiting == 0
