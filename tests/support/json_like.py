"""What a server may send, for hypothesis: JSON like HubSpot's with anything anywhere, and any bytes."""

from __future__ import annotations

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

scalars = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, 3, 11, 12, -1, 279, 2**63 - 1, 2**64 - 1, 1.5, 1e300])
    | st.sampled_from(WORDS)
    | st.text(max_size=9)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), inner, max_size=6)
        | st.lists(inner, max_size=4)
    ),
    max_leaves=20,
)
documents = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)


def _spoiled(document: Any) -> st.SearchStrategy[bytes]:
    """The document as bytes, whole or with something wrong in the bytes."""
    body = orjson.dumps(document)
    return st.one_of(
        st.just(body),
        st.integers(0, len(body)).map(lambda end: body[:end]),
        st.integers(0, len(body)).map(lambda at: body[:at] + b"\xff" + body[at:]),
        st.sampled_from([b"NaN", b"1e999", b"9" * 5000, b'"\\ud800"', b"[" * 5000, b'{"errors":' * 900]).map(
            lambda odd: body[:-1] + (b"," if len(body) > 2 else b"") + b'"odd":' + odd + b"}"
        ),
    )


def deep(levels: int) -> list[bytes]:
    """Documents with fields that nest so deep."""
    return [
        b'{"status":"COMPLETE","%s":' % name + opening * levels + b"1" + closing * levels + b"}"
        for name in (b"results", b"errors", b"message", b"status", b"numErrors", b"context", b"portalId")
        for opening, closing in ((b"[", b"]"), (b'{"errors":', b"}"), (b'{"context":', b"}"))
    ]


#: Bodies of answers.
bodies = st.one_of(
    documents.flatmap(_spoiled),
    values.map(orjson.dumps),
    st.binary(max_size=200),
    st.sampled_from([*deep(200), *deep(250), *deep(1000), *deep(5000)]),
)
