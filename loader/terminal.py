"""Text made safe for a terminal."""

from __future__ import annotations


def visible(text: str) -> str:
    """`text` on one line with everything that a terminal would obey, or hide, written as an escape."""
    return text if text.isprintable() else "".join(map(_visible, text))


def cut(text: str, longest: int) -> str:
    """`text`, or its beginning and an ellipsis where it has more than `longest` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode()
