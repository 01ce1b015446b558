"""Temporary: today's commands in the shape that the command line and the page expect."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from loader.commands import load as old_load
from loader.commands import undo as old_undo
from loader.commands import verify as old_verify
from loader.commands.forecast import announcement
from loader.commands.plan import LoadPlan
from loader.commands.progress import Counts
from loader.commands.session import read_whose_account
from loader.engine.cancellation import CancelToken
from loader.engine.stats import RunStats
from loader.errors import Stopped, UsageError
from loader.hubspot.account import Account
from loader.model import Status
from loader.pace import PaceReading
from loader.report import Record, read_header, read_records
from loader.report.durable import write_whole
from loader.settings import ConnectionSettings, LoadSettings, UndoSettings, VerifySettings
from loader.summary import CauseGroup, Example, Invocation, LoadSummary, OutcomeCount, Run, group_by_cause
from loader.summary.follow_up import Kept
from loader.summary.page import AttentionRow, is_page, render_page

__all__ = [
    "RunResult",
    "prepare_undo",
    "read_summary",
    "read_whose_account",
    "run_load",
    "run_undo",
    "run_verify",
    "write_page",
]


class Observer(Protocol):
    """Who is told about a run, in the event loop; `reading` is called in the reading thread."""

    def reading(self, rows: int) -> None: ...

    def tell(self, message: str) -> None: ...

    def warn(self, message: str) -> None: ...

    def decided(self, name: str, details: dict[str, object]) -> None: ...

    def begin(
        self, lines: Sequence[str], counts: Counts, pace: Callable[[], PaceReading], before: int = 0
    ) -> None: ...


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What one run came to: `summary` of the whole load, `run` itself, and how it ended."""

    summary: LoadSummary
    run: Run
    stopped: Stopped | None = None
    interrupted: bool = False
    exit_code: int = 0
    kept: Kept = field(default_factory=Kept)
    refused: tuple[CauseGroup, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON: the load, and what belongs to this run."""
        run = self.run.as_dict()
        return {
            **self.summary.as_dict(),
            **{key: run[key] for key in ("command", "requests", "throttled", "seconds")},
            **{key: run[key] for key in ("stopped", "message", "hint")},
            "this_run": run["counts"],
            "kept": self.kept._asdict(),
            "finished": self.summary.finished and self.stopped is None and not self.interrupted,
            "exit_code": self.exit_code,
        }


@dataclass
class _View:
    """Today's counters, which have all runs in one, as those of this run."""

    stats: RunStats
    before: Mapping[Status, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.stats.total - sum(self.before.values())

    @property
    def by_status(self) -> Counter[Status]:
        return Counter(self.stats.by_status) - Counter(self.before)

    @property
    def throttled(self) -> int:
        return self.stats.throttled

    @property
    def pause(self) -> str:
        return self.stats.pause


class _Adapter:
    """An observer as today's commands want it."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.view: _View | None = None
        self.reading, self.tell = observer.reading, observer.tell
        self.warn, self.decided = observer.warn, observer.decided

    def begin(
        self, plan: LoadPlan, account: Account | None, stats: RunStats, pace: Callable[[], PaceReading]
    ) -> None:
        self.view = _View(stats, Counter(plan.before))
        self._observer.begin(announcement(plan, account, pace()), self.view, pace, plan.before.total())

    def follow(self, stats: RunStats, pace: Callable[[], PaceReading]) -> None:
        self.view = _View(stats, Counter(stats.by_status))
        self._observer.begin([], self.view, pace, stats.by_status.total())

    @property
    def counts(self) -> Mapping[Status, int]:
        return self.view.by_status if self.view else {}


async def run_load(settings: LoadSettings, observer: Observer, cancel_token: CancelToken) -> RunResult:
    """As `loader.commands.run_load`."""
    adapter, began = _Adapter(observer), time.time()
    result = await old_load.run_load(settings, audience=adapter, cancel_token=cancel_token)
    invocation = Invocation(settings.input, settings.options(), str(result.report))
    outcomes = [*_outcomes(result.report), OutcomeCount(Status.NOT_SENT, result.open_rows)]
    summary = _summary(invocation, result.report, outcomes, settings, result.account)
    run = _run("load", began, result, adapter.counts, result.requests, result.throttled)
    ended = result.stopped, result.interrupted, result.exit_code
    return RunResult(summary=summary, run=run, stopped=ended[0], interrupted=ended[1], exit_code=ended[2])


async def run_verify(settings: VerifySettings, observer: Observer, cancel_token: CancelToken) -> RunResult:
    """As `loader.commands.run_verify`."""
    adapter, began = _Adapter(observer), time.time()
    found = await old_verify.run_verify(settings, adapter, cancel_token)
    others = [one for one in _outcomes(Path(settings.path)) if one.status not in _PROVABLE]
    marks = {"present": found.present, "missing": found.missing, "unknown": found.unknown}
    outcomes = [OutcomeCount(Status.ASSOCIATED, count, verified=mark) for mark, count in marks.items()]
    invocation = Invocation(settings.path, settings.options())
    summary = _summary(invocation, found.verified, [*outcomes, *others], settings, found.account, marks)
    run = _run("verify", began, found, {}, found.requests)
    ended = found.stopped, found.interrupted, found.exit_code
    return RunResult(summary=summary, run=run, stopped=ended[0], interrupted=ended[1], exit_code=ended[2])


@dataclass(frozen=True)
class UndoQuestion:
    """What an undo is going to do: how many pairs it removes, and which it keeps."""

    old: old_undo.UndoPlan
    pairs: int
    kept: Kept


def prepare_undo(settings: UndoSettings, stack: ExitStack) -> UndoQuestion:
    """As `loader.commands.prepare_undo`."""
    plan = old_undo.prepare_undo(settings, stack)
    return UndoQuestion(plan, plan.open_rows, Kept(plan.stood_before, 0, plan.unknown))


async def run_undo(plan: UndoQuestion, observer: Observer, cancel_token: CancelToken) -> RunResult:
    """As `loader.commands.run_undo`."""
    adapter, began, settings = _Adapter(observer), time.time(), plan.old.settings
    result = await old_undo.run_undo(plan.old, adapter, cancel_token)
    invocation = Invocation(settings.path, settings.options())
    outcomes = list(_outcomes(result.output)) if result.output.exists() else []
    summary = _summary(invocation, result.output, outcomes, settings, result.account)
    run = _run("undo", began, result, result.counts, result.requests)
    refused = tuple(group for group in summary.groups if group.cause.needs_attention)
    ended = result.stopped, result.interrupted, result.exit_code
    return RunResult(
        summary=summary,
        run=run,
        stopped=ended[0],
        interrupted=ended[1],
        exit_code=ended[2],
        kept=plan.kept,
        refused=refused,
    )


def read_summary(path: str) -> LoadSummary:
    """The summary of a load, from its report. Raises ReportError."""
    report = Path(path)
    invocation = Invocation(_input_of(path), {}, os.path.abspath(path))
    return _summary(invocation, report, list(_outcomes(report, needed=True)), ConnectionSettings(), None)


def write_page(path: str, summary: LoadSummary, page: str) -> None:
    """The page of a load, from its report. Raises UsageError, also if another kind of file would be lost."""
    out = Path(page)
    try:
        ours = not out.is_file() or is_page(out)  # a pipe to another program has nothing to lose
    except OSError as error:
        raise UsageError(f"{page} can't be read: {error.strerror}", "Name another file.") from error
    if not ours:
        raise UsageError(f"{page} is not a page of this program, and stays as it is", "Name another file.")
    records = (one for one in read_records(Path(path)) if one.status in _ATTENTION)
    rows = (AttentionRow(*_pair(one), one.status, *_said(one), others=one.others) for one in records)
    html = render_page(summary, rows, read_header(Path(path)), (), datetime.now(UTC))
    try:
        if out.exists() and not out.is_file():
            out.write_bytes(html.encode())
        else:
            write_whole(out, html.encode())
    except OSError as error:
        raise UsageError(f"The page {page} can't be written: {error.strerror}") from error


_PROVABLE = (Status.ASSOCIATED, Status.EXISTING)
_ATTENTION = (Status.FAILED, Status.GAVE_UP, Status.INVALID)


def _outcomes(report: Path, needed: bool = False) -> Iterator[OutcomeCount]:
    for one in read_records(report) if needed or report.exists() else ():
        example = Example(*_pair(one), one.error_message, one.correlation_id)
        said = one.http_status, one.error_category, one.error_message, one.error_details
        yield OutcomeCount(one.status, 1, example, *said)


def _pair(one: Record) -> tuple[int, str, str, str, str]:
    return one.row, one.from_type, one.from_id, one.to_type, one.to_id


def _said(one: Record) -> tuple[int, str, str, str, str]:
    said = one.http_status, one.error_category, one.error_message, one.error_details
    return *said, one.correlation_id


def _summary(
    invocation: Invocation,
    report: Path,
    outcomes: Sequence[OutcomeCount],
    settings: ConnectionSettings,
    account: Account | None,
    verified: Mapping[str, int] | None = None,
) -> LoadSummary:
    return LoadSummary(
        invocation=invocation,
        report=os.path.abspath(report),
        checkpoint=os.path.abspath(report),
        rows=sum(one.pairs for one in outcomes),
        groups=group_by_cause(outcomes),
        simulated=settings.simulate,
        account_id=account.portal_id if account else None,
        ui_domain=account.ui_domain if account else "",
        host=settings.base_url.removeprefix("https://"),
        verified=verified or {},
        last_result_at=time.time(),
    )


def _run(
    command: str,
    began: float,
    ended: object,
    counts: Mapping[Status, int],
    requests: int,
    throttled: int = 0,
) -> Run:
    stopped: Stopped | None = getattr(ended, "stopped", None)
    interrupted = getattr(ended, "interrupted", False)
    return Run(
        command=command,
        started_at=began,
        ended_at=time.time(),
        exit_code=getattr(ended, "exit_code", None),
        requests=requests,
        throttled=throttled,
        counts=dict(counts),
        stopped=stopped.reason if stopped else "interrupted" if interrupted else "",
        message=str(stopped) if stopped else "",
        hint=stopped.hint if stopped else "",
    )


def _input_of(path: str) -> str:
    beside = path.replace(".report.csv", ".csv")
    return beside if os.path.exists(beside) else path
