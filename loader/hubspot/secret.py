"""Text that no message, log or traceback shows: tokens, and the header that carries one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.entities import html5

from multidict import CIMultiDict

#: What stands where a secret stood.
HIDDEN = "[hidden]"

#: A secret shorter than this is no real token, and hiding it would tear words and JSON apart.
_SHORTEST_HIDDEN = 6


class Secret:
    """A token, readable only by calling `reveal`."""

    __slots__ = ("_bytes", "_escaped", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes = text.encode()
        self._escaped: re.Pattern[str] | None = None

    def reveal(self) -> str:
        """The secret itself, for the wire and nothing else."""
        return self._text

    def hide_in(self, text: str) -> str:
        """`text` with every occurrence of the secret blotted out, its characters escaped or not."""
        if len(self._text) < _SHORTEST_HIDDEN:
            return text
        if "\\" not in text and "%" not in text and "&" not in text:  # signs with which escapes begin
            return text.replace(self._text, HIDDEN)
        if self._escaped is None:
            self._escaped = re.compile("".join(map(_spellings, self._text)))
        return self._escaped.sub(HIDDEN, text)

    def stands_in(self, text: str) -> bool:
        """Whether `hide_in` finds anything."""
        return self.hide_in(text) != text

    def hide_in_bytes(self, body: bytes) -> bytes:
        """`body` likewise: a server or proxy may echo the request that it refuses."""
        if self._bytes in body or b"\\" in body or b"%" in body or b"&" in body:
            return self.hide_in(body.decode("latin-1")).encode("latin-1")
        return body

    def hide_in_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """`headers` likewise."""
        values = "\n".join(headers.values())
        if not self.stands_in(values):
            return headers
        return CIMultiDict((name, self.hide_in(value)) for name, value in headers.items())

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"


class BearerHeader(str):
    """The value of an Authorization header, which hides itself where a header collection is shown.

    aiohttp's errors carry the request's headers in their `repr`; the wire format goes through `str`.
    """

    __slots__ = ()

    def __new__(cls, token: Secret) -> BearerHeader:
        return super().__new__(cls, f"Bearer {token.reveal()}")

    def __repr__(self) -> str:
        return f"'Bearer {HIDDEN}'"


def _spellings(character: str) -> str:
    """A pattern for one character as it is, or as JSON, a URL or HTML may write it, more than once around.

    It begins with a sign in each case, which makes it fast, and repeats within bounds, lest a page of nothing
    but backslashes takes for ever.
    """
    plain, code = re.escape(character), ord(character)
    entities = "".join(f"|{name}" for name, text in html5.items() if text == character and name[-1] == ";")
    return (
        rf"(?:{plain}|\\{{1,8}}(?:(?i:u{code:04x})|{plain})|%(?:25){{0,3}}(?i:{code:02x})"
        rf"|&(?:amp;){{0,3}}(?:#(?:0{{0,5}}{code}|(?i:x0{{0,5}}{code:x}));{entities}))"
    )
