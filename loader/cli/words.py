"""What is said on standard error."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
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


def same_command() -> str:
    """The command that goes on from where this one stopped, to be copied.

    It lacks `--overwrite`, which would begin anew. No secret stands in it: no option takes one.
    """
    words = ["assoc-loader", *(word for word in sys.argv[1:] if word != "--overwrite")]
    return visible(subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words))
