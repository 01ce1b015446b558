"""What a command prints: its result on standard output, everything else on standard error."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

import click

from loader.errors import Interrupted, LoaderError
from loader.text import escape_controls

if TYPE_CHECKING:  # `--help` must not wait for them
    from loader.summary.terminal import Line

_STYLES: dict[str, dict[str, str | bool]] = {
    "good": {"fg": "green", "bold": True},
    "warn": {"fg": "yellow", "bold": True},
    "bad": {"fg": "red", "bold": True},
    "strong": {"bold": True},
    "quiet": {"dim": True},
    "command": {"fg": "cyan"},
}
#: Replacements for characters that an encoding lacks; any other becomes a question mark.
_PLAIN = {"→": "->", "…": "...", "·": "-", "“": '"', "”": '"'}
#: Width in columns for a file or a pipe.
_WIDTH_ELSEWHERE = 100


def accept_every_character() -> None:
    """Let the output streams replace what their encoding lacks (cp1252 on Windows) instead of failing."""
    codecs.register_error("assoc-loader", _replace)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):  # replaced by a test or a host program
            stream.reconfigure(errors="assoc-loader")  # type: ignore[union-attr]


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(c, "?") for c in error.object[error.start : error.end]), error.end


def width() -> int:
    """Width of standard output in columns: the terminal's, or a readable one for a file or a pipe."""
    if not sys.stdout.isatty():
        return _WIDTH_ELSEWHERE
    return max(40, shutil.get_terminal_size((80, 24)).columns)


def print_lines(lines: Iterable[Line], otherwise: str) -> bool:
    """Print a result on standard output. If that fails, print an error with the hint `otherwise`.

    Returns whether it was printed. Raises Interrupted for Ctrl-C.
    """
    try:
        for line in lines:
            _write(line.text, line.style)
        sys.stdout.flush()
    except OSError as error:  # a full disk, or a reader that has left
        print_error(f"The result can't be printed: {error.strerror}", otherwise)
        return False
    except KeyboardInterrupt:
        print_error("Interrupted while the result was printed", otherwise)
        raise Interrupted("Interrupted") from None
    return True


def print_json(value: object, otherwise: str) -> bool:
    """Print a value as one JSON object on one line; as `print_lines`."""
    from json import dumps

    from loader.summary.terminal import Line

    return print_lines([Line(dumps(value))], otherwise)


def print_error(message: str, hint: str = "", command: str = "") -> None:
    """Print what is wrong, what to do and the command on standard error, if that can be written."""
    with suppress(OSError):
        _write(f"error: {escape_controls(message)}", "bad", sys.stderr)
        for line in hint.splitlines():
            _write(f"  {escape_controls(line)}", "", sys.stderr)
        if command:
            _write(f"  {command}", "command", sys.stderr)


@contextmanager
def suggesting(command: Callable[..., str]) -> Iterator[None]:
    """Add the whole command to an error that names options; `command` makes it from them."""
    try:
        yield
    except LoaderError as error:
        if error.options:
            error.command = command(**error.options)
        raise


def _write(text: str, style: str, stream: TextIO | None = None) -> None:
    """A line, coloured on a terminal unless `NO_COLOR` asks for none. https://no-color.org"""
    stream = stream or sys.stdout
    if style and stream.isatty() and not os.environ.get("NO_COLOR"):
        click.echo(click.style(text, **_STYLES[style]), stream)  # type: ignore[arg-type]
    else:
        stream.write(f"{text}\n")
        stream.flush()
