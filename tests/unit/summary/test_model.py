"""What a load came to: counts that can't disagree, and the one command that comes next."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from loader.model import Status
from loader.summary import OutcomeCount, Run, group_by_cause
from loader.summary.catalogue import Fix
from tests.support.summaries import INVOCATION, NOON, example, invalid, refused, summary_of, unavailable

GOOD = OutcomeCount(Status.ASSOCIATED, 10)
MISSING = OutcomeCount(Status.ASSOCIATED, 2, verified="missing")
UNKNOWN = OutcomeCount(Status.EXISTING, 1, verified="unknown")


def test_outcomes_come_down_to_causes_the_largest_first() -> None:
    groups = group_by_cause([refused(2), GOOD, refused(3, row=90), unavailable(1), invalid(0)])
    assert [(group.status, group.cause.key, group.pairs) for group in groups] == [
        (Status.ASSOCIATED, "associated", 10),
        (Status.FAILED, "record_missing", 5),
        (Status.GAVE_UP, "server_trouble", 1),
    ]
    assert groups[1].example is not None
    assert groups[1].example.row == 3, "the first one seen"


def test_memory_grows_with_the_causes_alone() -> None:
    tracemalloc.start()
    try:
        (group,) = group_by_cause(
            OutcomeCount(Status.FAILED, 1, example(n), 400, "X", f"message {n}") for n in range(5_000)
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert group.pairs == 5_000
    assert peak < 500_000


def test_every_pair_is_counted_once() -> None:
    summary = summary_of(
        [
            *(GOOD, MISSING, UNKNOWN, refused(4), unavailable(3), invalid(2)),
            *(OutcomeCount(status, 5) for status in (Status.DUPLICATE, Status.EMPTY)),
            *(OutcomeCount(status, 7) for status in (Status.REMOVED, Status.NOT_SENT)),
        ]
    )
    assert summary.counts.keys() == set(Status), "zero included"
    assert summary.pairs == 10 + 2 + 1 + 4 + 3 + 2 + 7 + 7
    assert (summary.associated, summary.needs_attention, summary.not_sent) == (10, 12, 7)
    removed = summary.counts[Status.REMOVED]
    assert summary.associated + summary.needs_attention + removed + summary.not_sent == summary.pairs
    assert not summary.finished


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (GOOD, 0),
        (OutcomeCount(Status.EXISTING, 1), 0),
        (OutcomeCount(Status.DUPLICATE, 1), 0),
        (OutcomeCount(Status.EMPTY, 1), 0),
        (OutcomeCount(Status.NOT_SENT, 1), 0),
        (refused(1), 1),
        (unavailable(1), 1),
        (invalid(1), 1),
        (OutcomeCount(Status.REMOVED, 1), 1),
        (MISSING, 1),
        (UNKNOWN, 1),
    ],
)
def test_the_exit_code_is_that_of_what_was_taken_up(outcome: OutcomeCount, code: int) -> None:
    assert summary_of([outcome]).exit_code == code


NOT_SENT = OutcomeCount(Status.NOT_SENT, 5)


@pytest.mark.parametrize(
    ("outcomes", "command"),
    [
        ([GOOD, refused(1), NOT_SENT], INVOCATION.load()),
        ([GOOD, refused(1), unavailable(1), UNKNOWN], INVOCATION.load(retry=True)),
        ([GOOD, MISSING], INVOCATION.load(retry=True)),
        ([GOOD, refused(1), invalid(1)], INVOCATION.load()),
        ([GOOD, UNKNOWN], INVOCATION.verify()),
        ([GOOD], INVOCATION.verify()),
    ],
)
def test_the_next_command(outcomes: list[OutcomeCount], command: str) -> None:
    step = summary_of(outcomes).next_step
    assert step is not None
    assert step.command == command
    assert step.words.endswith(":")


def test_nothing_is_left_to_do_once_all_were_read_back() -> None:
    assert summary_of([GOOD], verified={"present": 10}).next_step is None


def test_what_undo_removed_can_be_made_again() -> None:
    step = summary_of([OutcomeCount(Status.REMOVED, 3)]).next_step
    assert step is not None
    assert step.command.startswith("assoc-loader load pairs.csv --retry")


def test_after_practice_comes_a_pilot_for_real() -> None:
    summary = summary_of([GOOD, refused(1), NOT_SENT], simulated=True)
    assert summary.next_step is not None
    assert summary.next_step.command == INVOCATION.load(limit=10)
    assert summary.command_for(Fix.RETRY) == "", "the simulator has ended"


def test_plain_values_have_everything() -> None:
    summary = summary_of([GOOD, refused(4)], not_in_input={Status.ASSOCIATED: 3}, verified={"present": 9})
    value = json.loads(json.dumps(summary.as_dict()))
    assert value["counts"] == dict.fromkeys(map(str, Status), 0) | {"associated": 10, "failed": 4}
    assert value["not_in_input"]["associated"] == 3
    assert value["verified"] == {"present": 9, "missing": 0, "unknown": 0}
    assert value["last_result_at"] == "2026-11-24T12:10:30+00:00"
    good, failed = value["causes"]
    assert (good["command"], failed["command"]) == (None, INVOCATION.load())
    assert failed["example"]["correlation_id"] == "id-3"
    assert value["next_command"] == INVOCATION.load()


def test_a_run_as_plain_values() -> None:
    run = Run(command="load", started_at=NOON, ended_at=NOON + 2.5, exit_code=3, counts={Status.FAILED: 1})
    value = json.loads(json.dumps(run.as_dict()))
    assert (value["seconds"], value["counts"]["failed"], value["stopped"]) == (2.5, 1, None)
    assert Run(command="load", started_at=NOON).as_dict()["seconds"] is None
