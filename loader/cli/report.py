"""`assoc-loader report`."""

from __future__ import annotations

import click

from loader.cli.options import PATH, GroupedCommand, options

_EPILOG = """\b
Example:
  assoc-loader report pairs.csv

\b
Exit codes:
  0  written, and no pair needs attention
  1  written, and some pairs need attention or were removed
  2  there is no load of that name, or its input is gone or has changed
  3  the report can't be replaced just now: it may be open elsewhere
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@PATH
@options("json")
def report(path: str, json: bool) -> int:
    """Write a load's report again, from input and checkpoint.

    PATH is the input, the report or the checkpoint of a load. HubSpot is not asked.
    """
    import asyncio

    from loader.cli.console import print_error, print_json, print_lines
    from loader.cli.execute import tell_of_kept
    from loader.cli.progress import Lines
    from loader.commands.report import run_report
    from loader.errors import Stopped
    from loader.summary.terminal import Line
    from loader.text import shown_path

    ended = asyncio.run(run_report(path, observer=Lines(0)))
    written = ended.report
    assert written is not None, "run_report raises if there is nothing to write it from"
    tell_of_kept(written)
    otherwise = "The report is written." if written.written else "Nothing was written."
    if json:
        printed = print_json(ended.as_dict(), otherwise)
    elif written.written:
        printed = print_lines([Line(f"Report: {shown_path(str(written.path))}")], otherwise)
    else:
        print_error(
            written.problem,
            "Close the program that has it open, or make room on the disk. Then run this again.",
        )
        printed = False
    return ended.exit_code if printed and written.written else Stopped.exit_code
