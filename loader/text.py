"""Text made safe for a terminal."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable


def escape_controls(text: str) -> str:
    """`text` on one line with everything that a terminal would obey, or hide, written as an escape."""
    return text if text.isprintable() else "".join(map(_visible, text))


def truncate(text: str, longest: int) -> str:
    """`text`, or its beginning and an ellipsis where it has more than `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def command_line(words: Iterable[str]) -> str:
    """A command for a person to copy, on one line; empty where it can't be shown so that it stays true.

    It is quoted for this platform's shell. What a terminal would obey or hide, a line feed or a byte that is
    no text, stands as ``$'\\012'``, which POSIX has since 2024 and bash, zsh and ksh have had long before.
    """
    if os.name == "nt":
        line = subprocess.list2cmdline(words)
        return line if line.isprintable() else ""
    return " ".join(map(_typed, words))


def _typed(word: str) -> str:
    return shlex.quote(word) if word.isprintable() else f"$'{''.join(map(_escaped, word))}'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    if character.isprintable():
        return character
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(character))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode()
