"""`assoc-loader summary`."""

from __future__ import annotations

import click

_EPILOG = """\b
Examples:
  assoc-loader summary pairs.report.csv
  assoc-loader summary pairs.report.csv --html pairs.html --log-file pairs.log

\b
Exit codes:
  0  every row is associated, existing or a duplicate
  1  some rows are failed, gave_up or invalid
  2  REPORT is no report
"""


@click.command(epilog=_EPILOG)
@click.argument("report", metavar="REPORT", type=click.Path(path_type=str))
@click.option(
    "--html",
    metavar="PATH",
    type=click.Path(path_type=str),
    help="Also write the summary as one self-contained page, with pictures of outcome and pace.",
)
@click.option(
    "--log-file",
    metavar="PATH",
    type=click.Path(path_type=str),
    help="The log of that load (load --log-file): the page then shows how long answers took.",
)
@click.option("--json", is_flag=True, help="Print the summary on standard output as JSON.")
def summary(report: str, html: str | None, log_file: str | None, json: bool) -> int:
    """Say what a report says: counts, causes, one example each, and what to do.

    REPORT is what `load` has written, finished or not.
    """
    from json import dumps
    from pathlib import Path

    from loader.cli.result import printed
    from loader.errors import Stopped, UsageError
    from loader.report import read_records
    from loader.summary.summarise import as_json, as_text, summarise
    from loader.text import escape_controls

    for name, path in (("REPORT", report), ("--html", html), ("--log-file", log_file)):
        if path == "":
            raise UsageError(f"{name} is empty", "Name a file.")
    if log_file is not None and html is None:
        raise UsageError("--log-file is for the page, and no page is asked for", "Add --html PATH.")
    if html is not None:
        from loader.summary.page import write_page  # draws pictures, which takes a moment to import

        found = write_page(report, html, log_file)
    else:
        found = summarise(read_records(Path(report)))
    pages = [f"Page: {escape_controls(html)}"] if html is not None else []
    told = printed(
        [dumps(as_json(found, report))] if json else [as_text(found, report), *pages],
        "The page is written." if pages else "The report is as it was.",
    )
    return found.exit_code if told else Stopped.exit_code
