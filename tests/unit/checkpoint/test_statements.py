"""Whatever a run does with a pair, in whatever order, the checkpoint says what is true of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from loader.checkpoint import Checkpoint, Verified
from loader.checkpoint.reading import Selection, select_stored
from loader.checkpoint.statements import Statements, ranges
from loader.model import Outcome, OutcomeGroup, Pair, Status


class Model:
    """What a checkpoint must say of pairs by their from ID (1 to 6), kept in the simplest way."""

    def __init__(self) -> None:
        self.results: dict[int, Status | None] = {}
        self.existed: dict[int, str] = {}
        self.verified: dict[int, Verified] = {}
        self.sent: set[int] = set()
        self.ids: dict[int, int] = {}
        self.next_id = 1
        self.sending: dict[
            int, Callable[[], None]
        ] = {}  # recorded and without a result: how to take that back
        self.done: set[int] = set()  # by this run

    def begin_run(self, next_id: int) -> None:
        """The last one may have ended in any way; withdrawn pairs were never there."""
        self.sending.clear()
        self.done.clear()
        self.next_id = next_id
        self.ids = {one: self.ids[one] for one in self.results}

    def pairs(self, these: Iterable[int]) -> list[Pair]:
        """With the IDs that the source gives them."""
        for one in these:
            if one not in self.ids:
                self.ids[one], self.next_id = self.next_id, self.next_id + 1
        return [Pair(7, "contacts", str(one), "companies", "9", "", self.ids[one]) for one in these]

    def record(self, these: set[int], existed: str) -> list[Pair]:
        these -= self.sending.keys() | self.done
        for one in these:
            self.sending[one] = partial(self._restore, one, self.results.get(one), self.existed.get(one))
            if one in self.sent:
                self.sending[one] = partial(self.results.update, {one: self.results[one]})
            else:
                self.existed[one] = existed
            self.results[one] = None
        self.sent |= these
        return self.pairs(these)

    def _restore(self, one: int, status: Status | None, existed: str | None) -> None:
        self.sent.remove(one)
        del self.results[one], self.existed[one]
        if status is not None and existed is not None:
            self.results[one], self.existed[one] = status, existed

    def withdraw(self, these: set[int]) -> list[Pair]:
        these &= self.sending.keys()
        for one in these:
            self.sending.pop(one)()
        return self.pairs(these)

    def settle(self, these: set[int], status: Status) -> list[Pair]:
        if status is Status.EXISTING:  # of pairs that were looked up, and never sent
            these -= self.sent
            self.existed |= dict.fromkeys(these, "yes")
        else:
            these &= self.sending.keys()
        self.done |= these
        self.sending = {one: undo for one, undo in self.sending.items() if one not in these}
        self.results |= dict.fromkeys(these, status)
        self.verified = {one: found for one, found in self.verified.items() if one not in these}
        return self.pairs(these)

    def verify(self, these: set[int], found: Verified) -> list[Pair]:
        these = {one for one in these if self.results.get(one) in (Status.ASSOCIATED, Status.EXISTING)}
        self.verified |= dict.fromkeys(these, found)
        return self.pairs(these)


THESE = st.sets(st.integers(1, 6), min_size=1)
STEPS = st.one_of(
    st.tuples(st.just("record"), THESE, st.sampled_from(["yes", "no", ""])),
    st.tuples(st.just("withdraw"), THESE, st.just("")),
    st.tuples(st.just("settle"), THESE, st.sampled_from([Status.ASSOCIATED, Status.FAILED, Status.EXISTING])),
    st.tuples(st.just("verify"), THESE, st.sampled_from(Verified)),
)


@given(st.lists(st.lists(STEPS, max_size=10), min_size=1, max_size=3))
@example([[("settle", {1}, Status.EXISTING)], [("record", {1}, "no")]])
@example([[("settle", {1}, Status.EXISTING)], [("record", {1}, "no"), ("withdraw", {1}, "")]])
@example([[("record", {1}, "no")], [("record", {1}, "yes"), ("withdraw", {1}, "")]])
def test_whatever_the_runs_do_the_checkpoint_says_what_was_done(
    runs: list[list[tuple[str, set[int], str]]],
) -> None:
    model = Model()
    with Checkpoint(Path("in-memory"), may_create=True) as checkpoint:
        for steps in runs:
            model.begin_run(checkpoint.next_id)
            with checkpoint.transaction() as db:
                db.execute("INSERT INTO run (command, host, pid, started_at) VALUES ('load', '', 1, 1)")
                statements = Statements(db)
                for step in steps:
                    apply(step, model, statements)
            stored = [one for some in select_stored(checkpoint, Selection()) for one in some]
            assert {int(one.from_id): one.status for one in stored} == model.results
            assert {int(one.from_id): one.existed_before for one in stored} == model.existed
            assert {int(one.from_id): one.verified for one in stored if one.verified} == model.verified
            with checkpoint.query() as db:
                sent = db.execute("SELECT from_id FROM pair WHERE first_run IS NOT NULL").fetchall()
            assert {one for (one,) in sent} == model.sent


def apply(step: tuple[str, set[int], str], model: Model, statements: Statements) -> None:
    """Do one step, as far as a run would."""
    what, these, value = step
    if what == "record":
        statements.record(model.record(set(these), value), value)
    elif what == "withdraw":
        statements.withdraw(model.withdraw(set(these)))
    elif what == "settle":
        if pairs := model.settle(set(these), Status(value)):
            existed = "yes" if value == Status.EXISTING else ""
            statements.settle(
                [OutcomeGroup(pairs, Outcome(pairs[0], Status(value), 1.0, existed_before=existed))]
            )
    else:
        statements.verify(model.verify(set(these), Verified(value)), Verified(value), 1.0)


@given(st.lists(st.integers(1, 40)))
def test_ranges_hold_all_ids_and_no_other(ids: list[int]) -> None:
    found = list(ranges(ids))
    assert [one for first, last in found for one in range(first, last + 1)] == sorted(set(ids))
    assert all(after[0] > before[1] + 1 for before, after in pairwise(found))
