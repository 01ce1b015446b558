"""A request as the endpoints see it, and the JSON of the answers, as in HubSpot's specification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from loader.simulator.api_errors import ApiError
from loader.simulator.association_types import AssociationSpec, BothWays, Ends
from loader.simulator.settings import SimulatorSettings
from loader.simulator.state import SimulatorState

JSON = MappingProxyType({"Content-Type": "application/json;charset=utf-8"})
HTML = MappingProxyType({"Content-Type": "text/html; charset=utf-8"})


class Reply(NamedTuple):
    """An HTTP answer that is not sent yet."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = JSON


class BrokenReply(NamedTuple):
    """An answer that is broken in transit: a number of `magic.BROKEN_ANSWERS`, and the intact body."""

    number: int
    body: bytes


class Call(NamedTuple):
    """One request.

    wall: Unix time of its arrival, in seconds.
    host: the server's name and port.
    """

    settings: SimulatorSettings
    state: SimulatorState
    body: bytes
    correlation_id: str
    wall: float
    host: str

    def inputs(self, most: int | None = None) -> list[dict[str, Any]]:
        """The inputs of a batch call, ``{"inputs": [{…}, …]}``. Raises `ApiError` if none or too many."""
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise ApiError(400, f"Invalid input JSON: {error}") from error
        inputs = document.get("inputs") if isinstance(document, dict) else None
        if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
            raise ApiError(400, "Invalid input JSON: 'inputs' has to be a list of objects")
        if not inputs:
            raise ApiError(400, "'inputs' must not be empty")
        if most is not None and len(inputs) > most:
            raise ApiError(400, f"No more than {most} inputs are allowed in a request")
        return inputs


def record_id_of(reference: object) -> str:
    """The ID in ``{"id": "1"}``; empty if there is none."""
    return str(reference.get("id", "")) if isinstance(reference, dict) else ""


def error_reply(call: Call, error: ApiError) -> Reply:
    """The answer to a request that is refused as a whole (the specification's `Error`)."""
    body = {
        "status": "error",
        "message": error.message,
        "correlationId": call.correlation_id,
        "category": error.category,
        "subCategory": error.sub_category,
        "context": error.context,
        "errors": list(error.details) or None,
        **error.more,
    }
    present = {name: value for name, value in body.items() if value is not None}
    return Reply(error.status, orjson.dumps(present))


def error_item(call: Call, error: ApiError, **names: str) -> dict[str, Any]:
    """An error as an item of a batch answer's `errors` (`StandardError`); `names` extend its context."""
    context = {name: [value] for name, value in names.items()} | dict(error.context or {})
    item: dict[str, Any] = {
        "status": "error",
        "category": error.category or "VALIDATION_ERROR",
        "message": error.message,
        "context": context,
        "errors": list(error.details),
        "links": {},
    }
    if error.sub_category:
        as_object = call.settings.sub_category == "object"
        item["subCategory"] = {"name": error.sub_category} if as_object else error.sub_category
    return item


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
    call: Call, results: str, errors: Sequence[dict[str, Any]] = (), status: str = "COMPLETE"
) -> bytes:
    """A batch answer around `results`, which are JSON without the brackets."""
    at = iso_time(call.wall)
    counted = ""
    if errors:
        named = orjson.dumps(list(errors[: call.settings.named_errors])).decode()
        counted = f',"numErrors":{len(errors)},"errors":{named}'
    return (
        f'{{"status":"{status}","results":[{results}],"startedAt":"{at}","completedAt":"{at}"{counted}}}'
    ).encode()


def spec_json(spec: AssociationSpec) -> dict[str, Any]:
    """An association type as the read and label endpoints show it."""
    return {"category": spec.category, "typeId": spec.type_id, "label": spec.label}


def html_page(status: int) -> bytes:
    """An error page of a proxy or firewall between HubSpot and its client."""
    return (
        f"<!DOCTYPE html>\n<html><head><title>api.hubapi.com | {status}</title></head>"
        f"<body><h1>Error {status}</h1><p>The web server reported an error.</p></body></html>\n"
    ).encode()


def iso_time(wall: float) -> str:
    """Unix time as HubSpot writes it: UTC, milliseconds, ``Z``."""
    return (
        datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(wall * 1000) % 1000:03d}Z"
    )
