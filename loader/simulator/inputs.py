"""The bodies of the batch calls: `{"inputs": [{…}, …]}`."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson


class BadInputs(NamedTuple):
    """Why a body can't be used."""

    message: str


def inputs_of(body: bytes, most: int | None = None) -> list[dict[str, Any]] | BadInputs:
    """The inputs of a batch call, of which there may be `most`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return BadInputs(f"Invalid input JSON: {error}")
    inputs = document.get("inputs") if isinstance(document, dict) else None
    if not isinstance(inputs, list) or not all(isinstance(item, dict) for item in inputs):
        return BadInputs("Invalid input JSON: 'inputs' has to be a list of objects")
    if not inputs:
        return BadInputs("'inputs' must not be empty")
    if most is not None and len(inputs) > most:
        return BadInputs(f"No more than {most} inputs are allowed in a request")
    return inputs


def record_id_of(reference: object) -> str:
    """The ID in `{"id": "1"}`; empty where there is none."""
    return str(reference.get("id", "")) if isinstance(reference, dict) else ""
