"""What is said on standard error."""

from __future__ import annotations

from contextlib import suppress

import click

from loader.terminal import visible


def complain(message: str, hint: str = "") -> None:
    """Say on standard error what is wrong and what to do; where nobody can hear it, the exit code says it."""
    with suppress(OSError):
        click.echo(click.style("error: ", fg="red", bold=True) + visible(message), err=True)
        if hint:
            click.echo(click.style("  try: ", fg="cyan") + visible(hint), err=True)


def rows_of(count: int) -> str:
    """So many rows, in words: ``1 row``, ``1,234 rows``."""
    return f"{count:,} {'row' if count == 1 else 'rows'}"
