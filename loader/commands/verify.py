"""`verify`: read the associations of a load back from HubSpot, and say of each row whether it stands.

The report is read in stretches. Each is looked up by the workers that send a load, with their patience for
faults, and then copied behind the last one. The copy takes its name when it is whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from loader.commands.follow_up import Listener, connected
from loader.commands.replacing import VERIFIED_COLUMNS, may_replace_verified
from loader.csvtext import encode_cells
from loader.engine.batching import record_packing
from loader.engine.cancellation import CancelToken
from loader.engine.pipeline import Session, run_pipeline
from loader.engine.sender import Admit, PartialResult, SendMethod
from loader.engine.skip_existing import look_up
from loader.engine.stats import RunStats
from loader.engine.work_item import OpenPairs, WorkItem
from loader.errors import ReportError, Stopped
from loader.hubspot import HubSpot, Kind, Verdict
from loader.hubspot.account import Account
from loader.hubspot.association_reader import MOST_RECORDS
from loader.model import OWN_COLUMNS, Outcome, OutcomeGroup, Pair, Status, group_outcomes
from loader.report import Record, ReportLock, read_header, read_records
from loader.settings import VerifySettings

#: Rows of the report that are looked up and held in memory at a time.
_STRETCH = 50_000
#: Pairs in one item, if few records have many.
_MOST_PAIRS = 10_000
_PROVABLE = frozenset({Status.ASSOCIATED, Status.EXISTING})

PRESENT, MISSING, UNKNOWN = "present", "missing", "unknown"
#: What a look came to, in the words of a row's outcome.
_WORDS = {Status.EXISTING: PRESENT, Status.FAILED: MISSING, Status.GAVE_UP: UNKNOWN}


@dataclass(frozen=True)
class VerifyResult:
    """What was read back, when, and from which account (None where HubSpot did not say).

    Of `rows` in the report, `checked` were `associated` or `existing`: so many of them are `present` and
    `missing`, and `unknown` where HubSpot gave no usable answer. Times are ISO 8601 in UTC. `sha256` is that
    of the `verified` file. `stopped` says why the reading ended before its end; then there is no such file.
    """

    report: Path
    verified: Path
    account: Account | None
    began_at: str
    ended_at: str
    rows: int
    checked: int
    present: int
    missing: int
    unknown: int
    requests: int
    sha256: str = ""
    stopped: Stopped | None = None
    interrupted: bool = False

    @property
    def finished(self) -> bool:
        """Whether every row was looked up."""
        return self.stopped is None and not self.interrupted

    @property
    def exit_code(self) -> int:
        """The contract's: 0 all present, 1 some missing or unknown, 3 stopped, 130 interrupted."""
        if self.interrupted:
            return 130
        return self.stopped.exit_code if self.stopped else int(self.present < self.checked)

    def as_json(self) -> dict[str, object]:
        """The certificate as plain values, for `json.dumps`."""
        return {
            "report": str(self.report),
            "verified": str(self.verified),
            "account_id": self.account.portal_id if self.account else None,
            "account_domain": self.account.ui_domain if self.account else None,
            "began_at": self.began_at,
            "ended_at": self.ended_at,
            "finished": self.finished,
            "rows": self.rows,
            "checked": self.checked,
            "present": self.present,
            "missing": self.missing,
            "unknown": self.unknown,
            "requests": self.requests,
            "sha256": self.sha256,
            "stopped": self.stopped.reason if self.stopped else "interrupted" if self.interrupted else None,
            "message": str(self.stopped) if self.stopped else "",
            "hint": self.stopped.hint if self.stopped else "",
            "exit_code": self.exit_code,
        }


async def run_verify(settings: VerifySettings, listener: Listener, cancel_token: CancelToken) -> VerifyResult:
    """Read back every `associated` and `existing` row of a report.

    Raises UsageError where the report or the credentials can't be used, a load is writing the report, or the
    output is a file of another kind. What stops it later is in the certificate.
    """
    report, began = Path(settings.report), _now()
    read_header(report)  # before the lock, which would leave its file where there is no report
    # Both to the end: what a load writes meanwhile would be in the copy by halves and not in the counts.
    with ReportLock(report, reading=True), ReportLock(settings.output_path, option="--output") as lock:
        may_replace_verified(lock.path)
        rows, checked = await asyncio.to_thread(_count, report)
        stats = RunStats(total=checked)
        stopped: Stopped | None = None
        async with connected(settings, stats, listener, cancel_token) as run:
            listener.tell(f"{report}: {checked:,} of {rows:,} rows to read back")
            listener.follow(stats, lambda: run.pace.reading)
            digest = ""
            try:
                digest = await _copy_with_marks(run, report, lock.path)
            except Stopped as why:
                stopped = why
            requests, account = run.pace.requests, run.account
    counts = stats.by_status
    return VerifyResult(
        report,
        settings.output_path,
        account,
        began,
        _now(),
        rows,
        checked,
        counts[Status.EXISTING],
        counts[Status.FAILED],
        counts[Status.GAVE_UP],
        requests,
        digest,
        stopped,
        interrupted=cancel_token.cancelled and stopped is None,
    )


def _count(report: Path) -> tuple[int, int]:
    """Rows of the report, and those to look up; raises ReportError for what is no report."""
    rows = checked = 0
    for record in read_records(report):
        if record.status is Status.REMOVED:
            raise ReportError(
                f"{report} is the report of an undo: what it took back is not there to be verified",
                "Name the report of the load.",
            )
        rows += 1
        checked += record.status in _PROVABLE
    return rows, checked


async def _copy_with_marks(run: Session, report: Path, output: Path) -> str:
    """Write the copy and return its SHA-256; no copy and '' where a person interrupts. Raises Stopped."""
    unfinished = output.with_name(output.name + ".unfinished")
    try:
        with unfinished.open("wb") as file:
            digest = hashlib.sha256()
            columns = [*OWN_COLUMNS, *read_header(report), *VERIFIED_COLUMNS]
            _write(file, digest, f"{encode_cells(columns)[1:]}\n")
            records = read_records(report)
            while stretch := await asyncio.to_thread(lambda: list(islice(records, _STRETCH))):
                looks = await _look_up(run, stretch)
                if run.cancel_token.cancelled:
                    return ""
                _write(file, digest, "".join(_line(record, looks.get(record.row)) for record in stretch))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(output)
    except OSError as error:
        raise Stopped(
            "report_unwritable",
            f"{output} can't be written: {error.strerror or error}",
            "Make room on the disk or choose another --output, and give the same command again.",
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return digest.hexdigest()


def _write(file: BinaryIO, digest: hashlib._Hash, text: str) -> None:
    data = text.encode()
    digest.update(data)
    file.write(data)


async def _look_up(run: Session, stretch: list[Record]) -> dict[int, Outcome]:
    """What stands of the rows of a stretch, by row. Raises Stopped."""
    looks = _Looks()
    pairs = [
        Pair(record.row, record.from_type, record.from_id, record.to_type, record.to_id)
        for record in stretch
        if record.status in _PROVABLE
    ]
    method = SendMethod(_Look(run.hubspot), record_packing(MOST_RECORDS, _MOST_PAIRS))
    await run_pipeline(run, method, iter([OpenPairs(pairs)]), looks)
    return looks.by_row


class _Looks:
    """Where the outcomes go."""

    backlog = 0
    trouble = ""

    def __init__(self) -> None:
        self.by_row: dict[int, Outcome] = {}

    async def record(self, pairs: Sequence[Pair], existed_before: str) -> None:
        """Nothing to do."""

    def withdraw(self, pairs: Sequence[Pair]) -> None:
        """Nothing to do."""

    def settle(self, group: OutcomeGroup) -> None:
        self.by_row.update((outcome.pair.row, outcome) for outcome in group.outcomes)


class _Look:
    """Looks a item up: `existing` where the default association stands, `failed` where it does not."""

    def __init__(self, hubspot: HubSpot) -> None:
        self._hubspot = hubspot

    async def send(self, item: WorkItem, admit: Admit) -> Verdict | PartialResult:
        standing = await look_up(item, self._hubspot, admit, time.time)
        now = time.time()
        if isinstance(standing, Verdict):
            if standing.kind is not Kind.REFUSED:
                return standing
            # A refused question proves nothing, neither way.
            halves = item.halves()
            unproven = [] if halves else [Outcome(pair, Status.GAVE_UP, now) for pair in item.pairs]
            return PartialResult(group_outcomes(unproven), halves)
        outcomes: list[Outcome] = []
        for pair in item.pairs:
            link = standing.link(pair)
            if link is not None and link.default:
                outcomes.append(Outcome(pair, Status.EXISTING, now))
            elif link is not None or standing.knows(pair) or standing.is_gone(pair):
                outcomes.append(Outcome(pair, Status.FAILED, now, error_category="NOT_IN_RESULTS"))
            else:
                outcomes.append(Outcome(pair, Status.GAVE_UP, now, error_category="UNREADABLE_ANSWER"))
        return PartialResult(group_outcomes(outcomes), [])


def _line(record: Record, look: Outcome | None) -> str:
    """The report's line with what the look came to; nothing for a row that was not to be looked up."""
    marks = ("", "") if look is None else (_WORDS[look.status], _iso(look.completed_at))
    cells = [str(cell) for cell in record[1 : 1 + len(OWN_COLUMNS)]]  # behind the line number
    cells[OWN_COLUMNS.index("http_status")] = str(record.http_status or "")
    return f"{encode_cells([*cells, *record.others, *marks])[1:]}\n"


def _iso(moment: float) -> str:
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def _now() -> str:
    return _iso(time.time())
