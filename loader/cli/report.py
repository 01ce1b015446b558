"""`assoc-loader report`."""

from __future__ import annotations

import click

from loader.cli.options import PATH, GroupedCommand, options

_EPILOG = """\b
Example:
  assoc-loader report pairs.csv

\b
Exit codes:
  0  written
  2  there is no load of that name, or its input is gone or has changed
  3  the report can't be replaced just now, because it is open elsewhere for example
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@PATH
@options("json")
def report(path: str, json: bool) -> int:
    """Write the report of a load again, from its input and its checkpoint.

    PATH is the input, the report or the checkpoint of a load. HubSpot is not asked.
    """
    from loader.errors import UsageError

    raise UsageError(f"{path} has no checkpoint yet")
