"""`assoc-loader load`."""

from __future__ import annotations

from typing import Any

import click

from loader.cli.options import CONNECTING, INPUT, READING, SENDING, TALKING, stacked, statuses_of

_EPILOG = """\b
Examples:
  assoc-loader load pairs.csv --from-type contacts --to-type companies
  assoc-loader load pairs.csv --from-type contacts --to-type companies --limit 100
  assoc-loader load export.csv.gz --from-column "Contact ID" --to-column "Deal ID" \\
      --from-type contacts --to-type deals
  assoc-loader load pairs.report.csv --only failed,gave_up
  zcat pairs.csv.gz | assoc-loader load - -o pairs.report.csv --from-type 0-1 --to-type 0-2

\b
The token comes from HUBSPOT_ACCESS_TOKEN or --token-file, or by OAuth from
HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN.
Every option can be an environment variable too: ASSOC_LOADER_LOAD_RATE=50/10.
"""

_WRITING = stacked(
    click.option(
        "-o",
        "--report",
        metavar="PATH",
        type=click.Path(path_type=str),
        help="The report.  [default: STEM.report.csv beside INPUT; required for '-']",
    ),
    click.option(
        "--method",
        type=click.Choice(["put", "batch"]),
        default="put",
        show_default=True,
        help="One request per pair, or up to 2,000 pairs per request.",
    ),
    click.option(
        "--skip-existing", is_flag=True, help="Read what exists first, and send only what is missing."
    ),
    click.option(
        "--limit",
        type=int,
        metavar="N",
        help="Only the first N data rows (a pilot); a later run without it goes on from there.",
    ),
    click.option(
        "--only",
        metavar="STATUS[,STATUS]",
        help="INPUT is a report: load only its rows with these statuses (failed,gave_up).",
    ),
    click.option(
        "--stop-after-failures",
        type=int,
        default=100,
        show_default=True,
        metavar="N",
        help="Stop when N rows in a row were refused; 0 = never.",
    ),
    click.option("--overwrite", is_flag=True, help="Throw an existing report away and start anew."),
    click.option(
        "--simulate",
        is_flag=True,
        help="Run against a local HubSpot inside this process: no token, no network.",
    ),
    click.option(
        "--log-file",
        metavar="PATH",
        type=click.Path(path_type=str),
        help="Append one JSON line per HTTP attempt and per decision (pause, pace change, stop).",
    ),
)


@click.command(epilog=_EPILOG)
@INPUT
@_WRITING
@READING
@SENDING
@CONNECTING
@TALKING
def load(only: str | None, json: bool, quiet: int, verbose: int, **options: Any) -> int:
    """Load every pair of INPUT and write the report.

    INPUT is a CSV file with a header (also .gz .bz2 .xz .zip .zst), or '-' for standard input. Each data row
    below the header is one pair of record IDs. The same command again goes on where the report stops.
    """
    from loader.cli.execute import run_to_the_end
    from loader.settings import LoadSettings

    statuses = None if only is None else statuses_of(only)
    return run_to_the_end(LoadSettings(only=statuses, **options), json, verbose - quiet)
