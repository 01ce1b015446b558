"""`summary`: the results of a load, from its checkpoint alone; the page also reads the input."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from loader.checkpoint import (
    Checkpoint,
    InputReading,
    LoadFiles,
    RowCount,
    find_checkpoint,
    is_running,
    load_files,
)
from loader.checkpoint import Run as RecordedRun
from loader.checkpoint.reading import PairCount, count_outcomes, first_and_last_result, stored_pair
from loader.errors import CheckpointError
from loader.model import Status
from loader.summary.invocation import Invocation
from loader.summary.model import LoadSummary, Run
from loader.summary.outcomes import Example, OutcomeCount, TypePairCount, group_by_cause


def run_summary(path: str) -> LoadSummary:
    """The results of the load of this input, report or checkpoint. Raises UsageError."""
    with Checkpoint(find_checkpoint(Path(path))) as checkpoint:
        files, runs = load_files(checkpoint, Path(path)), checkpoint.runs()
        if not runs or runs[-1].ended_at is not None:
            return load_summary(checkpoint, files)
        running = is_running(files.checkpoint, runs[-1].pid, runs[-1].host)
        return load_summary(checkpoint, files, replace(summary_run(runs[-1]), running=running))


def load_summary(checkpoint: Checkpoint, files: LoadFiles, last_run: Run | None = None) -> LoadSummary:
    """The whole load. `last_run` is the run that has just ended; by default the checkpoint's latest."""
    counts, reading = count_outcomes(checkpoint), checkpoint.reading
    if reading is None:
        raise CheckpointError(f"{files.checkpoint} holds no load yet", "Run `load` first.")
    present = [count for count in counts if count.in_input]
    first, last = first_and_last_result(checkpoint) or (None, None)
    binding, runs = checkpoint.binding, checkpoint.runs()
    ours = [count for count in counts if count.status is Status.ASSOCIATED and count.existed_before == "no"]
    return LoadSummary(
        invocation=Invocation(
            _named(files.input or files.report), checkpoint.options, report=str(files.report)
        ),
        report=str(files.report),
        checkpoint=str(files.checkpoint),
        rows=reading.rows,
        groups=group_by_cause(_outcomes(checkpoint, present, reading)),
        type_pairs=tuple(TypePairCount(*one) for one in reading.type_pairs),
        simulated=binding.simulated if binding else False,
        account_id=binding.account_id if binding else None,
        ui_domain=binding.ui_domain if binding else "",
        host=binding.host if binding else "",
        not_in_input=_by_status(count for count in counts if not count.in_input),
        verified=_verified(present),
        verified_not_in_input=_verified(count for count in counts if not count.in_input),
        undoable=sum(count.pairs for count in ours if count.in_input),
        undoable_not_in_input=sum(count.pairs for count in ours if not count.in_input),
        not_looked_up=sum(
            count.pairs for count in present if count.status is Status.ASSOCIATED and not count.existed_before
        ),
        first_result_at=first,
        last_result_at=last,
        last_run=last_run or (summary_run(runs[-1]) if runs else None),
    )


def summary_run(recorded: RecordedRun, counts: Counter[Status] | None = None, throttled: int = 0) -> Run:
    """A run of the checkpoint as the summary shows it; `counts` are what it settled, if it has just ended."""
    return Run(
        command=recorded.command,
        started_at=recorded.started_at,
        ended_at=recorded.ended_at,
        exit_code=recorded.exit_code,
        requests=recorded.requests,
        counts=counts or Counter(),
        throttled=throttled,
        stopped=recorded.stopped,
        message=recorded.message,
        hint=recorded.hint,
    )


def _outcomes(
    checkpoint: Checkpoint, present: list[PairCount], reading: InputReading
) -> Iterator[OutcomeCount]:
    """All pairs and rows of the input by outcome: settled, unsendable, and not sent yet."""
    settled = 0
    for count in present:
        if count.status is not None:
            settled += count.pairs
            pair = stored_pair(checkpoint, count.first_id)
            yield OutcomeCount(
                count.status,
                count.pairs,
                Example(
                    0,
                    pair.from_type,
                    pair.from_id,
                    pair.to_type,
                    pair.to_id,
                    count.error_message,
                    pair.correlation_id,
                ),
                count.http_status,
                count.error_category,
                count.error_message,
                count.error_details,
                count.verified,
            )
    for row in reading.counts:
        yield _row_outcome(row)
    if left := max(0, reading.pairs - settled):
        yield OutcomeCount(Status.NOT_SENT, left)


def _row_outcome(row: RowCount) -> OutcomeCount:
    example = Example(
        row.row, row.from_type, row.from_id, row.to_type, row.to_id, message=row.message, line=row.line
    )
    return OutcomeCount(
        row.status,
        row.rows,
        example if row.row else None,
        error_category=row.category,
        error_message=row.message,
    )


def _by_status(counts: Iterable[PairCount]) -> dict[Status, int]:
    by_status: Counter[Status] = Counter()
    for count in counts:
        by_status[count.status or Status.NOT_SENT] += count.pairs
    return dict(by_status)


def _verified(counts: Iterable[PairCount]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for count in counts:
        if count.verified and count.status is not None:  # else it is about to be sent again
            found[count.verified] += count.pairs
    return dict(found)


def _named(path: Path) -> str:
    """The path as a command takes it: Path drops the ``./`` of ``./-``, but ``-`` is standard input."""
    return os.path.abspath(path) if str(path) == "-" else str(path)
