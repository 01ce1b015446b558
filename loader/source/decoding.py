"""Bytes into text, block by block, each block ending where a line ends.

If the caller names no encoding, a byte-order mark decides it, else it is UTF-8. Nothing is guessed: a wrong
guess would change names.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from loader.errors import InputError
from loader.source.archives import DAMAGED
from loader.source.input_file import Part

BLOCK_BYTES = 1 << 18
#: Characters. A longer line is not CSV, or holds a quote that never closes.
LONGEST_RECORD = 16 << 20

#: A single NUL may be part of a text; two in a row are left by bytes that were never written.
_HOLE = "\0\0"
#: Half of a UTF-16 pair, which some codecs (utf-7, unicode_escape) let through; no report could hold it.
_SURROGATE = re.compile("[\ud800-\udfff]")

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's, so it is tested first
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


def text_blocks(stream: IO[bytes], encoding: str, part: Part) -> Iterator[TextBlock]:
    """Read `stream` to its end as text.

    Raises InputError, with the line, for bytes that `encoding` can't decode, for a hole of NUL bytes, for a
    damaged archive, and for a line longer than `LONGEST_RECORD` characters.
    """
    decoder: codecs.IncrementalDecoder | None = None
    checksum, line, carry, marked = 0, 1, "", False
    while True:
        data = _read(stream, part, line, carry)
        checksum = zlib.crc32(data, checksum)
        if decoder is None:
            decoder = codecs.getincrementaldecoder(_chosen(encoding, data))("strict")
        try:
            text = decoder.decode(data, not data)
        except UnicodeError as error:
            raise _undecodable(error, line, carry, encoding, part) from error
        if not marked and text:
            marked, text = True, text.lstrip("\ufeff")
        text = carry + text
        _refuse_damage(text, line, part)
        if not data:
            if text:
                yield TextBlock(text, checksum)
            return
        # A \r at the end may be half of a \r\n, so it is left for the next block.
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        block, carry = text[:cut], text[cut:]
        if len(carry) > LONGEST_RECORD:
            raise part.error(
                line + line_ends(block),
                f"the line is longer than {LONGEST_RECORD >> 20} million characters",
                "This is not a CSV file of ID pairs, or it is damaged there.",
            )
        if block:
            yield TextBlock(block, checksum)
            line += line_ends(block)


def _chosen(encoding: str, start: bytes) -> str:
    if encoding != "auto":
        return encoding
    return next((codec for mark, codec in _MARKS if start.startswith(mark)), "utf-8")


def _read(stream: IO[bytes], part: Part, line: int, carry: str) -> bytes:
    try:
        return stream.read(BLOCK_BYTES)
    except DAMAGED as error:
        what, hint = f"the archive is damaged after this line: {error}", "Fetch or pack it again."
        raise part.error(line + line_ends(carry), what, hint) from error
    except OSError as error:
        what = f"it can't be read after this line: {error.strerror or error}"
        raise part.error(line + line_ends(carry), what) from error


def _undecodable(error: UnicodeError, line: int, carry: str, encoding: str, part: Part) -> InputError:
    if not isinstance(error, UnicodeDecodeError):
        return part.error(line, str(error), "Name the right encoding with --encoding.")
    # Codecs of 8-bit tables all call themselves "charmap"; unicode_escape uses a name of its own.
    codec = encoding if error.encoding in ("charmap", "unicodeescape") else error.encoding
    before = carry + bytes(error.object[: error.start]).decode(codec, "replace")
    column = len(before) - max(before.rfind("\n"), before.rfind("\r"))
    wrong = " ".join(f"0x{byte:02X}" for byte in error.object[error.start : error.end][:4])
    advice = (
        "If it comes from a Windows program, try --encoding cp1252; else export it as UTF-8."
        if encoding == "auto"
        else "Name the right encoding with --encoding, or leave it out."
    )
    return part.error(
        line + line_ends(before), f"character {column}: {wrong} is not {codec.upper()} text", advice
    )


def _refuse_damage(text: str, line: int, part: Part) -> None:
    """Raise InputError for characters that no intact text contains."""
    if (hole := text.find(_HOLE)) >= 0:
        raise part.error(
            line + line_ends(text[:hole]),
            "a hole of NUL bytes, as left by an interrupted copy or a power loss; rows may be missing",
            "Copy or export the file again; if it is UTF-16 or UTF-32, name that with --encoding.",
        )
    if not text.isascii() and (half := _SURROGATE.search(text)):
        raise part.error(
            line + line_ends(text[: half.start()]),
            f"U+{ord(half[0]):04X} is half of a surrogate pair and no character",
            "Save the file as UTF-8.",
        )
