"""Readable text: cells, names and server messages on one line, numbers and times in words."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable


def escape_controls(text: str) -> str:
    """The user's own text on one line: what a terminal would obey or hide is written as an escape."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def one_line(text: object, longest: int = 1000) -> str:
    """A server's text on one line of at most `longest` characters; what is not printable becomes U+FFFD.

    Such characters are replaced, not removed: removing them could rejoin a secret that they break up.
    """
    words = " ".join(str(text)[: 4 * longest].split())
    if not words.isprintable():
        words = "".join(c if c.isprintable() else "\ufffd" for c in words)
    return truncate(words, longest)


def quote_cell(cell: str, longest: int = 40) -> str:
    """A cell as a message shows it: in quotes, on one line, at most `longest` characters of it."""
    return f"'{escape_controls(truncate(cell, longest))}'"


def truncate(text: str, longest: int) -> str:
    """`text`, or its beginning and an ellipsis if it has more than `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def command_line(words: Iterable[str]) -> str:
    """A command to copy, on one line, quoted for this platform's shell; empty if one line can't express it.

    What a terminal would obey or hide (a line feed, a byte that is not text) becomes ``$'\\012'``. POSIX has
    this form since 2024, bash, zsh and ksh had it long before, and Windows has none.
    """
    if os.name == "nt":
        line = subprocess.list2cmdline(words)
        return line if line.isprintable() else ""
    return " ".join(map(_shell_word, words))


def shown_path(path: str) -> str:
    """The path as a command names it: relative if it lies in the working folder, and never like an option.

    A relative ``-`` is standard input and stays as it is.
    """
    if os.path.isabs(path):
        path = path.removeprefix(os.path.join(os.getcwd(), "")) or path
    elif path == "-":
        return path
    return os.path.join(os.curdir, path) if path.startswith("-") else path


def pluralize(number: int, what: str, plural: str = "") -> str:
    """``1 pair``, ``2,000 pairs``."""
    return f"{number:,} {what if number == 1 else plural or f'{what}s'}"


def duration(seconds: float) -> str:
    """A time span in words: ``40 s``, ``12 min``, ``7 h 05 min``, ``2 d 3 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    hours = round(minutes / 60)
    return f"{hours // 24} d {hours % 24} h"


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode()


def _shell_word(word: str) -> str:
    return shlex.quote(word) if word.isprintable() else f"$'{''.join(map(_shell_escaped, word))}'"


def _shell_escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(character))
