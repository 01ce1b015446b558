"""Bytes into text, block by block, each block ending where a line ends.

The encoding is decided by a byte-order mark, else it is UTF-8 (or what the caller says). A byte that
the encoding does not know ends the run with its line: guessing would turn names, and IDs next to them,
into others.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from loader.errors import InputError
from loader.source.archives import DAMAGED

BLOCK_BYTES = 1 << 19
#: No line of ID pairs is longer; what is, is no CSV or holds a quote that never closes.
LONGEST_RECORD = 16 << 20

#: Half of a UTF-16 pair, which some codecs (utf-7, unicode_escape) let through; no report could hold it.
_SURROGATE = re.compile("[\ud800-\udfff]")

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's, so it is asked first
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TextBlock(NamedTuple):
    """Whole lines of text; only the last block of a file may end without a line end."""

    text: str
    checksum: int  # of the bytes read so far, to notice a file that changes between two readings


def text_encoding(encoding: str) -> str:
    """Check that `encoding` names a codec that turns bytes into text (or is ``auto``) and return it.

    Raises InputError.
    """
    if encoding.lower() == "auto":
        return "auto"
    try:
        codec = codecs.lookup(encoding)
        text = bool(codec._is_text_encoding) and codec.incrementaldecoder is not None
    except LookupError:
        text = False
    if not text:
        raise InputError(
            f"--encoding {encoding} is not a text encoding that Python knows",
            "Try utf-8, cp1252 (Windows, western Europe), utf-16, or auto.",
        )
    return encoding


def line_ends(text: str) -> int:
    r"""How many lines end in `text`; ``\r\n`` is one end, a lone ``\r`` (old Macs) is one too."""
    if "\r" not in text:
        return text.count("\n")
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def text_blocks(stream: IO[bytes], encoding: str, name: str) -> Iterator[TextBlock]:
    """Read `stream` to its end as text.

    Raises InputError, with the line, for bytes that `encoding` can't decode, for an archive that is
    damaged there, and for a line longer than `LONGEST_RECORD` characters.
    """
    decoder: codecs.IncrementalDecoder | None = None
    checksum, line, carry, marked = 0, 1, "", False
    while True:
        data = _read(stream, name, line, carry)
        checksum = zlib.crc32(data, checksum)
        if decoder is None:
            decoder = codecs.getincrementaldecoder(_chosen(encoding, data))("strict")
        try:
            text = decoder.decode(data, not data)
        except UnicodeError as error:
            raise _undecodable(error, line, carry, encoding, name) from error
        if not marked and text:
            marked, text = True, text.removeprefix("\ufeff")
        text = carry + text
        if not text.isascii() and (half := _SURROGATE.search(text)):
            raise _half_a_character(half, line, text, name)
        if not data:
            if text:
                yield TextBlock(text, checksum)
            return
        # A block that ends in \r may be half of \r\n, so that \r stays for the next.
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        block, carry = text[:cut], text[cut:]
        if len(carry) > LONGEST_RECORD:
            at = line + line_ends(block)
            raise InputError(
                f"{name}, line {at}: the line is longer than {LONGEST_RECORD >> 20} million characters",
                "This is no CSV file of ID pairs, or it is damaged there.",
                line=at,
            )
        if block:
            yield TextBlock(block, checksum)
            line += line_ends(block)


def _chosen(encoding: str, start: bytes) -> str:
    if encoding != "auto":
        return encoding
    return next((codec for mark, codec in _MARKS if start.startswith(mark)), "utf-8")


def _read(stream: IO[bytes], name: str, line: int, carry: str) -> bytes:
    try:
        return stream.read(BLOCK_BYTES)
    except DAMAGED as error:
        at = line + line_ends(carry)
        raise InputError(
            f"{name}: the archive is damaged after line {at}: {error}", "Fetch or pack it again.", line=at
        ) from error
    except OSError as error:
        at = line + line_ends(carry)
        raise InputError(f"{name} can't be read after line {at}: {error}", line=at) from error


def _undecodable(error: UnicodeError, line: int, carry: str, encoding: str, name: str) -> InputError:
    if not isinstance(error, UnicodeDecodeError):
        return InputError(f"{name}, line {line}: {error}", "Say --encoding with the right one.", line=line)
    # Codecs of 8-bit tables all call themselves "charmap"; unicode_escape takes a name that nobody knows.
    codec = encoding if error.encoding in ("charmap", "unicodeescape") else error.encoding
    before = carry + bytes(error.object[: error.start]).decode(codec, "replace")
    at = line + line_ends(before)
    column = len(before) - max(before.rfind("\n"), before.rfind("\r"))
    wrong = " ".join(f"0x{byte:02X}" for byte in error.object[error.start : error.end][:4])
    advice = (
        "If it comes from a Windows program, try --encoding cp1252; else export it as UTF-8."
        if encoding == "auto"
        else "Say --encoding with the right one, or leave it out."
    )
    return InputError(
        f"{name}, line {at}, character {column}: {wrong} is not {codec.upper()} text",
        advice,
        line=at,
    )


def _half_a_character(half: re.Match[str], line: int, text: str, name: str) -> InputError:
    at = line + line_ends(text[: half.start()])
    return InputError(
        f"{name}, line {at}: U+{ord(half[0]):04X} is half of a surrogate pair and no character",
        "Save the file as UTF-8.",
        line=at,
    )
