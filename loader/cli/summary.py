"""`assoc-loader summary`."""

from __future__ import annotations

import click

from loader.cli.options import PATH, GroupedCommand, options

_EPILOG = """\b
Examples:
  assoc-loader summary pairs.csv
  assoc-loader summary pairs.csv --html pairs.html

\b
Exit codes:
  0  all pairs taken up so far are associated, existing, duplicate or empty
  1  some are failed, gave_up, invalid, removed, missing or unknown
  2  there is no load of that name
"""


@click.command(cls=GroupedCommand, epilog=_EPILOG)
@PATH
@options("html", "json")
def summary(path: str, html: str | None, json: bool) -> int:
    """Show a load's result, its causes and what to do next.

    PATH is the input, the report or the checkpoint of a load, finished, stopped or running.
    """
    from loader.cli.console import print_json, print_lines, width
    from loader.commands.summary import run_summary
    from loader.errors import Stopped, UsageError
    from loader.summary.terminal import Line, summary_lines
    from loader.text import escape_controls, shown_path

    for name, value in (("PATH", path), ("--html", html)):
        if value == "":
            raise UsageError(f"{name} is empty: name a file")
    found = run_summary(path)
    page = []
    if html is not None:
        from loader.commands.page import write_page  # imports numpy and jinja2

        write_page(path, found, html)
        page = [Line(""), Line(escape_controls(f"Page: {shown_path(html)}"))]
    otherwise = "The page is written." if html is not None else "The load itself is as it was."
    if json:
        printed = print_json({**found.as_dict(), "exit_code": found.exit_code}, otherwise)
    else:
        printed = print_lines([*summary_lines(found, width()), *page], otherwise)
    return found.exit_code if printed else Stopped.exit_code
