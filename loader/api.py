"""The Python API: the commands as functions, for notebooks, schedulers and other programs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import re
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, TypeAlias, TypeVar, Unpack

from loader.commands.check import CheckResult, run_check
from loader.commands.load import run_load
from loader.commands.observer import LogObserver, Observer
from loader.commands.report import run_report
from loader.commands.result import RunResult
from loader.commands.summary import run_summary
from loader.commands.undo import run_undo
from loader.commands.verify import run_verify
from loader.engine.cancellation import CancelToken
from loader.errors import LoaderError, UsageError
from loader.hubspot import Secret
from loader.model import Outcome
from loader.options import ConnectionOptions, LoadOptions, Path, UndoOptions
from loader.settings import ConnectionSettings, LoadSettings, UndoSettings, VerifySettings
from loader.summary.model import LoadSummary

OnOutcome: TypeAlias = Callable[[Outcome], None]

_LOG = logging.getLogger("loader")
#: Seconds between checks whether the run has ended: on Windows, Ctrl-C does not interrupt a wait.
_INTERVAL = 0.2

S = TypeVar("S", bound=ConnectionSettings)
T = TypeVar("T")


async def load_async(
    input: Path,  # noqa: A002 - the command line's name for it
    *,
    on_outcome: OnOutcome | None = None,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[LoadOptions],
) -> RunResult:
    """Associate every pair of a file that is not settled yet, and write the report.

        result = await loader.load_async("pairs.csv", from_type="contacts", to_type="companies")
        if result.exit_code:
            print(result.counts, result.stopped)

    `on_outcome` is called in the event loop for each pair that this run settles, and should be quick; an
    exception from it ends the run in good order and is raised here. `cancel_token.cancel()`, from any thread,
    ends the run in good order too; cancelling the task ends it at once. The same call resumes a run.

    Returns the result, whose `exit_code` is the command's; if the run ended early, `stopped` says why, and
    nothing is raised. Raises UsageError if nothing was sent (InputError, CredentialsError, …), Stopped if
    HubSpot refused the run before it began (the daily limit is used up, the account is being moved), and
    Interrupted if it was cancelled before that. Warnings go to the logger ``loader``.
    """
    cancel_token = cancel_token or CancelToken()
    failures: list[Exception] = []

    def tell(outcome: Outcome) -> None:
        if on_outcome is None or failures:
            return
        try:
            on_outcome(outcome)
        except Exception as failure:  # the caller's code: raised again when the run has ended
            failures.append(failure)
            cancel_token.cancel()

    with _in_python_words():
        settings = _settings(LoadSettings, LoadOptions, options, input=os.fspath(input))
        result = await run_load(
            settings, observer=observer or LogObserver(), cancel_token=cancel_token, on_outcome=tell
        )
    if failures:
        raise failures[0]
    return result


def load(
    input: Path,  # noqa: A002 - the command line's name for it
    *,
    on_outcome: OnOutcome | None = None,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[LoadOptions],
) -> RunResult:
    """As `load_async`, callable from anywhere, also in a notebook; `on_outcome` runs in another thread."""
    token = cancel_token or CancelToken()
    return _wait_for(
        lambda: load_async(input, on_outcome=on_outcome, observer=observer, cancel_token=token, **options),
        token,
    )


async def check_async(
    input: Path,  # noqa: A002
    *,
    online: bool = False,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[LoadOptions],
) -> CheckResult:
    """Read a file and say what `load` would do with it; with `online`, ask HubSpot too. Nothing is written.

        print((await loader.check_async("pairs.csv", from_type="contacts", to_type="companies")).to_send)

    Raises UsageError if the file or the account can't be used.
    """
    with _in_python_words():
        settings = _settings(LoadSettings, LoadOptions, options, input=os.fspath(input))
        return await run_check(
            settings, online=online, observer=observer or LogObserver(), cancel_token=cancel_token
        )


def check(
    input: Path,  # noqa: A002
    *,
    online: bool = False,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[LoadOptions],
) -> CheckResult:
    """As `check_async`, callable from anywhere."""
    token = cancel_token or CancelToken()
    return _wait_for(
        lambda: check_async(input, online=online, observer=observer, cancel_token=token, **options), token
    )


async def verify_async(
    path: Path,
    *,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[ConnectionOptions],
) -> RunResult:
    """Read the associations of a load back from HubSpot; `path` is its input, report or checkpoint.

        print((await loader.verify_async("pairs.csv")).summary.verified)

    Raises UsageError if nothing was read, and Stopped and Interrupted as `load_async` does.
    """
    with _in_python_words():
        settings = _settings(VerifySettings, ConnectionOptions, options, path=os.fspath(path))
        return await run_verify(settings, observer=observer or LogObserver(), cancel_token=cancel_token)


def verify(
    path: Path,
    *,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[ConnectionOptions],
) -> RunResult:
    """As `verify_async`, callable from anywhere."""
    token = cancel_token or CancelToken()
    return _wait_for(lambda: verify_async(path, observer=observer, cancel_token=token, **options), token)


async def undo_async(
    path: Path,
    *,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[UndoOptions],
) -> RunResult:
    """Remove what a load created; `path` is its input, report or checkpoint. It does not ask first.

        print((await loader.undo_async("pairs.csv", account_id=62515)).counts)

    Raises UsageError if nothing was removed, and Stopped and Interrupted as `load_async` does.
    """
    with _in_python_words():
        settings = _settings(UndoSettings, UndoOptions, options, path=os.fspath(path))
        return await run_undo(settings, observer=observer or LogObserver(), cancel_token=cancel_token)


def undo(
    path: Path,
    *,
    observer: Observer | None = None,
    cancel_token: CancelToken | None = None,
    **options: Unpack[UndoOptions],
) -> RunResult:
    """As `undo_async`, callable from anywhere."""
    token = cancel_token or CancelToken()
    return _wait_for(lambda: undo_async(path, observer=observer, cancel_token=token, **options), token)


def summary(path: Path) -> LoadSummary:
    """The summary of a load, from its checkpoint; `path` is its input, report or checkpoint.

        print(loader.summary("pairs.csv").not_sent)

    Raises UsageError if there is no such load.
    """
    with _in_python_words():
        return run_summary(os.fspath(path))


def report(path: Path) -> RunResult:
    """Write the report of a load again; `path` is its input, report or checkpoint.

        loader.report("pairs.csv")

    Raises UsageError if there is no such load, or its input is gone.
    """
    with _in_python_words():
        return _wait_for(lambda: run_report(os.fspath(path), observer=LogObserver()), CancelToken())


def _settings(kind: type[S], allowed: type, options: Any, **given: Any) -> S:
    """The settings of a command from its keyword arguments. Raises UsageError, naming the argument."""
    if unknown := sorted(options.keys() - allowed.__annotations__.keys()):
        raise UsageError(f"Unknown {', '.join(f'{name}=' for name in unknown)}")
    names = {one.name for one in fields(kind)}
    values: dict[str, Any] = {
        name: os.fspath(value) if isinstance(value, os.PathLike) else value
        for name, value in options.items()
        if value is not None and name in names
    }
    if isinstance(token := values.get("token"), Secret):
        values["token"] = token.reveal()
    return kind(**given, **values)


@contextmanager
def _in_python_words() -> Iterator[None]:
    """Errors name arguments as Python writes them: `from_column=` instead of `--from-column`."""
    try:
        yield
    except LoaderError as error:
        message = f"{str(error).rstrip('.')}. {error.hint}" if error.hint else str(error)
        error.args = (_OPTION.sub(lambda found: f"{found[1].replace('-', '_')}=", message),)
        raise


_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]+)(?: (?=['0-9]))?")


def _wait_for(start: Callable[[], Coroutine[Any, Any, T]], cancel_token: CancelToken) -> T:
    """Run a coroutine in a thread with a loop of its own, and cancel the run if the wait is interrupted."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="loader") as thread:
        running = thread.submit(context.run, lambda: asyncio.run(start()))
        try:
            while wait([running], _INTERVAL).not_done:
                pass
        except BaseException:
            cancel_token.cancel()
            raise
    return running.result()
