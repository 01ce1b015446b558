"""Text that no message, log or traceback shows: tokens, and the header that carries one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html.entities import html5

from multidict import CIMultiDict

#: What takes the place of a secret.
HIDDEN = "[hidden]"

#: A shorter secret is not a real token, and hiding it would break words and JSON.
_SHORTEST_HIDDEN = 6


class Secret:
    """A token. Only `reveal` gives its text; `hide_in` is for answers in which a server repeats it."""

    __slots__ = ("_bytes", "_escaped", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes = text.encode()
        self._escaped: re.Pattern[str] | None = None

    def reveal(self) -> str:
        """The secret itself, for the wire and nothing else."""
        return self._text

    def hide_in(self, text: str) -> str:
        """`text` without the secret, also if its characters are escaped as JSON, URLs or HTML do."""
        if len(self._text) < _SHORTEST_HIDDEN:
            return text
        if "\\" not in text and "%" not in text and "&" not in text:  # nothing is escaped
            return text.replace(self._text, HIDDEN)
        if self._escaped is None:
            self._escaped = re.compile("".join(map(_spellings, self._text)))
        return self._escaped.sub(HIDDEN, text)

    def is_in(self, text: str) -> bool:
        """Whether `hide_in` would change `text`."""
        return self.hide_in(text) != text

    def hide_in_bytes(self, body: bytes) -> bytes:
        """The same for the body of an answer."""
        if self._bytes in body or b"\\" in body or b"%" in body or b"&" in body:
            return self.hide_in(body.decode("latin-1")).encode("latin-1")
        return body

    def hide_in_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """The same for the values of headers."""
        if not self.is_in("\n".join(headers.values())):
            return headers
        return CIMultiDict((name, self.hide_in(value)) for name, value in headers.items())

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"


class BearerHeader(str):
    """The value of an Authorization header, which is hidden when a collection of headers is shown.

    aiohttp's errors carry the headers of the request in their `repr`; the wire format goes through `str`.
    """

    __slots__ = ()

    def __new__(cls, token: Secret) -> BearerHeader:
        return super().__new__(cls, f"Bearer {token.reveal()}")

    def __repr__(self) -> str:
        return f"'Bearer {HIDDEN}'"


@cache
def _spellings(character: str) -> str:
    r"""A pattern for one character, plain or escaped as in JSON (``\u002d``), a URL (``%2D``) or HTML.

    Escapes may be nested. Each alternative begins with its own sign, for speed, and repeats within bounds, so
    that a page full of backslashes does not take for ever.
    """
    plain, code = re.escape(character), ord(character)
    entities = "".join(f"|{name}" for name, text in html5.items() if text == character and name[-1] == ";")
    return (
        rf"(?:{plain}|\\{{1,8}}(?:(?i:u{code:04x})|{plain})|%(?:25){{0,3}}(?i:{code:02x})"
        rf"|&(?:amp;){{0,3}}(?:#(?:0{{0,5}}{code}|(?i:x0{{0,5}}{code:x}));{entities}))"
    )
