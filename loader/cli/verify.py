"""`assoc-loader verify`."""

from __future__ import annotations

from typing import Any

import click

from loader.cli.options import PATH, REQUESTS, TALKING, GroupedCommand, options

_EPILOG = """\b
Example:
  assoc-loader verify pairs.csv

\b
Exit codes:
  0  all present, and no pair of the load needs attention
  1  some are missing or unknown, or need attention for another reason
  2  nothing was asked
  3  stopped before the end; run the same command again to resume
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@PATH
@options(*TALKING, *REQUESTS)
def verify(json: bool, quiet: int, verbose: int, **values: Any) -> int:
    """Read the associations of a load back from HubSpot.

    PATH is the input, the report or the checkpoint of a load. Each pair that is associated or existing is
    marked present, missing or unknown.
    """
    from loader.cli.console import width
    from loader.cli.execute import run_to_the_end
    from loader.commands.verify import run_verify
    from loader.settings import VerifySettings
    from loader.summary.follow_up import verify_lines

    settings = VerifySettings(**values)
    return run_to_the_end(
        lambda display, cancel_token: run_verify(settings, observer=display, cancel_token=cancel_token),
        lambda ended: verify_lines(ended.summary, ended.run, width()),
        as_json=json,
        verbosity=verbose - quiet,
    )
