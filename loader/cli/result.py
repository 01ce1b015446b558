"""A command's result, which is all that goes to standard output."""

from __future__ import annotations

from collections.abc import Iterable

import click

from loader.cli.console import print_error
from loader.errors import Interrupted


def printed(paragraphs: Iterable[str], hint: str) -> bool:
    """Print a result as it is made; False where it can't be, which is then said, with the `hint`.

    Raises Interrupted for Ctrl-C: the causes of a large report take a while to gather.
    """
    try:
        for paragraph in paragraphs:
            click.echo(paragraph)
    except OSError as error:  # a full disk, or a reader that has left
        print_error(f"the result can't be printed: {error.strerror}", hint)
        return False
    except KeyboardInterrupt:
        print_error("interrupted while the result was printed", hint)
        raise Interrupted("interrupted") from None
    return True
