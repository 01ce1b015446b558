"""`verify`: read the associations back from HubSpot and mark each pair present, missing or unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

from loader.checkpoint import Checkpoint, CheckpointJournal, Verified, refuse_log_file
from loader.checkpoint.reading import Selection, count_pairs, select_pairs
from loader.commands.observer import Observer
from loader.commands.result import RunResult
from loader.commands.run import UnrecordedJournal, open_load, progress_of, refuse_simulated
from loader.commands.session import open_session
from loader.engine.cancellation import CancelToken
from loader.engine.pipeline import run_pipeline
from loader.engine.skip_existing import look_up_method
from loader.engine.stats import RunStats
from loader.engine.work_item import OpenPairs
from loader.model import OutcomeGroup, Status
from loader.settings import VerifySettings

_MARKS = {
    Status.EXISTING: Verified.PRESENT,
    Status.FAILED: Verified.MISSING,
    Status.GAVE_UP: Verified.UNKNOWN,
}
_TO_VERIFY = Selection(statuses=(Status.ASSOCIATED, Status.EXISTING))


async def run_verify(
    settings: VerifySettings, *, observer: Observer | None = None, cancel_token: CancelToken | None = None
) -> RunResult:
    """Read back every `associated` and `existing` pair, and write the report.

    Raises UsageError if nothing was asked. A later stop is in the result.
    """
    observer, cancel_token = observer or Observer(), cancel_token or CancelToken()
    with ExitStack() as stack:
        progress = progress_of(observer, cancel_token)
        load = await asyncio.to_thread(open_load, settings.path, "verify", stack, observer, progress)
        refuse_log_file(load.files, settings.log_file)
        refuse_simulated(load, "verify")
        total = count_pairs(load.checkpoint, _TO_VERIFY)
        stats = RunStats(total=total)
        async with open_session(settings, stats, observer, cancel_token) as session:
            run = await asyncio.to_thread(load.begin, "verify", session)
            observer.begin([f"{total:,} pairs to read back"], stats, lambda: session.pace.reading)
            async with run.journal(session) as journal:
                await run_pipeline(
                    session,
                    look_up_method(session.hubspot),
                    _open(load.checkpoint),
                    UnrecordedJournal(journal, partial(_mark, journal)),
                )
            return await run.finish(session, lambda summary: summary.exit_code)


def _open(checkpoint: Checkpoint) -> Iterator[OpenPairs]:
    return (OpenPairs(pairs) for pairs in select_pairs(checkpoint, _TO_VERIFY))


def _mark(journal: CheckpointJournal, group: OutcomeGroup) -> None:
    """A pair that was found is present, and one that was not is missing."""
    journal.verify(group.pairs, _MARKS[group.first.status], group.first.completed_at)
