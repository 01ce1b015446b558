"""What a server may send, for hypothesis: JSON like HubSpot's with anything anywhere, and any bytes.

A body is drawn by the seed of a plain generator, some thirty times faster than by strategies for each value.
"""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
from hypothesis import strategies as st

#: The fields that the loader reads, in any answer.
NAMES = [
    "accountType",
    "after",
    "associationCategory",
    "associationSpec",
    "associationTypeId",
    "associationTypes",
    "category",
    "code",
    "context",
    "correctHublet",
    "correlationId",
    "currentUsage",
    "errorType",
    "errors",
    "expires_in",
    "access_token",
    "from",
    "fromObjectId",
    "id",
    "ids",
    "in",
    "INVALID_OBJECT_IDS",
    "label",
    "limit",
    "links",
    "message",
    "missingScopes",
    "next",
    "numErrors",
    "paging",
    "policyName",
    "portalId",
    "refresh_token",
    "requiredScopes",
    "resetsAt",
    "results",
    "status",
    "subCategory",
    "timeZone",
    "to",
    "toObjectId",
    "totalRecordsAtLimit",
    "typeId",
    "uiDomain",
    "usageLimit",
    "userEnforcedMaxToObjectIds",
]
#: Values that mean something in some field.
WORDS = [
    "1",
    "2",
    "3",
    "11",
    "12",
    "COMPLETE",
    "PENDING",
    "ERROR",
    "error",
    "DAILY",
    "daily",
    "MISSING_SCOPES",
    "VALIDATION_ERROR",
    "OBJECT_NOT_FOUND",
    "NO_ASSOCIATIONS_FOUND",
    "crm.associations.NO_ASSOCIATIONS_FOUND",
    "HUBSPOT_DEFINED",
    "USER_DEFINED",
    "eu1",
    "UTC",
    "Europe/Berlin",
    "2026-11-24T11:00:00Z",
    "CONTACT=1 is not valid",
    "9" * 5000,
    "../../etc/passwd",
    "",
    " ",
    "\x00",
    "\ud7ff😀",
]

_NUMBERS = [0, 1, 2, 3, 11, 12, -1, 279, 2**63 - 1, 2**64 - 1, 1.5, 1e300]
_ODD = [b"NaN", b"1e999", b"9" * 5000, b'"\\ud800"', b"[" * 5000, b'{"errors":' * 900]


def deep(levels: int) -> list[bytes]:
    """Documents with fields that nest so deep."""
    return [
        b'{"status":"COMPLETE","%s":' % name + opening * levels + b"1" + closing * levels + b"}"
        for name in (b"results", b"errors", b"message", b"status", b"numErrors", b"context", b"portalId")
        for opening, closing in ((b"[", b"]"), (b'{"errors":', b"}"), (b'{"context":', b"}"))
    ]


def _text(draw: Random) -> str:
    ranges = [(32, 127), (0, 32), (128, 0xD800), (0xE000, 0x110000)]
    return "".join(chr(draw.randrange(*draw.choice(ranges))) for _ in range(draw.randrange(10)))


def _value(draw: Random, depth: int) -> Any:
    kind = draw.randrange(5 if depth else 3)
    match kind:
        case 0:
            return draw.choice([None, True, False, *_NUMBERS])
        case 1:
            return draw.choice(WORDS)
        case 2:
            return _text(draw)
        case 3:
            return [_value(draw, depth - 1) for _ in range(draw.randrange(5))]
        case _:
            return _document(draw, depth - 1)


def _document(draw: Random, depth: int) -> dict[str, Any]:
    names = [draw.choice(NAMES) if draw.random() < 0.9 else _text(draw) for _ in range(draw.randrange(9))]
    return {name: _value(draw, depth) for name in names}


def _body(draw: Random) -> bytes:
    body = orjson.dumps(_document(draw, 4))
    at = draw.randrange(len(body) + 1)
    match draw.randrange(8):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + b"\xff" + body[at:]
        case 2:
            return body[:-1] + (b"," if len(body) > 2 else b"") + b'"odd":' + draw.choice(_ODD) + b"}"
        case 3:
            return orjson.dumps(_value(draw, 4))
        case 4:
            return draw.randbytes(draw.randrange(200))
        case 5:
            return draw.choice(deep(draw.choice([200, 250, 1000, 5000])))
        case _:
            return body


#: Bodies of answers.
bodies = st.integers(0, 2**32).map(lambda seed: _body(Random(seed)))
