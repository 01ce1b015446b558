"""What a magic ID's fault looks like as an answer. `magic` says which digits ask for which."""

from __future__ import annotations

from email.utils import formatdate

from loader.simulator.answers import (
    HTML,
    INVALID_PAIR,
    Answer,
    Call,
    Problem,
    WireFault,
    default_results,
    envelope,
    error_item,
    missing_records,
    missing_scopes,
    no_default_type,
    over_limit,
    record_full,
    refuse,
    unknown_type,
)
from loader.simulator.magic import WIRE, Magic
from loader.simulator.object_types import default_types
from loader.simulator.state import Ends

_RETRY_SECONDS = 2

# Where a fault is ordered for a call that is not about one pair.
_NO_PAIR = Ends("0-1", "1", "0-2", "2")

#: A pair that no test asks for, for results that name the wrong one.
_ANOTHER_PAIR = Ends("0-1", "8999999999998", "0-2", "8999999999999")

_ENVELOPE_STATUS = {3: "PENDING", 4: "PROCESSING", 5: "CANCELED"}


def fault_answer(call: Call, magic: Magic, ends: Ends | None = None) -> Answer | WireFault:
    """What a request is answered that meets `magic`; `ends` is the pair it is about."""
    pair = ends or _NO_PAIR
    if magic.status in WIRE:
        return WireFault(magic.status, _success(call, pair if magic.status != 611 else _ANOTHER_PAIR))
    answer = _answer(call, magic, pair)
    if magic.status in (204, 205, 304):
        return Answer(magic.status)
    headers = dict(answer.headers) | _retry_after(call, magic)
    if 300 <= magic.status < 400:
        # localhost is another host than 127.0.0.1, and yet the log shows whoever follows
        headers["Location"] = f"http://localhost:{call.host.rpartition(':')[2]}/redirected"
    match magic.variant:
        case 6:
            return Answer(magic.status, answer.body[: len(answer.body) // 2], headers)
        case 7:
            return Answer(magic.status, b"[]", headers)
        case 8:
            return Answer(magic.status, _page(magic.status), headers | HTML)
        case 9:
            return Answer(magic.status, b"", headers)
        case _:
            return Answer(magic.status, answer.body, headers)


def refusal(magic: Magic, ends: Ends) -> Problem:
    """The problem that a magic ID makes of its pair, where the status blames the pair."""
    match magic.status, magic.variant:
        case 400, 3:
            return unknown_type(ends.from_type)
        case 400, 4:
            return no_default_type(ends.from_type, ends.to_type)
        case 400, 5:
            return record_full()
        case 400, _:
            culprit = (ends.from_type, ends.from_id)
            if ends.from_id[:4] != "9000":
                culprit = (ends.to_type, ends.to_id)
            return missing_records([culprit])
        case 403, _:
            return Problem(403, "You do not have permission to edit this record", "FORBIDDEN")
        case 404, _:
            return Problem(404, "Object not found", "OBJECT_NOT_FOUND")
        case 409, _:
            return Problem(409, "The record was changed at the same time", "CONFLICT")
        case _:
            return Problem(magic.status, f"The simulator answers {magic.status}", "VALIDATION_ERROR")


def _answer(call: Call, magic: Magic, ends: Ends) -> Answer:
    """The answer in its plain form, before the general variants (6 to 9) and Retry-After touch it."""
    match magic.status, magic.variant:
        case status, variant if status < 300:
            return Answer(status, _odd_success(call, variant, ends))
        case 401, 3:
            return refuse(call, Problem(401, "The access token has expired", "EXPIRED_AUTHENTICATION"))
        case 401, _:
            return refuse(
                call, Problem(401, "Authentication credentials not found", "INVALID_AUTHENTICATION")
            )
        case 403, 3:
            return refuse(call, missing_scopes(ends.from_type))
        case 403, 4:
            message = "The user that this token acts for may not do this"
            return refuse(call, Problem(403, message, "USER_DOES_NOT_HAVE_PERMISSIONS"))
        case 429, 3:
            return over_limit(call, "DAILY")
        case 429, 4:
            return over_limit(call, "SECONDLY")
        case 429, _:
            return over_limit(call, "TEN_SECONDLY_ROLLING")
        case (520 | 524) as status, _:
            return Answer(status, _page(status), HTML)
        case 423, _:
            return refuse(call, Problem(423, "The record is locked", "LOCKED"))
        case 477, _:
            return refuse(call, Problem(477, "The account is moving to another data centre", "MIGRATION"))
        case status, _ if magic.blames_pair:
            return refuse(call, refusal(magic, ends))
        case status, _:
            return refuse(call, Problem(status, f"The simulator answers {status}", "INTERNAL_ERROR"))


def _odd_success(call: Call, variant: int, ends: Ends) -> bytes:
    if variant == 1:
        return envelope(call, "")
    if variant == 2:
        problem = Problem(400, INVALID_PAIR, "VALIDATION_ERROR")
        return envelope(call, "", [error_item(problem, fromObjectId=ends.from_id, toObjectId=ends.to_id)])
    if variant in _ENVELOPE_STATUS:
        return envelope(call, "", status=_ENVELOPE_STATUS[variant])
    return _success(call, ends)


def _success(call: Call, ends: Ends) -> bytes:
    types = default_types(ends.from_type, ends.to_type)
    return envelope(call, default_results(ends, types) if types else "")


def _retry_after(call: Call, magic: Magic) -> dict[str, str]:
    if magic.status < 300:
        return {}
    match magic.status, magic.variant:
        case 477, 3:
            return {"Retry-After": "86400"}
        case _, 1:
            return {"Retry-After": str(_RETRY_SECONDS)}
        case _, 2:
            return {"Retry-After": formatdate(call.wall + _RETRY_SECONDS, usegmt=True)}
        case _:
            return {}


def _page(status: int) -> bytes:
    return (
        f"<!DOCTYPE html>\n<html><head><title>api.hubapi.com | {status}</title></head>"
        f"<body><h1>Error {status}</h1><p>The web server reported an error.</p></body></html>\n"
    ).encode()
