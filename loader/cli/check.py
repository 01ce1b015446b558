"""`assoc-loader check`."""

from __future__ import annotations

from typing import Any

import click

from loader.cli.options import CONNECTING, INPUT, READING, SENDING, stacked, statuses_of

_EPILOG = """\b
Examples:
  assoc-loader check pairs.csv --from-type contacts --to-type companies
  assoc-loader check pairs.csv --from-type contacts --to-type companies --online
  assoc-loader check - --from-type 0-1 --to-type 0-2 --json < pairs.csv

\b
Exit codes:
  0  clean
  1  some rows are invalid, or (--online) HubSpot would refuse some of them
  2  the file or the account can't be used
"""

_CHECKING = stacked(
    click.option(
        "--online",
        is_flag=True,
        help="Also ask HubSpot, without writing: account, scopes, default type, daily limit, a sample.",
    ),
    click.option(
        "-o",
        "--report",
        metavar="PATH",
        type=click.Path(path_type=str),
        help="The report that `load` would go on from.  [default: STEM.report.csv beside INPUT]",
    ),
    click.option(
        "--method",
        type=click.Choice(["put", "batch"]),
        default="put",
        show_default=True,
        help="Forecast one request per pair, or up to 2,000 pairs per request.",
    ),
    click.option("--skip-existing", is_flag=True, help="Forecast a load that reads what exists first."),
    click.option("--limit", type=int, metavar="N", help="Forecast a load of the first N data rows."),
    click.option(
        "--only",
        metavar="STATUS[,STATUS]",
        help="INPUT is a report: check its rows with these statuses.",
    ),
    click.option("--overwrite", is_flag=True, help="Forecast a load that throws the report away."),
    click.option("--simulate", is_flag=True, help="Ask a local HubSpot inside this process (--online)."),
    click.option(
        "--log-file",
        metavar="PATH",
        type=click.Path(path_type=str),
        help="Append one JSON line per HTTP attempt.",
    ),
)


@click.command(epilog=_EPILOG)
@INPUT
@_CHECKING
@READING
@SENDING
@CONNECTING
@click.option("--json", is_flag=True, help="Print the findings on standard output as JSON.")
def check(online: bool, only: str | None, json: bool, report: str | None, **options: Any) -> int:
    """Read and judge INPUT, and say what `load` would do. Nothing is written.

    Takes the options of `load`. With --online it asks HubSpot too, and sends no association.
    """
    import asyncio
    from json import dumps

    from loader.cli.check_text import as_json, as_text
    from loader.cli.console import print_error
    from loader.cli.result import printed
    from loader.commands.check import NO_REPORT, run_check
    from loader.errors import Stopped
    from loader.settings import LoadSettings

    statuses = None if only is None else statuses_of(only)
    if report is None and options["input"] == "-":
        report = NO_REPORT
    settings = LoadSettings(only=statuses, report=report, **options)
    found = asyncio.run(
        run_check(settings, online=online, warn=lambda message: click.echo(f"Warning: {message}", err=True))
    )
    told = printed([dumps(as_json(found)) if json else as_text(found)], "Nothing was written or sent.")
    if any(problem.blocks for problem in (found.online.problems if found.online else ())):
        print_error("the account can't be used for this file as it is", "Put the problems above right first.")
    return found.exit_code if told else Stopped.exit_code
