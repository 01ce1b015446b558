"""The shapes of HubSpot's answers: envelopes, results and errors, as the specification has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from loader.object_types import STANDARD_TYPES, plural, singular
from loader.simulator.limits import Policy
from loader.simulator.object_types import AssociationType, BothWays
from loader.simulator.settings import SimulatorSettings
from loader.simulator.state import Ends, SimulatorState

JSON = MappingProxyType({"Content-Type": "application/json;charset=utf-8"})
HTML = MappingProxyType({"Content-Type": "text/html; charset=utf-8"})

INVALID_PAIR = "One or more associations are invalid"


class Call(NamedTuple):
    """One request, as the endpoints see it. `wall` is Unix time, `host` the server's name and port."""

    settings: SimulatorSettings
    state: SimulatorState
    body: bytes
    correlation_id: str
    wall: float
    host: str


class Answer(NamedTuple):
    """An HTTP answer, not yet sent."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = JSON


class WireFault(NamedTuple):
    """A fault of the wire in place of an answer: a number of `magic.WIRE`, and the body that it spoils."""

    number: int
    body: bytes


class Problem(NamedTuple):
    """An error of HubSpot's: the status and what its body says. `category` is None where there is none."""

    status: int
    message: str
    category: str | None = None
    sub_category: str | None = None
    context: dict[str, list[str]] | None = None
    errors: list[dict[str, Any]] | None = None


def refuse(call: Call, problem: Problem) -> Answer:
    """The answer that a problem makes of the whole request (the specification's `Error`)."""
    body = {
        "status": "error",
        "message": problem.message,
        "correlationId": call.correlation_id,
        "category": problem.category,
        "subCategory": problem.sub_category,
        "context": problem.context,
        "errors": problem.errors,
    }
    present = {name: value for name, value in body.items() if value is not None}
    return Answer(problem.status, orjson.dumps(present))


def error_item(problem: Problem, **names: str) -> dict[str, Any]:
    """A problem as one item of an envelope's `errors` (`StandardError`); `names` join its context."""
    context = {name: [value] for name, value in names.items()} | (problem.context or {})
    item: dict[str, Any] = {
        "status": "error",
        "category": problem.category or "VALIDATION_ERROR",
        "message": problem.message,
        "context": context,
        "errors": problem.errors or [],
        "links": {},
    }
    if problem.sub_category:
        item["subCategory"] = problem.sub_category
    return item


def missing_records(records: Iterable[tuple[str, str]]) -> Problem:
    """What the association calls say of records (type, ID) that do not exist (facts: live)."""
    invalid = [f"{singular(kind).upper()}={record_id} is not valid" for kind, record_id in records]
    return Problem(400, INVALID_PAIR, "VALIDATION_ERROR", context={"INVALID_OBJECT_IDS": invalid})


def unknown_type(name: str) -> Problem:
    """What HubSpot says of a type it does not know: an error without category (facts: live)."""
    return Problem(400, f"Unable to infer object type from: {name}")


def missing_scopes(object_type: str) -> Problem:
    """What HubSpot says where the token lacks a canonical type's scopes (facts: live)."""
    name = plural(object_type) if object_type in STANDARD_TYPES else "custom"
    scope = f"crm.objects.{name}.write"
    message = (
        "This app hasn't been granted all required scopes to make this call. "
        "Read more about required scopes here: https://developers.hubspot.com/scopes."
    )
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": [scope]},
    }
    return Problem(403, message, "MISSING_SCOPES", errors=[detail])


def no_default_type(from_type: str, to_type: str) -> Problem:
    """Two canonical types without a default association; HubSpot's words are unknown, these are ours."""
    names = f"{singular(from_type)} and {singular(to_type)}"
    return Problem(400, f"There is no default association type between {names}", "VALIDATION_ERROR")


def record_full() -> Problem:
    """The association limit; HubSpot's words are unknown, these are ours."""
    return Problem(400, "The record has reached its limit of associated records", "VALIDATION_ERROR")


def over_limit(call: Call, policy: str) -> Answer:
    """A 429; `policy` is ``TEN_SECONDLY_ROLLING``, ``DAILY`` or the older ``SECONDLY`` (facts: live)."""
    body = {
        "status": "error",
        "message": f"You have reached your {policy.lower()} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": call.correlation_id,
        "policyName": policy,
    }
    if policy in (Policy.TEN_SECONDLY.value, Policy.DAILY.value):
        body["category"] = "RATE_LIMITS"
    return Answer(429, orjson.dumps(body))


def default_results(ends: Ends, types: BothWays) -> str:
    """The two `results` of a default association, as JSON. The IDs are digits, so nothing needs escaping."""
    forth, back = types.forth[0], types.back[0]
    return (
        f'{{"from":{{"id":"{ends.from_id}"}},"to":{{"id":"{ends.to_id}"}},"associationSpec":'
        f'{{"associationCategory":"{forth.category}","associationTypeId":{forth.type_id}}}}},'
        f'{{"from":{{"id":"{ends.to_id}"}},"to":{{"id":"{ends.from_id}"}},"associationSpec":'
        f'{{"associationCategory":"{back.category}","associationTypeId":{back.type_id}}}}}'
    )


def envelope(
    call: Call, results: str, errors: list[dict[str, Any]] | None = None, status: str = "COMPLETE"
) -> bytes:
    """A batch envelope around `results`, which are JSON without the brackets."""
    at = iso_time(call.wall)
    failed = f',"numErrors":{len(errors)},"errors":{orjson.dumps(errors).decode()}' if errors else ""
    return (
        f'{{"status":"{status}","results":[{results}],"startedAt":"{at}","completedAt":"{at}"{failed}}}'
    ).encode()


def type_json(kind: AssociationType) -> dict[str, Any]:
    """An association type as the read and label endpoints show it."""
    return {"category": kind.category, "typeId": kind.type_id, "label": kind.label}


def iso_time(wall: float) -> str:
    """Unix time as HubSpot writes it: UTC, milliseconds, ``Z``."""
    return (
        datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(wall * 1000) % 1000:03d}Z"
    )
