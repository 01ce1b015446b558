"""`check`: judge the input, say what `load` would do, and on request ask HubSpot. Nothing is written."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from loader.commands.ending import Quota, end_of_load
from loader.commands.event_log import Log
from loader.commands.forecast import Forecast, forecast
from loader.commands.online_check import Inquiry, Online
from loader.commands.plan import LoadPlan, compare, open_source
from loader.commands.replacing import may_overwrite_report
from loader.commands.sampling import Sketches
from loader.commands.session import checked_account, connect
from loader.engine.cancellation import CancelToken
from loader.errors import InputError, Interrupted, Stopped
from loader.model import Outcome, Pair, Status
from loader.pace import Pace
from loader.settings import LoadSettings
from loader.text import truncate

#: Stands for the report of a `check` that has none to compare with: standard input without `--report`.
NO_REPORT = os.devnull
_EXAMPLES = 3
#: Characters of an example that are shown: a cell may hold megabytes.
_LONGEST_END, _LONGEST_MESSAGE = 100, 300


class Example(NamedTuple):
    """One row, the physical line on which it begins, and why it is shown."""

    row: int
    line: int
    from_record: str
    to_record: str
    message: str


class RowVerdict(NamedTuple):
    """The rows that can't be sent, or need not be, for one reason: a report's `error_category`."""

    status: Status
    category: str
    rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Check:
    """What `load` would make of an input, with the same settings.

    `rows` counts data rows, `chosen` those that `--only` lets through, `settled` those that a report has
    already, `open_rows` what `load` would settle and `to_send` the pairs that it would send. `ends_at` is
    when that would end, if it began now. `online` is None where HubSpot was not asked.
    """

    input: str
    report: Path | None
    rows: int
    chosen: int
    settled: Counter[Status]
    open_rows: int
    to_send: int
    verdicts: tuple[RowVerdict, ...]
    kinds: Counter[tuple[str, str]]
    forecast: Forecast
    ends_at: datetime | None
    online: Online | None

    @property
    def exit_code(self) -> int:
        """0 clean; 1 some rows are invalid, or HubSpot will refuse some; 2 the account can't be used."""
        problems = self.online.problems if self.online else ()
        if any(problem.blocks for problem in problems):
            return 2
        return int(bool(problems) or any(verdict.status is Status.INVALID for verdict in self.verdicts))


async def run_check(
    settings: LoadSettings,
    *,
    online: bool = False,
    seen: Callable[[int], None] | None = None,
    warn: Callable[[str], None] = lambda _message: None,
    stdin: BinaryIO | None = None,
) -> Check:
    """Read the whole input, compare it with the report where there is one, and ask HubSpot where `online`.

    `seen` is told of progress, in rows and in a thread; `warn` what a person should know of the
    credentials. Raises UsageError where the file or the account can't be used.
    """
    cancel_token = CancelToken()

    def note(rows: int) -> None:
        if cancel_token.cancelled:
            raise Interrupted("interrupted")
        if seen is not None:
            seen(rows)

    with ExitStack() as stack:
        try:
            read = await asyncio.to_thread(_read, settings, stack, stdin, note)
        except asyncio.CancelledError:
            cancel_token.cancel()  # a thread can't be cancelled, and nobody should wait for it
            raise
    pace = Pace(cap=settings.rate_cap, reserve=settings.reserve)
    found = await _ask(settings, read.sketches, pace, warn, stdin) if online else None
    will = forecast(read.to_send, settings, pace.reading)
    if found is not None:  # the day as far as it is known
        will = replace(will, daily_limit=found.quota.limit, daily_remaining=found.quota.remaining)
    account, quota = (found.account, found.quota) if found else (None, Quota(None, None, None))
    survey = read.plan.survey
    return Check(
        read.plan.source.name,
        settings.report_path if read.plan.settled is not None else None,
        survey.rows,
        survey.chosen,
        read.plan.before,
        read.plan.open_rows,
        read.to_send,
        read.verdicts,
        survey.type_pairs,
        will,
        end_of_load(datetime.now(UTC), will.requests, will.per_second, quota, account),
        found,
    )


class _Reading(NamedTuple):
    plan: LoadPlan
    verdicts: tuple[RowVerdict, ...]
    to_send: int
    sketches: Sketches


def _read(
    settings: LoadSettings, stack: ExitStack, stdin: BinaryIO | None, note: Callable[[int], None]
) -> _Reading:
    """Both readings of the input; `note` is told how far each has come. Raises UsageError."""
    source = open_source(settings, stack, stdin, note)
    report = None if settings.report == NO_REPORT else Path(os.path.realpath(settings.report_path))
    if settings.overwrite and report is not None:
        may_overwrite_report(report)
    plan = compare(settings, source, None if settings.overwrite else report, note)
    duplicates: list[Outcome] = []
    sketches, to_send = Sketches(), 0
    try:
        for batch in source.batches(plan.survey):
            pairs = [pair for pair in batch.pairs if _is_open(plan, pair)]
            to_send += len(pairs)
            note(to_send)
            sketches.add(pairs)
            again = (outcome for outcome in batch.outcomes if outcome.status is Status.DUPLICATE)
            duplicates += list(again)[: _EXAMPLES - len(duplicates)]
    except Stopped as changed:
        raise InputError(str(changed), "Run the same command again.") from changed
    return _Reading(plan, _verdicts(plan, duplicates), to_send, sketches)


def _is_open(plan: LoadPlan, pair: Pair) -> bool:
    limit = plan.settings.limit
    return (limit is None or pair.row <= limit) and not (plan.settled and plan.settled.statuses[pair.row - 1])


def _verdicts(plan: LoadPlan, duplicates: list[Outcome]) -> tuple[RowVerdict, ...]:
    survey = plan.survey
    invalid = [
        RowVerdict(
            Status.INVALID,
            category,
            count,
            # the fault's own words begin with the line
            tuple(_example(row.pair, row.line, row.fault.message) for row in survey.examples[category]),
        )
        for category, count in survey.refused.most_common()
    ]
    if not survey.duplicates:
        return tuple(invalid)
    lines = plan.source.lines([outcome.pair.row for outcome in duplicates])
    shown = tuple(_example(one.pair, lines[one.pair.row], one.error_message) for one in duplicates)
    return (*invalid, RowVerdict(Status.DUPLICATE, "DUPLICATE", survey.duplicates, shown))


def _example(pair: Pair, line: int, message: str) -> Example:
    return Example(
        pair.row,
        line,
        truncate(f"{pair.from_type} {pair.from_id}".strip(), _LONGEST_END),
        truncate(f"{pair.to_type} {pair.to_id}".strip(), _LONGEST_END),
        truncate(message.removeprefix(f"line {line}: "), _LONGEST_MESSAGE),
    )


async def _ask(
    settings: LoadSettings,
    sketches: Sketches,
    pace: Pace,
    warn: Callable[[str], None],
    stdin: BinaryIO | None,
) -> Online:
    with Log(settings.log_file) as log:
        async with connect(settings, pace, log, warn, stdin) as hubspot:
            inquiry = Inquiry(hubspot)
            account = await inquiry.account()
            if settings.account_id is not None:
                await checked_account(hubspot, settings)
            kinds = [await inquiry.about(sketch) for sketch in sketches]
            if sketches.left_out:
                inquiry.leave_out(f"{sketches.left_out:,} pairs of further types")
            quota = await inquiry.quota(pace.reading, account, datetime.now(UTC))
            inquiry.ended()
    return Online(
        account,
        pace.reading.limit,
        pace.reading.interval,
        quota,
        tuple(kinds),
        inquiry.problems,
        inquiry.unchecked,
    )
