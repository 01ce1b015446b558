"""`undo`: take back the associations that a load created, and only those.

Only rows `associated` whose `existed_before` is `no` are taken back: HubSpot does not say whether a pair was
new, and removing the default type removes every label on the pair too.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from loader.commands.follow_up import Listener, connected
from loader.commands.replacing import LOADED_AT, can, may_overwrite_undo
from loader.commands.report_journal import ReportJournal
from loader.csvtext import encode_cells
from loader.engine.archiving import archive_method
from loader.engine.cancellation import CancelToken
from loader.engine.pipeline import Session, run_pipeline
from loader.engine.stats import RunStats
from loader.engine.work_item import OpenPairs
from loader.errors import ReportError, ReportLost, Stopped
from loader.hubspot.account import Account
from loader.model import Pair, Status
from loader.report import (
    Record,
    ReportLock,
    ReportWriter,
    Settled,
    put_in_order,
    read_back,
    read_header,
    read_records,
    rows_by_status,
)
from loader.settings import UndoSettings

_STRETCH = 20_000


@dataclass(frozen=True)
class UndoPlan:
    """What there is to take back, known before anything is asked or sent.

    `created` rows are the load's own work. Left are those `associated` that `stood_before` with a label, and
    the `unknown` ones, which were sent without a look first. `settled` is what an earlier undo did.
    """

    settings: UndoSettings
    created: int
    stood_before: int
    unknown: int
    settled: Settled | None

    @property
    def before(self) -> Counter[Status]:
        """Rows that an earlier undo settled, by status."""
        return Counter(self.settled.counts) if self.settled else Counter()

    @property
    def open_rows(self) -> int:
        """Rows that are still to be taken back."""
        return self.created - self.before.total()


@dataclass(frozen=True)
class UndoResult:
    """How an undo ended. `counts` are its report's rows by status; the rest as in UndoPlan and LoadResult."""

    report: Path
    output: Path
    account: Account | None
    created: int
    stood_before: int
    unknown: int
    counts: Mapping[Status, int]
    requests: int
    seconds: float
    stopped: Stopped | None
    interrupted: bool
    exit_code: int

    @property
    def finished(self) -> bool:
        """Whether every row is settled."""
        return self.stopped is None and not self.interrupted

    @property
    def open_rows(self) -> int:
        """Rows that are still to be taken back."""
        return self.created - sum(self.counts.values())

    def as_json(self) -> dict[str, object]:
        """The summary as plain values, for `json.dumps`."""
        return {
            "report": str(self.report),
            "undo_report": str(self.output),
            "account_id": self.account.portal_id if self.account else None,
            "finished": self.finished,
            "created": self.created,
            "left_stood_before": self.stood_before,
            "left_unknown": self.unknown,
            "open_rows": self.open_rows,
            "counts": {
                str(status): self.counts.get(status, 0)
                for status in (Status.REMOVED, Status.FAILED, Status.GAVE_UP)
            },
            "requests": self.requests,
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped.reason if self.stopped else "interrupted" if self.interrupted else None,
            "message": str(self.stopped) if self.stopped else "",
            "hint": self.stopped.hint if self.stopped else "",
            "exit_code": self.exit_code,
        }


def prepare_undo(settings: UndoSettings, stack: ExitStack) -> UndoPlan:
    """Read the report and what an earlier undo did; `stack` keeps both locked until it is closed.

    Raises UsageError: no report, one that is being written, an undo report of something else.
    """
    report = Path(settings.report)
    others = _other_columns(report)  # before the lock, which would leave its file where there is no report
    stack.enter_context(ReportLock(report, reading=True))
    output = stack.enter_context(ReportLock(settings.output_path, option="--output")).path
    if settings.overwrite:
        may_overwrite_undo(output)
    last_row = created = stood_before = unknown = 0
    ours = array("q")  # row and identity by turns
    for record in read_records(report):
        last_row = max(last_row, record.row)
        if _is_ours(record):
            created += 1
            ours.extend((record.row, hash(_pair(record)[1:6])))
        elif record.status is Status.ASSOCIATED:
            stood_before += record.existed_before == "yes"
            unknown += record.existed_before != "yes"
    settled = None
    if output.exists() and not settings.overwrite:
        try:
            settled = read_back(
                output,
                others,
                _identities(last_row, ours),
                lambda row: _pair_at(report, row),
                lambda: (_pair(record).rest for record in read_records(report)),
            )
        except ReportError as error:
            raise ReportError(
                f"an earlier undo's report does not fit this one: {error}",
                "Keep it, and name another for this undo with --output"
                + ("; or throw it away with --overwrite." if can(may_overwrite_undo, output) else "."),
            ) from error
    return UndoPlan(settings, created, stood_before, unknown, settled)


async def run_undo(plan: UndoPlan, listener: Listener, cancel_token: CancelToken) -> UndoResult:
    """Take back what is still to be taken back, and leave a report of every row; it goes on next time.

    Raises UsageError before anything was sent. What stops it later is in the summary.
    """
    began, settings = time.monotonic(), plan.settings
    stats = RunStats(total=plan.created, by_status=plan.before)
    account: Account | None = None
    stopped: Stopped | None = None
    requests = 0
    if plan.open_rows:
        async with connected(settings, stats, listener, cancel_token) as run:
            account = run.account
            if account is not None:
                listener.tell(f"Account: {account.portal_id} ({account.ui_domain})")
            listener.follow(stats, lambda: run.pace.reading)
            try:
                await _take_back(plan, run)
            except Stopped as why:
                stopped = why
            requests = run.pace.requests
    try:
        if plan.settled is not None and not plan.open_rows and not plan.settled.whole:
            others = _other_columns(Path(settings.report))
            ReportWriter(settings.output_path, others, plan.settled).close()  # mends what a crash has damaged
        if stopped is None and not cancel_token.cancelled and settings.output_path.exists():
            await asyncio.to_thread(put_in_order, settings.output_path)
    except Stopped as why:
        stopped = why
    if isinstance(stopped, ReportLost):  # rows that were counted may not have got there
        stats.by_status = await asyncio.to_thread(rows_by_status, settings.output_path)
    return UndoResult(
        Path(settings.report),
        settings.output_path,
        account,
        plan.created,
        plan.stood_before,
        plan.unknown,
        dict(stats.by_status),
        requests,
        time.monotonic() - began,
        stopped,
        cancel_token.cancelled and stopped is None,
        stopped.exit_code if stopped else 130 if cancel_token.cancelled else stats.exit_code,
    )


async def _take_back(plan: UndoPlan, run: Session) -> None:
    others = _other_columns(Path(plan.settings.report))
    report = ReportWriter(plan.settings.output_path, others, plan.settled, on_failure=run.cancel_token.stop)
    try:
        await run_pipeline(
            run,
            archive_method(run.hubspot),
            _open_pairs(plan),
            ReportJournal(report),
            stop_after_failures=plan.settings.stop_after_failures,
        )
    finally:
        await asyncio.shield(asyncio.to_thread(report.close))


def _open_pairs(plan: UndoPlan) -> Iterator[OpenPairs]:
    """The pairs that are still to be taken back, in stretches."""
    statuses = plan.settled.statuses if plan.settled else b""
    pairs: list[Pair] = []
    for record in read_records(Path(plan.settings.report)):
        if _is_ours(record) and not (statuses and statuses[record.row - 1]):
            pairs.append(_pair(record))
            if len(pairs) == _STRETCH:
                yield OpenPairs(pairs, "no")
                pairs = []
    yield OpenPairs(pairs, "no")


def _is_ours(record: Record) -> bool:
    return record.status is Status.ASSOCIATED and record.existed_before == "no"


def _pair(record: Record) -> Pair:
    rest = encode_cells([record.completed_at, *record.others])
    return Pair(record.row, record.from_type, record.from_id, record.to_type, record.to_id, rest)


def _pair_at(report: Path, row: int) -> Pair:
    same = (_pair(record) for record in read_records(report) if record.row == row)
    return next(same, Pair(row, "", "", "", ""))


def _other_columns(report: Path) -> list[str]:
    # With the load's `completed_at`, so that an undo of an earlier load of the same rows is not taken for an
    # undo of this one.
    return [LOADED_AT, *read_header(report)]


def _identities(last_row: int, ours: array[int]) -> npt.NDArray[np.int64]:
    """One number per row of the report, as `read_back` compares them; rows that are left match nothing."""
    identities = np.full(last_row, hash("left"), dtype=np.int64)
    found = np.asarray(ours, dtype=np.int64).reshape(-1, 2)
    identities[found[:, 0] - 1] = found[:, 1]
    return identities
