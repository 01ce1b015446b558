"""The counters of a run."""

from __future__ import annotations

from collections import Counter

import pytest

from loader.engine.stats import RunStats
from loader.model import Outcome, OutcomeGroup, Status
from tests.support.engine import contacts


def group(status: Status, pairs: int) -> OutcomeGroup:
    found = contacts(pairs)
    return OutcomeGroup(found, Outcome(found[0], status, 0.0))


def test_outcomes_are_counted_with_those_of_earlier_runs() -> None:
    stats = RunStats(total=10, by_status=Counter({Status.ASSOCIATED: 2}))
    stats.add(group(Status.ASSOCIATED, 3))
    stats.add(group(Status.EXISTING, 1))
    assert stats.by_status == {Status.ASSOCIATED: 5, Status.EXISTING: 1}
    assert (stats.settled, stats.exit_code) == (6, 0)


@pytest.mark.parametrize("status", [Status.FAILED, Status.GAVE_UP, Status.INVALID])
def test_one_pair_that_needs_attention_makes_the_exit_code_1(status: Status) -> None:
    stats = RunStats()
    stats.add(group(Status.ASSOCIATED, 3))
    stats.add(group(status, 1))
    assert stats.exit_code == 1


def test_each_outcome_is_told() -> None:
    told: list[Outcome] = []
    stats = RunStats(on_outcome=told.append)
    stats.add(group(Status.ASSOCIATED, 3))
    assert [outcome.pair.row for outcome in told] == [1, 2, 3]
