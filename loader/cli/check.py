"""`assoc-loader check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loader.cli.options import FILES, INPUT, READING, REQUESTS, GroupedCommand, options

if TYPE_CHECKING:
    from loader.settings import LoadSettings

_EPILOG = """\b
Examples:
  assoc-loader check pairs.csv --from-type contacts --to-type companies
  assoc-loader check pairs.csv --from-type contacts --to-type deals --online
  assoc-loader check - --from-type 0-1 --to-type 0-2 --json < pairs.csv

\b
Exit codes:
  0  clean
  1  some rows are invalid, or (--online) HubSpot would refuse some of them
  2  the file or the account can't be used
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@INPUT
@options(
    *READING,
    *FILES,
    *("json", "log-file", "online", "limit", "skip-existing", "retry", "method", "simulate"),
    *REQUESTS,
)
def check(online: bool, json: bool, **values: Any) -> int:
    """Read and validate INPUT, and say what `load` would do. Nothing is written, no association is sent.

    Takes the options of `load`. With --online it asks HubSpot too.
    """
    from loader.settings import LoadSettings

    return print_check(LoadSettings(**values), online=online, as_json=json)


def print_check(settings: LoadSettings, *, online: bool, as_json: bool) -> int:
    """Check, print what was found, and return the exit code. Raises UsageError."""
    import asyncio

    from loader.cli.check_text import as_dict, as_lines
    from loader.cli.console import print_error, print_json, print_lines, suggesting, width
    from loader.cli.progress import Lines
    from loader.commands.check import run_check
    from loader.errors import Stopped
    from loader.summary import Invocation, NextStep
    from loader.summary.terminal import step_lines

    invocation = Invocation(settings.input, settings.options())
    with suggesting(invocation.check):
        found = asyncio.run(run_check(settings, online=online, observer=Lines(0)))
    otherwise = "Nothing was written or sent."
    if as_json:
        printed = print_json(as_dict(found), otherwise)
    else:
        lines = as_lines(found, width())
        if found.to_send and found.exit_code < Stopped.exit_code and settings.input != "-":
            asked: dict[str, object] = {} if settings.limit is None else {"limit": settings.limit}
            asked |= {name: True for name in ("retry", "overwrite") if getattr(settings, name)}
            lines += step_lines(NextStep("To load it:", invocation.load(**asked)), width())
        printed = print_lines(lines, otherwise)
    if any(problem.blocks for problem in (found.online.problems if found.online else ())):
        print_error("The account can't be used for this file as it is", "Solve the problems above first.")
    return found.exit_code if printed else Stopped.exit_code
