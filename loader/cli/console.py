"""What is said on standard error."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from loader.text import command_line, escape_controls


def print_error(message: str, hint: str = "") -> None:
    """Say on standard error what is wrong and what to do; where nobody can hear it, the exit code says it."""
    with suppress(OSError):
        click.echo(click.style("error: ", fg="red", bold=True) + escape_controls(message), err=True)
        if hint:
            click.echo(click.style("  try: ", fg="cyan") + escape_controls(hint), err=True)


def rows_of(count: int) -> str:
    """So many rows, in words: ``1 row``, ``1,234 rows``."""
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def goes_on() -> str:
    """That the same command goes on from where this one stopped, with that command to be copied.

    It lacks `--overwrite`, which would begin anew. No secret stands in it: no option takes one.
    """
    command = command_line(["assoc-loader", *(word for word in sys.argv[1:] if word != "--overwrite")])
    return "The same command goes on from there" + (f":\n    {command}" if command else ".")
