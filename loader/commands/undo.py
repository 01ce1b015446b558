"""`undo`: remove the associations that this load created, and only those.

A pair is removed if it did not exist before the load, and is `associated` or has no certain result: it was in
flight when a run was killed, or all of its requests went unanswered. One that has gained a label since is
kept: removing the default type removes every label on the pair (HubSpot's associations guide).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from loader.checkpoint import Checkpoint, CheckpointJournal, UndoFinding, refuse_log_file
from loader.checkpoint.index import Index
from loader.checkpoint.reading import Selection, count_pairs, left_by_undo, select_pairs
from loader.commands.observer import Observer
from loader.commands.result import RunResult
from loader.commands.run import OpenedLoad, UnrecordedJournal, open_load, progress_of, refuse_simulated
from loader.commands.session import continued_binding, open_session
from loader.engine.cancellation import CancelToken
from loader.engine.pipeline import run_pipeline
from loader.engine.stats import RunStats
from loader.engine.undo_method import undo_method
from loader.engine.work_item import OpenPairs
from loader.errors import UsageError
from loader.hubspot.account import Account
from loader.model import OutcomeGroup, Status
from loader.settings import UndoSettings
from loader.summary.follow_up import Kept
from loader.summary.outcomes import CauseGroup, OutcomeCount, group_by_cause
from loader.text import pluralize

_FINDINGS = {
    Status.ASSOCIATED: UndoFinding.KEPT,
    Status.FAILED: UndoFinding.FAILED,
    Status.GAVE_UP: UndoFinding.GAVE_UP,
}


#: The statuses of pairs that HubSpot may have associated, although no answer says so (None: no result).
_UNSURE = (None, Status.GAVE_UP)


class UndoPlan(NamedTuple):
    """What an undo is about to do.

    pairs: associations to remove, unless one has gained a label since
    unsure: more pairs, of which those that exist are removed
    kept: associations that stay in any case, by reason
    account: the account; None if HubSpot does not say
    """

    pairs: int
    unsure: int
    kept: Kept
    account: Account | None


async def run_undo(
    settings: UndoSettings,
    *,
    confirm: Callable[[UndoPlan], bool] = lambda _plan: True,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
) -> RunResult:
    """Remove what the load created, and write the report. The same call continues an earlier one.

    `confirm` is called in a thread before the first removal. Raises UsageError if nothing was removed. A
    later stop is in the result.
    """
    observer, cancel_token = observer or Observer(), cancel_token or CancelToken()
    with ExitStack() as stack:
        progress = progress_of(observer, cancel_token)
        load = await asyncio.to_thread(open_load, settings.path, "undo", stack, observer, progress)
        refuse_log_file(load.files, settings.log_file)
        refuse_simulated(load, "undo")
        there = Selection(statuses=(Status.ASSOCIATED,), in_input=False if settings.not_in_input else None)
        ours = replace(there, existed_before="no")
        # The checkpoint knows the input as last read; the index is compared with the input as it is now.
        gone = _not_in_input(load) if settings.not_in_input else None
        unsure = replace(ours, statuses=_UNSURE)
        count = partial(_count, load.checkpoint, gone)
        plan = UndoPlan(count(ours), count(unsure), _kept(count, load.checkpoint, there), None)
        total = plan.pairs + plan.unsure
        stats = RunStats(total=total)
        async with open_session(settings, stats, observer, cancel_token) as session:
            continued_binding(load.checkpoint, session)  # refuse another account before asking
            plan = plan._replace(account=session.account)
            if total and not await asyncio.to_thread(confirm, plan):
                raise UsageError("Nothing was removed")
            run = await asyncio.to_thread(load.begin, "undo", session)
            observer.begin([f"To remove: {what_to_remove(plan)}"], stats, lambda: session.pace.reading)
            async with run.journal(session) as journal:
                for these, absent in ((ours, Status.REMOVED), (unsure, Status.NOT_SENT)):
                    await run_pipeline(
                        session,
                        undo_method(session.hubspot, absent),
                        _open(load.checkpoint, these),
                        UnrecordedJournal(journal, partial(_settle, journal)),
                        stop_after_failures=settings.stop_after_failures,
                    )
            count = partial(count_pairs, load.checkpoint)
            # Pairs that the load did not look up first may be its own, and still exist too.
            left = ours, replace(there, existed_before=""), replace(unsure, left_by_undo=True)
            result = await run.finish(session, lambda _summary: int(any(map(count, left))))
            kept = _kept(count, load.checkpoint, there)
            return replace(result, kept=kept, refused=_refused(load.checkpoint))


def what_to_remove(plan: UndoPlan) -> str:
    """Like ``40 associations``, or ``40 associations and up to 3 more whose result is unknown``."""
    more = f" and up to {plan.unsure:,} more whose result is unknown" if plan.unsure else ""
    return f"{pluralize(plan.pairs, 'association')}{more}"


def _not_in_input(load: OpenedLoad) -> Index:
    """A load compared with its input. Raises UsageError if the input is gone or has no pair of the load."""
    if load.known is None:
        raise UsageError(
            f"--not-in-input needs the input of the load, and it can't be read: {load.files.input}",
            "Put it back, or leave --not-in-input out to remove all that this load created.",
        )
    if load.known.made and not load.known.seen:
        raise UsageError(
            f"--not-in-input would take back the whole load: none of its {load.known.known:,} pairs is in "
            f"{load.files.input}",
            "Is that the right file? To remove all that this load created, leave --not-in-input out.",
        )
    return load.known


def _count(checkpoint: Checkpoint, gone: Index | None, selection: Selection) -> int:
    """How many pairs are selected.

    `gone` counts those that are not in the input, until the checkpoint has recorded them.
    """
    if gone is None:
        return count_pairs(checkpoint, selection)
    return gone.count_not_in_input(selection.statuses or (), selection.existed_before or "")


def _kept(count: Callable[[Selection], int], checkpoint: Checkpoint, there: Selection) -> Kept:
    """The associations that undo leaves: those that existed before, may have existed, or have labels."""
    return Kept(
        labelled=sum(one.pairs for one in left_by_undo(checkpoint) if one.finding is UndoFinding.KEPT),
        existed_before=count(replace(there, existed_before="yes")),
        not_looked_up=count(replace(there, existed_before="")),
    )


def _refused(checkpoint: Checkpoint) -> tuple[CauseGroup, ...]:
    """Why removals failed, by cause."""
    return group_by_cause(
        OutcomeCount(
            Status(one.finding),
            one.pairs,
            None,
            one.http_status,
            one.error_category,
            one.error_message,
            one.error_details,
        )
        for one in left_by_undo(checkpoint)
        if one.finding is not UndoFinding.KEPT
    )


def _open(checkpoint: Checkpoint, ours: Selection) -> Iterator[OpenPairs]:
    return (OpenPairs(pairs) for pairs in select_pairs(checkpoint, ours))


def _settle(journal: CheckpointJournal, group: OutcomeGroup) -> None:
    """Settle what is removed, and note why the rest is still there. What never existed keeps its status."""
    status = group.first.status
    if status is Status.REMOVED:
        journal.settle(group)
    else:
        journal.leave(group.pairs, _FINDINGS.get(status), group.first)
