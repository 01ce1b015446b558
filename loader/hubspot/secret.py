"""Text that no message, log or traceback shows: tokens, and the header that carries one."""

from __future__ import annotations

from collections.abc import Mapping

from multidict import CIMultiDict

#: What stands where a secret stood.
HIDDEN = "[hidden]"

#: A secret shorter than this is no real token, and hiding it would tear words and JSON apart.
_SHORTEST_HIDDEN = 6


class Secret:
    """A token, readable only by calling `reveal`."""

    __slots__ = ("_bytes", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._bytes = text.encode()

    def reveal(self) -> str:
        """The secret itself, for the wire and nothing else."""
        return self._text

    def hide_in(self, text: str) -> str:
        """`text` with every occurrence of the secret blotted out."""
        return text.replace(self._text, HIDDEN) if len(self._text) >= _SHORTEST_HIDDEN else text

    def hide_in_bytes(self, body: bytes) -> bytes:
        """`body` likewise: a server or proxy may echo the request that it refuses."""
        if self._bytes in body and len(self._bytes) >= _SHORTEST_HIDDEN:
            return body.replace(self._bytes, HIDDEN.encode())
        return body

    def hide_in_headers(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        """`headers` likewise."""
        if self._text in "\n".join(headers.values()):
            return CIMultiDict((name, self.hide_in(value)) for name, value in headers.items())
        return headers

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
