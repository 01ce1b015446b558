"""The Python API: what `load` does on the command line, for notebooks, schedulers and other programs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Literal, TypeAlias, TypedDict, Unpack

from loader.commands import CancelToken, LoadPlan, LoadResult, RunStats, run_load
from loader.errors import UsageError
from loader.hubspot.account import Account
from loader.model import Outcome
from loader.pace import PaceReading
from loader.settings import LoadSettings

__all__ = ["CancelToken", "LoadOptions", "LoadResult", "load", "load_async"]

Path: TypeAlias = str | os.PathLike[str]
OnOutcome: TypeAlias = Callable[[Outcome], None]

_LOG = logging.getLogger("loader")
#: Seconds between two looks at whether the run has ended: on Windows, Ctrl-C does not interrupt a wait.
_LOOK = 0.2


class LoadOptions(TypedDict, total=False):
    """The options of `load` on the command line, under the same names and with the same defaults."""

    report: Path
    from_type: str
    to_type: str
    from_column: str
    to_column: str
    from_type_column: str
    to_type_column: str
    delimiter: str
    encoding: str
    sheet: str
    allow_empty: bool
    trust_quotes: bool
    checkpoint: Path
    retry: bool
    rate: str
    workers: int
    max_attempts: int
    timeout: float
    outage_timeout: float
    method: Literal["put", "batch"]
    skip_existing: bool
    limit: int
    reserve: float
    only: Iterable[str]
    stop_after_failures: int
    wait_for_daily_reset: bool
    account_id: int
    overwrite: bool
    base_url: str
    api_version: str
    token_file: Path
    simulate: bool
    log_file: Path


async def load_async(
    input: Path,  # noqa: A002 - the command line's name for it
    *,
    on_outcome: OnOutcome | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[LoadOptions],
) -> LoadResult:
    """Load every pair of a CSV file, and leave a report of every row; for programs with an event loop.

    `input` is the file's path; `options` are those of the command line (`LoadOptions`): seconds for times,
    `only` a list of statuses or the command line's text. The token comes from the environment or from
    `token_file`, as there.

    `on_outcome` is called in the event loop for each row that this run settles, and should be quick; what
    it raises ends the run in good order and is raised here. `cancel_token.cancel()`, from any thread, ends
    the run in good order too, and `interrupted` is set in the summary; cancelling the task ends it at once.
    Whatever ends a run, the report is sound, and the same call goes on from there.

    Returns the summary; its `exit_code` is the command's, and where the run stopped early `stopped` says
    why (nothing is raised for that). Raises UsageError where nothing was sent: InputError, ReportError,
    CredentialsError; and Interrupted where it is cancelled before anything was sent. Warnings go to
    the logger ``loader``.
    """
    cancel_token = cancel_token or CancelToken()
    failures: list[Exception] = []

    def tell(outcome: Outcome) -> None:
        if on_outcome is None or failures:
            return
        try:
            on_outcome(outcome)
        except Exception as failure:  # somebody else's code: raised again when the run has ended
            failures.append(failure)
            cancel_token.cancel()

    summary = await run_load(
        _settings(input, options), audience=_Logging(), cancel_token=cancel_token, on_outcome=tell
    )
    if failures:
        raise failures[0]
    return summary


def load(
    input: Path,  # noqa: A002 - the command line's name for it
    *,
    on_outcome: OnOutcome | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[LoadOptions],
) -> LoadResult:
    """Load every pair of a CSV file, and leave a report of every row; returns when the run has ended.

    As `load_async`, and callable from anywhere, in a notebook's running event loop too: the run has a thread
    and a loop of its own, in which `on_outcome` is called. Whatever is raised in the waiting thread meanwhile
    (KeyboardInterrupt, a scheduler's time-out) cancels the run, and goes on once the report is closed.
    """
    cancel_token = cancel_token or CancelToken()
    started = contextvars.copy_context()

    def run() -> LoadResult:
        return asyncio.run(load_async(input, on_outcome=on_outcome, cancel_token=cancel_token, **options))

    with ThreadPoolExecutor(1, thread_name_prefix="loader") as thread:
        running = thread.submit(started.run, run)
        try:
            while wait([running], _LOOK).not_done:
                pass
        except BaseException:
            cancel_token.cancel()
            raise
    return running.result()


def _settings(file: Path, options: LoadOptions) -> LoadSettings:
    plain = {
        name: os.fspath(value) if isinstance(value, os.PathLike) else value
        for name, value in options.items()
        if value is not None
    }
    if "only" in plain:
        only = options["only"]
        words = only.split(",") if isinstance(only, str) else map(str, only)
        plain["only"] = frozenset(word.strip().lower() for word in words if word.strip())
    if unknown := sorted(plain.keys() - LoadOptions.__annotations__.keys()):
        raise UsageError(
            f"load has no option {', '.join(unknown)}",
            f"The options are {', '.join(LoadOptions.__annotations__)}.",
        )
    try:
        return LoadSettings(input=os.fspath(file), **plain)  # type: ignore[arg-type]
    except (TypeError, AttributeError) as error:  # a text where a number is wanted, and the like
        raise UsageError(f"an option of load is of the wrong type: {error}") from error


class _Logging:
    """The audience of a run that has no screen."""

    def reading(self, rows: int) -> None:
        """Not listened to."""

    def warn(self, message: str) -> None:
        _LOG.warning("%s", message)

    def decided(self, name: str, details: dict[str, object]) -> None:
        _LOG.debug("%s %s", name, details)

    def begin(
        self, plan: LoadPlan, account: Account | None, stats: RunStats, pace: Callable[[], PaceReading]
    ) -> None:
        _LOG.info("%s: %d rows to do", plan.source.name, plan.open_rows)
