"""What the commands ask a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from loader.checkpoint import Checkpoint, UndoFinding, Verified
from loader.checkpoint.reading import (
    LeftByUndo,
    PairCount,
    Selection,
    count_outcomes,
    count_pairs,
    first_and_last_result,
    left_by_undo,
    pairs_of,
    results_per_second,
    select_pairs,
    select_stored,
    stored_pair,
)
from loader.checkpoint.results import Kind, OutcomeTexts, outcome_texts, results_of
from loader.checkpoint.statements import Statements
from loader.model import Outcome, OutcomeGroup, Pair, Status


def pairs(*ids: int) -> list[Pair]:
    return [Pair(0, "contacts", str(100 + one), "companies", "9", "", one) for one in ids]


def group(at: float, status: Status, *ids: int, **values: str) -> OutcomeGroup:
    return OutcomeGroup(
        pairs(*ids), Outcome(pairs(*ids)[0], status, at, 200, 1, "HUBSPOT_DEFINED:1", **values)
    )


@pytest.fixture
def checkpoint() -> Iterator[Checkpoint]:
    """Seven pairs: 1 and 2 associated and new, 3 existing, 4 and 5 failed, 6 not known, 7 removed."""
    with Checkpoint(Path("in-memory"), may_create=True) as opened:
        with opened.transaction() as db:
            db.execute("INSERT INTO run (command, host, pid, started_at) VALUES ('load', '', 1, 1)")
            write = Statements(db)
            write.record(pairs(1, 2, 6), "no")
            write.record(pairs(4, 5, 7), "")
            write.settle(
                [
                    group(10.25, Status.ASSOCIATED, 1, 2, existed_before="no", correlation_id="batch"),
                    group(10.5, Status.EXISTING, 3, existed_before="yes"),
                    group(
                        10.75,
                        Status.FAILED,
                        4,
                        error_category="CAT",
                        error_message="one",
                        correlation_id="four",
                    ),
                    group(12.0, Status.FAILED, 5, error_category="CAT", error_message="two"),
                    group(11.0, Status.REMOVED, 7),
                ]
            )
            write.verify(pairs(2), Verified.MISSING, 20.0)
            write.verify(pairs(3), Verified.PRESENT, 20.0)
            write.leave(
                pairs(1),
                UndoFinding.KEPT,
                Outcome(pairs(1)[0], Status.FAILED, 1.0, 403, error_message="not allowed"),
            )
            db.execute("UPDATE pair SET in_input = 0 WHERE id = 5")
        yield opened


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), [1, 2, 3, 4, 5, 6, 7]),
        (Selection(statuses=[Status.ASSOCIATED, Status.EXISTING]), [1, 2, 3]),
        (Selection(statuses=[None]), [6]),
        (Selection(statuses=[None, Status.REMOVED]), [6, 7]),
        (Selection(statuses=[]), []),
        (Selection(existed_before="no"), [1, 2, 6]),
        (Selection(existed_before="yes"), [3]),
        (Selection(existed_before=""), [4, 5, 7]),
        (Selection(verified=["missing"]), [2]),
        (Selection(verified=["", "present"]), [1, 3, 4, 5, 6, 7]),
        (Selection(in_input=False), [5]),
        (Selection(statuses=[Status.FAILED], in_input=True), [4]),
    ],
)
def test_pairs_are_selected(checkpoint: Checkpoint, selection: Selection, ids: list[int]) -> None:
    assert [one for some in select_pairs(checkpoint, selection) for one in some] == pairs(*ids)
    assert [one.id for some in select_stored(checkpoint, selection) for one in some] == ids
    assert count_pairs(checkpoint, selection) == len(ids)


def test_pairs_are_found_by_their_ids(checkpoint: Checkpoint) -> None:
    assert pairs_of(checkpoint, [7, 2]) == pairs(7, 2)
    stored = stored_pair(checkpoint, 4)
    assert (stored.status, stored.error_message, stored.correlation_id) == (Status.FAILED, "one", "four")
    assert stored_pair(checkpoint, 2).correlation_id == "batch"
    assert stored_pair(checkpoint, 6).completed_at is None
    with pytest.raises(KeyError):
        stored_pair(checkpoint, 8)


def test_pairs_are_counted_by_all_that_tells_them_apart(checkpoint: Checkpoint) -> None:
    counts = {count.first_id: count for count in count_outcomes(checkpoint)}
    assert counts[1] == PairCount(1, Status.ASSOCIATED, 200, "", "", "", "no", "", True, 1)
    assert (counts[2].verified, counts[3].verified, counts[3].existed_before) == ("missing", "present", "yes")
    assert (counts[4].error_message, counts[5].error_message) == ("one", "two")
    assert (counts[4].in_input, counts[5].in_input) == (True, False)
    assert (counts[6].status, counts[6].existed_before) == (None, "no")
    assert sum(count.pairs for count in counts.values()) == 7


def test_like_pairs_are_one_count_with_the_first_of_them(checkpoint: Checkpoint) -> None:
    with checkpoint.transaction() as db:
        Statements(db).settle([group(13.0, Status.EXISTING, *range(8, 3_000), existed_before="yes")])
    most = count_outcomes(checkpoint)[0]
    assert (most.pairs, most.status, most.first_id) == (2_992, Status.EXISTING, 8)


def test_results_are_counted_by_second_if_something_was_sent(checkpoint: Checkpoint) -> None:
    assert results_per_second(checkpoint) == {
        (10, Status.ASSOCIATED): 2,
        (10, Status.FAILED): 1,
        (11, Status.REMOVED): 1,
        (12, Status.FAILED): 1,
    }
    assert first_and_last_result(checkpoint) == (10.25, 12.0)


def test_what_undo_left_is_counted(checkpoint: Checkpoint) -> None:
    assert left_by_undo(checkpoint) == [LeftByUndo(UndoFinding.KEPT, 1, 403, "", "not allowed", "")]


def test_an_empty_checkpoint_has_nothing_to_count() -> None:
    with Checkpoint(Path("in-memory"), may_create=True) as empty:
        assert count_outcomes(empty) == []
        assert first_and_last_result(empty) is None
        assert list(select_pairs(empty, Selection())) == []


@pytest.mark.parametrize("ids", [[1, 2, 3, 4, 5, 6, 7], [6, 1], [5], []])
def test_results_come_in_the_order_of_the_ids(checkpoint: Checkpoint, ids: list[int]) -> None:
    results = results_of(checkpoint, np.array(ids, dtype=np.int64))
    assert results.ids.tolist() == ids
    kinds = dict(zip(ids, map(Kind.of, results.kinds.tolist()), strict=True))
    if 6 in ids:
        assert kinds[6] == Kind(None, 0, "no", "")
    assert 4 not in ids or results.correlation_ids[4] == "four"


def test_results_of_scattered_ids_are_the_same(checkpoint: Checkpoint) -> None:
    with checkpoint.transaction() as db:
        Statements(db).settle(
            group(13.0 + one, Status.EXISTING, *range(one, 2_000, 7), existed_before="yes")
            for one in range(8, 15)
        )
    every = results_of(checkpoint, np.arange(1, 2_000))
    for step in (2, 31):  # by a range, by single IDs
        for ids in (np.arange(9, 2_000, step), np.arange(9, 2_000, step)[::-1]):
            some = results_of(checkpoint, ids)
            assert some.ids.tolist() == ids.tolist()
            assert some.kinds.tolist() == every.kinds[ids - 1].tolist()
            assert some.completed_at.tolist() == every.completed_at[ids - 1].tolist()


def test_the_texts_of_outcomes_come_by_id(checkpoint: Checkpoint) -> None:
    result = results_of(checkpoint, np.array([4]))
    kind = Kind.of(int(result.kinds[0]))
    assert (kind.attempts, result.correlation_ids, result.completed_at.tolist()) == (1, {4: "four"}, [10_750])
    assert kind.outcome is not None
    assert outcome_texts(checkpoint, [kind.outcome]) == {
        kind.outcome: OutcomeTexts("failed", 200, "HUBSPOT_DEFINED:1", "CAT", "one", "", "")
    }
