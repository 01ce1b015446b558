"""`assoc-loader verify`."""

from __future__ import annotations

from typing import Any

import click

from loader.cli.options import CONNECTING, SENDING, TALKING

_EPILOG = """\b
Example:
  assoc-loader verify pairs.report.csv

\b
Exit codes:
  0  all present
  1  some missing or unknown
  2  nothing was asked
  3  stopped before the end
"""


@click.command(epilog=_EPILOG)
@click.argument("report", metavar="REPORT", type=click.Path(path_type=str))
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(path_type=str),
    help="The copy of the report with what was found.  [default: STEM.verified.csv beside STEM.report.csv]",
)
@click.option(
    "--log-file",
    metavar="PATH",
    type=click.Path(path_type=str),
    help="Append one JSON line per HTTP attempt and per decision.",
)
@SENDING
@CONNECTING
@TALKING
def verify(json: bool, quiet: int, verbose: int, **options: Any) -> int:
    """Read the associations of a load back from HubSpot.

    REPORT is the report of a load. Each row that is associated or existing is looked up, 1,000 records
    per request, and marked present or missing in a copy of the report.
    """
    from loader.cli.following import verify_to_the_end
    from loader.settings import VerifySettings

    return verify_to_the_end(VerifySettings(**options), json, verbose - quiet)
