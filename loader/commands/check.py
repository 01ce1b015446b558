"""`check`: read the input and say what `load` would do with it; with `--online`, ask HubSpot too."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from loader.checkpoint import LoadFiles
from loader.commands.forecast import DailyForecast, Forecast, end_of_load, forecast
from loader.commands.observer import Observer
from loader.commands.online_check import Online, OnlineCheck
from loader.commands.plan import LoadPlan, prepare
from loader.commands.run import progress_of
from loader.commands.sampling import TypePairSamples
from loader.commands.session import open_session
from loader.engine.cancellation import CancelToken
from loader.engine.stats import RunStats
from loader.errors import InputError, Stopped, UsageError
from loader.hubspot.account import Account
from loader.model import Status
from loader.pace import Pace
from loader.settings import LoadSettings
from loader.source import Chunk, InvalidRow, Source, is_pipe
from loader.text import truncate

_EXAMPLES = 3
#: Characters of an example that are shown: a cell may hold megabytes.
_MAX_RECORD, _MAX_MESSAGE = 100, 300


class Example(NamedTuple):
    """One row, the line of the file on which it begins, and why it is shown."""

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


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What `load` would do with an input and the same settings.

    input: the input's name
    files: where report and checkpoint are or would be; None for a pipe without `report`
    columns: which columns are taken, and as what
    rows: data rows; blank_rows: lines of empty cells, not counted as rows
    pairs: pairs that can be sent, each once; duplicates: rows that repeat one
    settled: pairs that earlier runs settled
    to_send: pairs that this run would take up
    verdicts: rows that can't or need not be sent, by reason, with the first examples
    type_pairs: pairs by their object types
    forecast: requests, time, share of the daily limit
    ends_at: when the load would end if it began now; None if that is not within a year
    online: what HubSpot says; None without `online`
    """

    input: str
    files: LoadFiles | None
    columns: str
    rows: int
    blank_rows: int
    pairs: int
    duplicates: int
    settled: int
    to_send: int
    verdicts: tuple[RowVerdict, ...]
    type_pairs: Counter[tuple[str, str]]
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
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
) -> CheckResult:
    """Read the whole input, compare it with the checkpoint if there is one, and ask HubSpot if `online`.

    Raises UsageError if the file or the account can't be used, Interrupted if it was cancelled.
    """
    observer, cancel_token = observer or Observer(), cancel_token or CancelToken()
    with ExitStack() as stack:
        progress = progress_of(observer, cancel_token)
        try:
            plan = await asyncio.to_thread(prepare, settings, stack, progress, check=True)
            verdicts = await asyncio.to_thread(_verdicts, plan)
            samples = await asyncio.to_thread(_samples, plan) if online else TypePairSamples()
        except asyncio.CancelledError:
            cancel_token.cancel()  # the thread sees it at its next chunk
            raise
        except Stopped as changed:
            raise InputError(str(changed), "Run the same command again.") from changed
        found, reading = None, Pace(cap=settings.rate_cap, reserve=settings.reserve).reading
        if online:
            try:
                async with open_session(settings, RunStats(total=0), observer, cancel_token) as session:
                    found = await _ask(OnlineCheck(session.hubspot), session.account, samples, session.pace)
                    reading = session.pace.reading
            except Stopped as why:  # an exhausted daily limit, an account migration
                raise UsageError(str(why), why.hint) from why
        will = forecast(plan.to_send, settings, reading)
        if found is not None:
            will = replace(will, daily_limit=found.quota.limit, daily_remaining=found.quota.remaining)
        account, quota = (found.account, found.quota) if found else (None, DailyForecast(None, None, None))
        return CheckResult(
            input=settings.input if is_pipe(settings.input) else plan.source.name,
            files=None if is_pipe(settings.input) and settings.report is None else plan.files,
            columns=plan.source.description,
            rows=plan.survey.rows,
            blank_rows=plan.survey.blank_rows,
            pairs=plan.survey.sendable,
            duplicates=plan.survey.duplicates,
            settled=plan.settled,
            to_send=plan.to_send,
            verdicts=verdicts,
            type_pairs=plan.survey.pairs_by_types,
            forecast=will,
            ends_at=end_of_load(datetime.now(UTC), will.requests, will.per_second, quota, account),
            online=found,
        )


def _samples(plan: LoadPlan) -> TypePairSamples:
    samples = TypePairSamples()
    for taken in plan.chunks():
        samples.add(taken.pairs)
    return samples


def _verdicts(plan: LoadPlan) -> tuple[RowVerdict, ...]:
    survey = plan.survey
    verdicts = [
        RowVerdict(Status.INVALID, category, count, tuple(map(_invalid_example, survey.examples[category])))
        for category, count in survey.refused.most_common()
    ]
    if survey.duplicates:
        examples = tuple(_duplicate_examples(plan.source, plan.source.chunks(survey)))
        verdicts.append(RowVerdict(Status.DUPLICATE, "DUPLICATE", survey.duplicates, examples))
    if survey.empty:
        verdicts.append(RowVerdict(Status.EMPTY, "EMPTY", survey.empty, ()))
    return tuple(verdicts)


def _invalid_example(row: InvalidRow) -> Example:
    return Example(
        row.row,
        row.line,
        _record(row.from_type, row.from_id),
        _record(row.to_type, row.to_id),
        truncate(row.fault.message.removeprefix(f"line {row.line}: "), _MAX_MESSAGE),
    )


def _duplicate_examples(source: Source, chunks: Iterator[Chunk]) -> Iterator[Example]:
    """The first few duplicates; the reading ends with the last of them."""
    left = _EXAMPLES
    for chunk in chunks:
        for index, first in list(chunk.duplicates.items())[:left]:
            types = source.type_pairs[int(chunk.types[index])]
            yield Example(
                int(chunk.rows_of[index]),
                int(chunk.lines[index]),
                _record(types.from_type, str(chunk.from_ids[index])),
                _record(types.to_type, str(chunk.to_ids[index])),
                f"duplicate of row {first}",
            )
            left -= 1
        if not left:
            return


def _record(object_type: str, record_id: str) -> str:
    return truncate(f"{object_type} {record_id}".strip(), _MAX_RECORD)


async def _ask(check: OnlineCheck, account: Account | None, samples: TypePairSamples, pace: Pace) -> Online:
    findings = [await check.about(sample) for sample in samples]
    if samples.left_out:
        check.leave_out(f"{samples.left_out:,} pairs of further types")
    quota = await check.quota(pace.reading, account, datetime.now(UTC))
    check.ended()
    return Online(
        account,
        pace.reading.limit,
        pace.reading.interval,
        quota,
        tuple(findings),
        check.problems,
        check.unchecked,
    )
