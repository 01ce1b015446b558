"""`assoc-loader load`."""

from __future__ import annotations

from typing import Any

import click

from loader.cli.options import FILES, INPUT, READING, REQUESTS, TALKING, GroupedCommand, options

_EPILOG = """\b
Examples:
  assoc-loader load pairs.csv --from-type contacts --to-type companies
  assoc-loader load export.xlsx --from-type 0-1 --to-type 0-3 --skip-existing
  assoc-loader load pairs.csv --from-type contacts --to-type deals --limit 10

\b
The token comes from HUBSPOT_ACCESS_TOKEN or --token-file, or by OAuth from
HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET and HUBSPOT_REFRESH_TOKEN. Each
option can be an environment variable too: ASSOC_LOADER_LOAD_RATE=50/10.
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@INPUT
@options(
    *READING,
    *FILES,
    *TALKING,
    *("dry-run", "limit", "skip-existing", "retry", "stop-after-failures", "method", "simulate"),
    *REQUESTS,
)
def load(dry_run: bool, json: bool, quiet: int, verbose: int, **values: Any) -> int:
    """Associate every pair of INPUT, and write the report.

    INPUT is a CSV file (also .gz .bz2 .xz .zip .zst) or an .xlsx workbook with a header, or '-' for standard
    input. Run the same command again to resume; nothing is sent twice.
    """
    from loader.settings import LoadSettings

    settings = LoadSettings(**values)
    if dry_run:
        from loader.cli.check import print_check

        return print_check(settings, online=False, as_json=json)

    from loader.cli.console import suggesting, width
    from loader.cli.execute import run_to_the_end
    from loader.commands.load import run_load
    from loader.summary import Invocation
    from loader.summary.terminal import load_lines

    invocation = Invocation(settings.input, settings.options())
    # The suggested command repeats the options of this run: a pilot stays a pilot.
    of_this_run = {name: True for name in ("retry", "overwrite") if getattr(settings, name)}
    with suggesting(lambda **changes: invocation.load(**changes, limit=settings.limit, **of_this_run)):
        return run_to_the_end(
            lambda display, cancel_token: run_load(settings, observer=display, cancel_token=cancel_token),
            lambda ended: load_lines(ended.summary, ended.run, width()),
            as_json=json,
            verbosity=verbose - quiet,
        )
