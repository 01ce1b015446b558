"""`assoc-loader undo`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from loader.cli.options import PATH, REQUESTS, TALKING, GroupedCommand, options
from loader.errors import Interrupted, UsageError

if TYPE_CHECKING:
    from loader.commands.undo import UndoPlan

_EPILOG = """\b
Example:
  assoc-loader load pairs.csv --from-type 0-1 --to-type 0-3 --skip-existing
  assoc-loader undo pairs.csv

\b
Exit codes:
  0  all that the load created is removed
  1  some of it is still there
  2  nothing was sent
  3  stopped before the end; run the same command again to resume
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@PATH
@options(*TALKING, "not-in-input", "yes", "stop-after-failures", *REQUESTS)
def undo(yes: bool, json: bool, quiet: int, verbose: int, **values: Any) -> int:
    """Remove the associations that a load created.

    PATH is the input, the report or the checkpoint of a load that looked first (--skip-existing). Pairs that
    existed before, or that have gained a label since, are kept.
    """
    from loader.cli.console import width
    from loader.cli.execute import run_to_the_end
    from loader.commands.undo import run_undo
    from loader.settings import UndoSettings
    from loader.summary.follow_up import Kept, undo_lines

    settings = UndoSettings(**values)
    return run_to_the_end(
        lambda display, cancel_token: run_undo(
            settings, confirm=lambda plan: _ask(plan, yes), observer=display, cancel_token=cancel_token
        ),
        lambda ended: undo_lines(ended.summary, ended.run, ended.kept or Kept(), ended.refused, width()),
        as_json=json,
        verbosity=verbose - quiet,
    )


def _ask(plan: UndoPlan, yes: bool) -> bool:
    """Show the count and the account, and let the user decide.

    Raises UsageError if there is no answer (Ctrl-D), and Interrupted for Ctrl-C.
    """
    from loader.commands.undo import what_to_remove
    from loader.summary.follow_up import kept_words

    for words in kept_words(plan.kept):
        click.echo(words, err=True)
    account = plan.account
    whose = f"account {account.portal_id} ({account.ui_domain})" if account else "an unknown account"
    question = f"Remove {what_to_remove(plan)} from {whose}"
    if yes:
        click.echo(f"{question}: yes", err=True)
        return True
    if not sys.stdin.isatty():
        raise UsageError("undo asks before it starts, and there is no terminal to ask on: add --yes")
    try:
        agreed = click.confirm(f"{question}?", err=True)
    except click.Abort as aborted:
        click.echo(err=True)  # the question's line is still open
        if isinstance(aborted.__context__, EOFError):  # click makes one error of Ctrl-D and Ctrl-C
            message = "There was no answer, so nothing was removed"
            raise UsageError(message, "Answer y or n, or add --yes.") from aborted
        raise Interrupted("Interrupted: nothing was removed", "The same command asks again.") from aborted
    return agreed
