"""What is sent is on the disk before it is sent, and what becomes of it within a second."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import pytest

from loader.checkpoint import Checkpoint, CheckpointJournal, UndoFinding, Verified
from loader.checkpoint.journal import RESULT_INTERVAL
from loader.checkpoint.reading import StoredPair, left_by_undo, stored_pair
from loader.errors import Stopped
from loader.model import Outcome, OutcomeGroup, Pair, Status

P = ParamSpec("P")


def in_loop(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """The test as a function, which runs it in an event loop."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


@pytest.fixture(autouse=True)
def commits_follow_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loader.checkpoint.journal._SHORTEST_INTERVAL", 0.001)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pairs.checkpoint.db"


@pytest.fixture
def checkpoint(path: Path) -> Iterator[Checkpoint]:
    with begun(path) as opened:
        yield opened


def begun(path: Path) -> Checkpoint:
    checkpoint = Checkpoint(path, may_create=True)
    checkpoint.begin_run("load")
    return checkpoint


def pair(one: int) -> Pair:
    return Pair(one, "contacts", str(1000 + one), "companies", str(9000 + one % 3), "", one)


def pairs(ids: Iterable[int]) -> list[Pair]:
    return [pair(one) for one in ids]


def group(ids: Iterable[int], status: Status = Status.ASSOCIATED, **values: str) -> OutcomeGroup:
    of = pairs(ids)
    return OutcomeGroup(of, Outcome(of[0], status, 1_700_000_000.5, 200, 1, **values))


def on_disk(path: Path) -> dict[int, StoredPair]:
    """What another process would find now."""
    with Checkpoint(path) as checkpoint:
        with checkpoint.query() as db:
            ids = [row[0] for row in db.execute("SELECT id FROM pair")]
        return {one: stored_pair(checkpoint, one) for one in ids}


async def close(journal: CheckpointJournal) -> None:
    await asyncio.to_thread(journal.close)


@in_loop
async def test_what_is_recorded_is_on_the_disk(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    await journal.record(pairs([1, 2]), "no")
    await journal.record(pairs([3]), "")
    found = on_disk(checkpoint.path)
    assert [(one.status, one.existed_before) for one in found.values()] == [
        (None, "no"),
        (None, "no"),
        (None, ""),
    ]
    assert (found[2].from_type, found[2].from_id, found[2].to_type, found[2].to_id) == pair(2)[1:5]
    await close(journal)


@in_loop
async def test_a_result_is_on_the_disk_within_a_second(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RESULT_INTERVAL < 0.9
    monkeypatch.setattr("loader.checkpoint.journal.RESULT_INTERVAL", 0.05)
    journal = CheckpointJournal(checkpoint)
    await journal.record(pairs([1]), "")
    journal.settle(group([1]))
    assert journal.backlog == 1
    for _ in range(75):  # the interval, and what a busy machine adds
        if journal.backlog:
            await asyncio.sleep(0.01)
    assert on_disk(checkpoint.path)[1].status is Status.ASSOCIATED
    await close(journal)


@in_loop
async def test_a_result_has_all_its_parts(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    await journal.record(pairs([1]), "no")
    outcome = Outcome(
        pair(1), Status.FAILED, 1_700_000_000.123, 400, 2, "A:1", "no", "CAT", "message", "[{}]", "trace"
    )
    journal.settle(OutcomeGroup([pair(1)], outcome))
    await close(journal)
    assert stored_pair(checkpoint, 1)[5:] == (
        *(Status.FAILED, 400, 2, "A:1", "no", "CAT", "message", "[{}]", "trace", 1_700_000_000.123, "", True),
    )


@pytest.mark.parametrize("many", [2, 1900])
@in_loop
async def test_many_are_settled_as_one(checkpoint: Checkpoint, many: int) -> None:
    every = range(1, many + 1)
    journal = CheckpointJournal(checkpoint)
    await journal.record(pairs(every), "")
    journal.settle(group(every[::2], correlation_id="one answer"))
    journal.settle(group(every[1::2], Status.FAILED, error_message="no\ud800"))
    await close(journal)
    found = on_disk(checkpoint.path)
    assert {one.status for one in list(found.values())[::2]} == {Status.ASSOCIATED}
    assert {one.correlation_id for one in list(found.values())[::2]} == {"one answer"}
    assert {one.error_message for one in list(found.values())[1::2]} == {"no?"}
    with checkpoint.query() as db:
        assert db.execute("SELECT count(*) FROM outcome").fetchone() == (2,)


@in_loop
async def test_texts_are_kept_once_also_from_run_to_run(path: Path) -> None:
    for one in (1, 2):
        with begun(path) as checkpoint:
            journal = CheckpointJournal(checkpoint)
            await journal.record(pairs([one]), "")
            journal.settle(group([one], error_message="long text"))
            await close(journal)
            with checkpoint.query() as db:
                assert db.execute("SELECT count(*) FROM outcome").fetchone() == (1,)


@in_loop
async def test_a_withdrawn_pair_was_never_there(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    await journal.record(pairs([1, 2, 3]), "no")
    journal.withdraw(pairs([1, 3]))
    await journal.record(pairs([3]), "yes")  # it was looked up once more
    await close(journal)
    assert {one: found.existed_before for one, found in on_disk(checkpoint.path).items()} == {
        2: "no",
        3: "yes",
    }


@in_loop
async def test_an_existing_pair_needs_no_record(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    journal.settle(group([1, 2], Status.EXISTING, existed_before="yes"))
    await close(journal)
    found = on_disk(checkpoint.path)[2]
    assert (found.status, found.existed_before, found.from_id) == (Status.EXISTING, "yes", "1002")


@in_loop
async def test_what_was_found_before_the_first_request_never_changes(path: Path) -> None:
    for existed, status in (("no", Status.FAILED), ("yes", Status.ASSOCIATED)):
        with begun(path) as checkpoint:
            journal = CheckpointJournal(checkpoint)
            await journal.record(pairs([1]), existed)
            journal.settle(group([1], status, existed_before=existed))
            await close(journal)
    assert (on_disk(path)[1].status, on_disk(path)[1].existed_before) == (Status.ASSOCIATED, "no")


@in_loop
async def test_a_pair_that_is_sent_again_has_no_result_until_the_new_one(path: Path) -> None:
    with begun(path) as checkpoint:
        journal = CheckpointJournal(checkpoint)
        await journal.record(pairs([1, 2]), "no")
        journal.settle(group([1, 2], Status.REMOVED))
        await close(journal)
    with begun(path) as checkpoint:
        journal = CheckpointJournal(checkpoint)
        await journal.record(pairs([1, 2]), "")
        assert {found.status for found in on_disk(path).values()} == {None}
        journal.withdraw(pairs([2]))
        await close(journal)
    assert {one: found.status for one, found in on_disk(path).items()} == {1: None, 2: Status.REMOVED}


@in_loop
async def test_a_pair_whose_result_a_kill_has_lost_stays_sent_when_it_is_withdrawn(path: Path) -> None:
    for withdrawn in (False, True):
        with begun(path) as checkpoint:
            journal = CheckpointJournal(checkpoint)
            await journal.record(pairs([1]), "no")
            if withdrawn:
                journal.withdraw(pairs([1]))
            await close(journal)
        assert (on_disk(path)[1].status, on_disk(path)[1].existed_before) == (None, "no")


@in_loop
async def test_verifying_marks_a_pair_and_a_new_result_clears_the_mark(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    await journal.record(pairs([1, 2, 3]), "no")
    journal.settle(group([1, 2, 3]))
    journal.verify(pairs([3, 1]), Verified.MISSING, 1_700_000_000)
    journal.verify(pairs([2]), Verified.PRESENT, 1_700_000_000)
    journal.settle(group([1, 2]))
    await close(journal)
    assert [found.verified for found in on_disk(checkpoint.path).values()] == ["", "", "missing"]


@in_loop
async def test_what_undo_leaves_keeps_its_result_and_the_reason(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    await journal.record(pairs([1, 2, 3, 4]), "no")
    journal.settle(group([1, 2, 3, 4]))
    outcome = Outcome(pair(1), Status.FAILED, 0, 403, error_message="not allowed")
    journal.leave(pairs([1, 2]), UndoFinding.FAILED, outcome)
    journal.leave(pairs([3]), UndoFinding.KEPT, outcome)
    journal.settle(group([2], Status.REMOVED))
    await close(journal)
    assert [found.status for found in on_disk(checkpoint.path).values()] == [
        *(Status.ASSOCIATED, Status.REMOVED, Status.ASSOCIATED, Status.ASSOCIATED),
    ]
    assert [left.finding for left in left_by_undo(checkpoint)] == [UndoFinding.FAILED, UndoFinding.KEPT]


@in_loop
async def test_a_pair_without_an_id_is_not_recorded(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    with pytest.raises(Stopped, match="CHECK constraint failed: id > 0"):
        await journal.record([pair(1)._replace(id=0)], "")
    with pytest.raises(Stopped):
        await close(journal)


@in_loop
async def test_a_program_that_just_reads_only_delays_a_commit(checkpoint: Checkpoint) -> None:
    journal = CheckpointJournal(checkpoint)
    reader = sqlite3.connect(checkpoint.path, isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM run").fetchall()
    threading.Timer(0.05, reader.close).start()
    await journal.record(pairs([1]), "")
    assert not journal.trouble
    await close(journal)


@in_loop
async def test_a_commit_that_failed_is_repeated_whole(checkpoint: Checkpoint) -> None:
    trouble = asyncio.Event()
    with checkpoint.query() as db:
        db.execute("PRAGMA busy_timeout = 10")
    journal = CheckpointJournal(checkpoint, on_trouble=lambda _why: trouble.set(), retry_interval=0.01)
    reader = sqlite3.connect(checkpoint.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM run").fetchall()
    journal.settle(group([1], Status.EXISTING))
    recording = asyncio.create_task(journal.record(pairs([2]), "no"))
    await trouble.wait()
    assert journal.trouble == "another program keeps it open for reading or writing"
    journal.withdraw(pairs([2]))
    reader.close()
    await recording
    await close(journal)
    assert [(one.id, one.status) for one in on_disk(checkpoint.path).values()] == [(1, Status.EXISTING)]
    assert journal.backlog == 0


@in_loop
async def test_a_checkpoint_that_is_moved_away_is_missed_until_it_is_back(checkpoint: Checkpoint) -> None:
    told: list[str] = []
    missed = asyncio.Event()

    def on_trouble(why: str) -> None:
        told.append(why)
        missed.set()

    journal = CheckpointJournal(checkpoint, on_trouble=on_trouble, retry_interval=0.01)
    elsewhere = checkpoint.path.rename(checkpoint.path.with_name("elsewhere"))
    recording = asyncio.create_task(journal.record(pairs([1]), ""))
    await missed.wait()
    assert journal.trouble == f"{checkpoint.path} was moved or deleted"
    elsewhere.rename(checkpoint.path)
    await recording
    await close(journal)
    assert told == [f"{checkpoint.path} was moved or deleted", ""]


@in_loop
async def test_a_defect_ends_the_run_instead_of_losing_results_in_silence(path: Path) -> None:
    failures: list[Stopped] = []
    checkpoint = begun(path)
    journal = CheckpointJournal(checkpoint, on_failure=failures.append)
    checkpoint.close()
    with pytest.raises(Stopped, match="closed database"):
        await journal.record(pairs([1]), "")
    with pytest.raises(Stopped, match="closed database"):
        await journal.record(pairs([2]), "")
    with pytest.raises(Stopped, match="closed database"):
        await close(journal)
    assert [failure.reason for failure in failures] == ["checkpoint_unwritable"]
