"""What is said on standard error."""

from __future__ import annotations

import click


def complain(message: str, hint: str = "") -> None:
    """Say on standard error what is wrong and what to do."""
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style("  try: ", fg="cyan") + hint, err=True)
