"""The faults of magic IDs, as tables, and their answers. `magic` explains the digits of an ID."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate

from loader.simulator.answers import (
    HTML,
    BrokenReply,
    Call,
    Reply,
    default_results,
    envelope,
    error_item,
    error_reply,
    html_page,
)
from loader.simulator.api_errors import (
    INVALID_PAIR,
    ApiError,
    bad_token,
    expired_token,
    missing_records,
    missing_scopes,
    no_default_type,
    other_data_centre,
    over_limit,
    record_full,
    unknown_type,
)
from loader.simulator.association_types import Ends, default_types
from loader.simulator.limits import DAILY, TEN_SECONDLY
from loader.simulator.magic import BROKEN_ANSWERS, Magic, parse

#: A stand-in pair for a planned fault, whose call is not about one pair.
_ANY_PAIR = Ends("0-1", "1", "0-2", "2")

#: A pair that no test sends, for results that name the wrong one.
_OTHER_PAIR = Ends("0-1", "8999999999998", "0-2", "8999999999999")

#: Variants of the statuses from 200 to 299; from 6 on see `_BODIES`.
_SUCCESSES = {
    0: "success",
    1: "success with empty results: nothing was made",
    2: "success with numErrors and errors: the pair was refused",
    3: "PENDING",
    4: "PROCESSING",
    5: "CANCELED",
}

#: Status and variant: what it means, and the error. Any other status from 300 on is an INTERNAL_ERROR.
_ERRORS: dict[tuple[int, int], tuple[str, Callable[[Call, Ends], ApiError]]] = {
    (400, 0): ("the record does not exist", lambda _, ends: missing_records([_magic_record(ends)])),
    (400, 3): (
        "unknown object type, an error without category",
        lambda _, ends: unknown_type(ends.from_type),
    ),
    (400, 4): ("no default association type", lambda _, ends: no_default_type(ends.from_type, ends.to_type)),
    (400, 5): ("the record has reached its association limit", lambda *_: record_full()),
    (401, 0): ("the token is not accepted", lambda *_: bad_token()),
    (401, 3): ("the token has expired", lambda *_: expired_token()),
    (403, 0): (
        "no permission for this pair only",
        lambda *_: ApiError(403, "You can't edit this", "FORBIDDEN"),
    ),
    (403, 3): ("MISSING_SCOPES", lambda _, ends: missing_scopes(ends.from_type)),
    (403, 4): (
        "USER_DOES_NOT_HAVE_PERMISSIONS",
        lambda *_: ApiError(403, "The user of this token may not do this", "USER_DOES_NOT_HAVE_PERMISSIONS"),
    ),
    (404, 0): ("OBJECT_NOT_FOUND", lambda *_: ApiError(404, "Object not found", "OBJECT_NOT_FOUND")),
    (409, 0): ("CONFLICT", lambda *_: ApiError(409, "The record was changed at the same time", "CONFLICT")),
    (423, 0): ("the record is locked", lambda *_: ApiError(423, "The record is locked", "LOCKED")),
    (429, 0): ("the ten-second limit", lambda *_: over_limit(TEN_SECONDLY)),
    (429, 3): ("the daily limit", lambda *_: over_limit(DAILY)),
    (429, 4): ("the older SECONDLY limit", lambda *_: over_limit("SECONDLY")),
    (477, 0): (
        "the account moves to another data centre",
        lambda *_: ApiError(477, "The account is moving to another data centre", "MIGRATION"),
    ),
    (488, 0): (
        "the account lives in another data centre (correctHublet)",
        lambda call, _: other_data_centre(call.settings.portal_id),
    ),
}

#: Statuses that refuse the pair, not the account, the limits or the server: a batch goes on without the pair.
_REFUSE_PAIR = frozenset({400, 403, 404, 405, 409, 410, 413, 414, 415, 422})
_REFUSE_ALL = frozenset({(403, 3), (403, 4)})

#: Retry-After by status and variant; "any" is any status from 300 on.
_RETRY_AFTER = {
    ("429", 5): "0",
    ("477", 3): "86400",
    ("477", 4): "900",
    ("5xx", 3): "86400",
    ("5xx", 4): "soon",
    ("5xx", 5): "0",
    ("any", 1): "2",
    ("any", 2): "an HTTP date two seconds ahead",
}

#: Variants that replace the body, whatever the status.
_BODIES: dict[int, tuple[str, Callable[[bytes, int], bytes]]] = {
    6: ("with JSON that breaks off", lambda body, _: body[: len(body) // 2]),
    7: ("with JSON of another shape: []", lambda *_: b"[]"),
    8: ("with an HTML page", lambda _, status: html_page(status)),
    9: ("with an empty body", lambda *_: b""),
}

_ALWAYS_HTML = frozenset({520, 524})
_NEVER_A_BODY = frozenset({204, 205, 304})


def carries_out(magic: Magic) -> bool:
    """Whether the request does its work and only the answer is faulty."""
    if magic.breaks_answer:
        return magic.variant == 1
    return magic.status < 300 and (magic.variant == 0 or magic.variant in _BODIES)


def pair_error(call: Call, magic: Magic, ends: Ends) -> ApiError | None:
    """The error that a batch gives for this pair alone; None if the whole request meets the fault."""
    if magic.status < 300 and magic.variant == 2:
        return ApiError(400, INVALID_PAIR)
    if magic.status not in _REFUSE_PAIR or (magic.status, magic.variant) in _REFUSE_ALL:
        return None
    return _error(call, magic, ends)


def leaves_out(magic: Magic) -> bool:
    """Whether a batch says nothing at all about the pair."""
    return magic.status < 300 and magic.variant == 1


def fault_reply(call: Call, magic: Magic, ends: Ends = _ANY_PAIR, body: bytes = b"") -> Reply | BrokenReply:
    """The answer to a request that meets `magic`.

    ends: the pair that it is about.
    body: the regular answer, if the request was carried out.
    """
    if magic.breaks_answer:
        return BrokenReply(magic.status, body or _success(call, ends if magic.status != 611 else _OTHER_PAIR))
    if magic.status in _NEVER_A_BODY:
        return Reply(magic.status)
    if magic.status < 300:
        reply = Reply(magic.status, body or _odd_success(call, magic.variant, ends))
    elif magic.status in _ALWAYS_HTML:
        reply = Reply(magic.status, html_page(magic.status), HTML)
    else:
        reply = error_reply(call, _error(call, magic, ends))
    headers = dict(reply.headers) | _retry_after(call, magic)
    if 300 <= magic.status < 400:
        # localhost is another host than 127.0.0.1, but the simulator still sees a client that follows
        headers["Location"] = f"http://localhost:{call.host.rpartition(':')[2]}/redirected"
    if magic.variant not in _BODIES:
        return reply._replace(headers=headers)
    _, replaced = _BODIES[magic.variant]
    if magic.variant == 8:
        headers |= HTML
    return Reply(magic.status, replaced(reply.body, magic.status), headers)


def magic_table() -> list[tuple[str, str]]:
    """The scheme of the magic IDs and every variant, as rows of ID and meaning for people."""
    rows = [
        ("9000SSSVKKNNN", "status SSS, variant V, the first KK times (00: always); NNN is yours"),
        ("9000503002001", "503 twice, then success"),
        ("9000500000001", "500 every time"),
        ("9000301000001", "a redirect to another host"),
        ("9000520000001", "an HTML error page (524 too)"),
    ]
    for variant, meaning in _SUCCESSES.items():
        unfinished = f"status {meaning}, no results" if meaning.isupper() else meaning
        rows.append((f"90002SS{variant}KKNNN", unfinished))
    rows += [(f"9000{status}{variant}KKNNN", text) for (status, variant), (text, _) in _ERRORS.items()]
    for (statuses, variant), value in _RETRY_AFTER.items():
        digits = {"any": "SSS", "5xx": "5SS"}.get(statuses, statuses)
        condition = " (any status from 300 on)" if statuses == "any" else ""
        rows.append((f"9000{digits}{variant}KKNNN", f"with Retry-After: {value}{condition}"))
    rows += [(f"9000SSS{variant}KKNNN", f"{text} (any status)") for variant, (text, _) in _BODIES.items()]
    for number, meaning in BROKEN_ANSWERS.items():
        rows.append((f"9000{number}0KKNNN", meaning))
    rows.append(("90006SS1KKNNN", "the same after the association was made (0: nothing is made)"))
    rows.append(("9100TNNNNNNNN", "a record of type 0-T alone (1 contact, 2 company, 3 deal, 5 ticket)"))
    return rows


def _error(call: Call, magic: Magic, ends: Ends) -> ApiError:
    found = _ERRORS.get((magic.status, magic.variant)) or _ERRORS.get((magic.status, 0))
    if found is not None:
        return found[1](call, ends)
    category = "VALIDATION_ERROR" if magic.status in _REFUSE_PAIR else "INTERNAL_ERROR"
    return ApiError(magic.status, f"The simulator answers {magic.status}", category)


def _odd_success(call: Call, variant: int, ends: Ends) -> bytes:
    if variant == 1:
        return envelope(call, "")
    if variant == 2:
        item = error_item(call, ApiError(400, INVALID_PAIR), fromObjectId=ends.from_id, toObjectId=ends.to_id)
        return envelope(call, "", [item])
    if variant in (3, 4, 5):
        return envelope(call, "", status=_SUCCESSES[variant])
    return _success(call, ends)


def _success(call: Call, ends: Ends) -> bytes:
    types = default_types(ends.from_type, ends.to_type)
    return envelope(call, default_results(ends, types) if types else "")


def _magic_record(ends: Ends) -> tuple[str, str]:
    """The record of a pair whose ID is the magic one."""
    if parse(ends.from_id) is not None:
        return ends.from_type, ends.from_id
    return ends.to_type, ends.to_id


def _retry_after(call: Call, magic: Magic) -> dict[str, str]:
    if magic.status < 300:
        return {}
    for statuses in (str(magic.status), f"{magic.status // 100}xx", "any"):
        if value := _RETRY_AFTER.get((statuses, magic.variant)):
            return {"Retry-After": formatdate(call.wall + 2, usegmt=True) if "date" in value else value}
    return {}
