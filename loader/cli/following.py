"""Running `verify` and `undo` from a terminal: signals, progress, and what they came to."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TypeVar

import click

from loader.cli.console import goes_on, print_error, rows_of
from loader.cli.display import Lines, display_for
from loader.cli.execute import Signals
from loader.cli.result import printed
from loader.commands import (
    CancelToken,
    Listener,
    UndoPlan,
    UndoResult,
    VerifyResult,
    prepare_undo,
    read_whose_account,
    run_undo,
    run_verify,
)
from loader.errors import Interrupted, UsageError
from loader.model import Status
from loader.settings import UndoSettings, VerifySettings
from loader.text import escape_controls, pluralize

_STARTS_AGAIN = "The same command starts again."
_ANSWER = "Answer y or n, or say --yes in scripts."

Summary = TypeVar("Summary", VerifyResult, UndoResult)


def verify_to_the_end(settings: VerifySettings, as_json: bool, verbosity: int) -> int:
    """Read back, print the certificate, and return the exit code. Raises what `run_verify` raises."""
    found, code = _run(lambda listener, cancel_token: run_verify(settings, listener, cancel_token), verbosity)
    if as_json or found.finished:
        printed(
            [json.dumps({**found.as_json(), "exit_code": code}) if as_json else _certificate(found)],
            f"Row by row it stands in {found.verified}" if found.finished else _STARTS_AGAIN,
        )
    if found.stopped is not None:
        print_error(str(found.stopped), found.stopped.hint)
    if not found.finished:
        click.echo(f"Stopped before the end; nothing was written. {_STARTS_AGAIN}", err=True)
    return code


def undo_to_the_end(settings: UndoSettings, yes: bool, as_json: bool, verbosity: int) -> int:
    """Ask, take back, print what came of it, and return the exit code. Raises what `run_undo` raises."""
    with ExitStack() as stack:
        plan = prepare_undo(settings, stack)
        _tell_what_is_left(plan)
        if plan.open_rows:
            _ask(plan, yes)
        summary, code = _run(lambda listener, cancel_token: run_undo(plan, listener, cancel_token), verbosity)
    printed(
        [json.dumps({**summary.as_json(), "exit_code": code}) if as_json else _taken_back(summary)],
        f"What was taken back stands in {summary.output}, and the same command goes on.",
    )
    if summary.stopped is not None:
        print_error(str(summary.stopped), summary.stopped.hint)
    if not summary.finished:
        click.echo(f"Stopped with {rows_of(summary.open_rows)} to go. {goes_on()}", err=True)
    return code


def _run(start: Callable[[Listener, CancelToken], Awaitable[Summary]], verbosity: int) -> tuple[Summary, int]:
    async def main() -> tuple[Summary, int]:
        cancel_token = CancelToken()
        with display_for(verbosity) as display:
            return await _heeding_signals(start, display, cancel_token)

    return asyncio.run(main())


async def _heeding_signals(
    start: Callable[[Listener, CancelToken], Awaitable[Summary]], display: Lines, cancel_token: CancelToken
) -> tuple[Summary, int]:
    run = asyncio.ensure_future(start(display, cancel_token))
    signals = Signals(cancel_token, run, display.tell)
    with signals.heard():
        try:
            summary = await run
        except (asyncio.CancelledError, Interrupted):
            ended = Interrupted("interrupted", "The same command goes on.")
            ended.exit_code = signals.code or ended.exit_code
            raise ended from None
    return summary, signals.code if summary.interrupted else summary.exit_code


def _taken_back(summary: UndoResult) -> str:
    none = "nothing yet" if summary.open_rows else "nothing to do"
    counts = ", ".join(f"{summary.counts[s]:,} {s}" for s in Status if summary.counts.get(s))
    report = escape_controls(str(summary.output))
    return f"Report: {report}\n{rows_of(summary.created)} to take back: {counts or none}"


def _certificate(found: VerifyResult) -> str:
    account = found.account
    whose = f"{account.portal_id} ({account.ui_domain})" if account else "not told by HubSpot"
    lines = [
        f"Read back from HubSpot, account {whose}",
        f"  from {found.began_at} to {found.ended_at}, with {pluralize(found.requests, 'request')}",
        f"  {found.checked:,} of {found.rows:,} rows of {found.report}",
        f"  present: {found.present:,}",
        f"  missing: {found.missing:,}",
    ]
    if found.unknown:
        lines.append(f"  unknown: {found.unknown:,} (no usable answer; the same command asks again)")
    lines += [f"  row by row: {found.verified}", f"  SHA-256 of it: {found.sha256}"]
    return "\n".join(map(escape_controls, lines))


def _left(rows: int) -> str:
    return f"{rows_of(rows)} {'is' if rows == 1 else 'are'} left"


def _tell_what_is_left(plan: UndoPlan) -> None:
    if plan.stood_before:
        click.echo(
            f"{_left(plan.stood_before)}: labels stood between their records before the load, and "
            "removing the default association would remove these too.",
            err=True,
        )
    if plan.unknown:
        click.echo(
            f"{_left(plan.unknown)}: the load did not ask whether they existed before, and HubSpot "
            "does not say it afterwards. A load with --skip-existing can be undone.",
            err=True,
        )


def _ask(plan: UndoPlan, yes: bool) -> None:
    """Let a person decide, who sees the count and the account.

    Raises UsageError where the answer is no or nobody answers (Ctrl-D), and Interrupted for Ctrl-C.
    """
    question = escape_controls(
        f"Remove {pluralize(plan.open_rows, 'association')} that {plan.settings.path} created"
    )
    if yes:
        click.echo(f"{question}: yes", err=True)
        return
    if not (sys.stdin is not None and sys.stdin.isatty()):
        raise UsageError("undo asks before it starts, and there is nobody to ask", "In scripts say --yes.")
    account = asyncio.run(read_whose_account(plan.settings))
    whose = f"account {account.portal_id} ({account.ui_domain})" if account else "an account it does not name"
    click.echo(f"The token opens {whose}.", err=True)
    try:
        agreed = click.confirm(f"{question}?", err=True)
    except click.Abort as aborted:
        click.echo(err=True)  # the question's line is still open
        if isinstance(aborted.__context__, EOFError):  # click makes one error of Ctrl-D and Ctrl-C
            raise UsageError("there was no answer, so nothing was removed", _ANSWER) from aborted
        print_error("interrupted: nothing was removed", "The same command asks again.")
        raise Interrupted("interrupted") from aborted
    if not agreed:
        raise UsageError("nothing was removed")
