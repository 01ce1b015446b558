"""Pollution of archives: cut off, overwritten, mixed up, misnamed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from collections.abc import Callable
from random import Random

from tests.campaigns.dirty_cases import Case, defaults, kind, lines_of
from tests.campaigns.dirty_oracle import Exactly, Refusal, Spared
from tests.campaigns.dirty_tables import table

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def _zipped(data: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("pairs.csv", data)
    return archive.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    # With a checksum, as the zstd command writes it: without one nothing in a frame tells of a flipped bit.
    ".zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
    ".zip": _zipped,
}


@kind
def archives(rng: Random) -> Case:
    """Whole, in several members, cut off, followed by something else, empty, or under a wrong name."""
    base = table(rng, rows=rng.choice((3, 2000)))
    data = base.text().encode()
    suffix = rng.choice(list(PACK))
    pack = PACK[suffix]
    packed = pack(data)
    style = rng.choice(
        (
            "whole",
            "members",
            "cut",
            "garbage behind",
            "damaged member",
            "garbage",
            "empty",
            "no archive",
            "unnamed",
        )
    )
    expected: Exactly | Refusal = Exactly(lines_of(base))
    name = ".csv" + suffix
    at = rng.randrange(1, len(packed))
    if style == "members" and suffix != ".zip":
        half = rng.randrange(len(data))
        packed = pack(data[:half]) + pack(b"") + pack(data[half:])
    elif style in ("cut", "garbage", "empty", "no archive", "unnamed"):
        if style != "no archive":
            expected = Refusal()
        name = ".csv" if style == "unnamed" else name
        packed = {
            "cut": packed[:at],
            "garbage": rng.randbytes(200),
            "empty": b"",
            "no archive": data,
            "unnamed": packed,
        }[style]
    elif style == "garbage behind" and suffix != ".zip":
        packed, expected = packed + b"garbage", Refusal()
    elif style == "damaged member" and suffix != ".zip":
        more = bytearray(pack(data))
        more[rng.randrange(3)] ^= 0x55
        packed, expected = packed + bytes(more), Refusal()
    return Case(packed, expected, suffix=name, options=defaults(base))


@kind
def archive_overwritten(rng: Random) -> Case:
    """One byte of an archive is another one: it is noticed, or it did not matter."""
    base = table(rng, rows=200)
    suffix = rng.choice(list(PACK))
    packed = bytearray(PACK[suffix](base.text().encode()))
    packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    pairs = frozenset(row.pair for row in base.rows)
    return Case(
        bytes(packed), Spared(lines_of(base), pairs, 0), suffix=".csv" + suffix, options=defaults(base)
    )
