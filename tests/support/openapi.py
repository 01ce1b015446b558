"""Checks JSON against the schemas of HubSpot's OpenAPI file for associations, which lies beside this module.

https://github.com/HubSpot/HubSpot-public-api-spec-collection
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SCHEMAS: dict[str, Any] = json.loads(
    Path(__file__).with_name("associations-2025-09.openapi.json").read_text(encoding="utf-8")
)["components"]["schemas"]

_PYTHON = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


def violations(value: object, schema: str) -> list[str]:
    """What is wrong with a JSON value by a schema of that name: one sentence each, with the place."""
    return list(_check(value, _SCHEMAS[schema], schema))


def _check(value: Any, schema: dict[str, Any], place: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = _SCHEMAS[schema["$ref"].rpartition("/")[2]]
    expected = _PYTHON[schema["type"]]
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        yield f"{place}: {value!r} is not of type {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: {value!r} is not one of {schema['enum']}"
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _check(item, schema["items"], f"{place}[{number}]")
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{place}: {name} is missing"
        known = schema.get("properties", {})
        for name, item in value.items():
            if name in known:
                yield from _check(item, known[name], f"{place}.{name}")
            elif "additionalProperties" in schema:
                yield from _check(item, schema["additionalProperties"], f"{place}.{name}")
            elif known:
                yield f"{place}: {name} is unknown"
