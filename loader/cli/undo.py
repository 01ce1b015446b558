"""`assoc-loader undo`."""

from __future__ import annotations

from typing import Any

import click

from loader.cli.options import CONNECTING, SENDING, TALKING

_EPILOG = """\b
Example:
  assoc-loader load pairs.csv --from-type contacts --to-type companies --skip-existing
  assoc-loader undo pairs.report.csv

\b
Exit codes: 0 all taken back, 1 some refused or without an answer, 2 nothing was sent,
3 stopped before the end; the same command goes on from there.
"""


@click.command(epilog=_EPILOG)
@click.argument("report", metavar="REPORT", type=click.Path(path_type=str))
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    type=click.Path(path_type=str),
    help="Undo's own report.  [default: STEM.undo.csv beside STEM.report.csv]",
)
@click.option("-y", "--yes", is_flag=True, help="Don't ask before it starts.")
@click.option(
    "--stop-after-failures",
    type=int,
    default=100,
    show_default=True,
    metavar="N",
    help="Stop when N rows in a row were refused; 0 = never.",
)
@click.option("--overwrite", is_flag=True, help="Throw an existing undo report away and start anew.")
@click.option(
    "--log-file",
    metavar="PATH",
    type=click.Path(path_type=str),
    help="Append one JSON line per HTTP attempt and per decision.",
)
@SENDING
@CONNECTING
@TALKING
def undo(yes: bool, json: bool, quiet: int, verbose: int, **options: Any) -> int:
    """Take back the associations that a load created.

    REPORT is the report of a load with --skip-existing. Only rows are taken back that are associated and did
    not exist before: removing an association removes every label on the pair too.
    """
    from loader.cli.following import undo_to_the_end
    from loader.settings import UndoSettings

    return undo_to_the_end(UndoSettings(**options), yes, json, verbose - quiet)
