"""HubSpot's JSON: each field in the form of its specification and in the forms that live answers have.

https://github.com/HubSpot/HubSpot-public-api-spec-collection (CRM, Associations, 2025-09)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

#: The IDs of two records: from, to.
Ends: TypeAlias = tuple[str, str]

COMPLETE, ERROR = "COMPLETE", "ERROR"
#: Most digits of a count or an ID: what 64 bits hold.
MOST_DIGITS = 19
#: How many levels of lists and objects `texts_in` searches.
_DEEPEST = 8


def decode(body: bytes | None) -> dict[str, Any] | None:
    """The JSON object that `body` holds; None if it holds anything else, or there is no body."""
    try:
        document = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def text_of(value: object) -> str:
    """An ID, a cursor or a word as text, also if it came as a whole number; '' for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def count_of(value: object) -> int | None:
    """A count, also if it came as digits in a text; None for anything else."""
    text = text_of(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def texts_in(value: object, levels: int = _DEEPEST) -> Iterator[str]:
    """The texts and whole numbers in a JSON value, as texts; of an object also the keys."""
    if isinstance(value, dict | list):
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            if levels:
                yield from texts_in(inner, levels - 1)
    elif text := text_of(value):
        yield text


def objects_in(items: object) -> list[dict[str, Any]]:
    """The objects in a list; none if it is no list."""
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def error_objects(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of `errors`, each as an object; anything else becomes the message of one."""
    errors = document.get("errors")
    if not errors:
        return []
    items = errors if isinstance(errors, list) else [errors]
    return [item if isinstance(item, dict) else {"message": item} for item in items]


def context_texts(error: dict[str, Any], *keys: str) -> list[str]:
    """What the context of an error says under these keys (in lower case): a text, a number, or a list."""
    context = error.get("context")
    pairs = context.items() if isinstance(context, dict) else ()
    return [text for key, value in pairs if key.lower() in keys for text in texts_in(value)]


def batch_state(document: dict[str, Any]) -> str:
    """The answer's `status`: COMPLETE if there is none, ERROR for an error envelope, else the batch's."""
    status = document.get("status")
    return COMPLETE if status is None else text_of(status).strip().upper() or "UNKNOWN"


def association_types(document: dict[str, Any]) -> dict[Ends, str]:
    """The types that the results of a default association name, like ``HUBSPOT_DEFINED:279;…``, by ends.

    The text is empty if no type is named. Results that name no pair are left out.
    """
    types: dict[Ends, str] = {}
    results = document.get("results")
    for result in results if isinstance(results, list) else ():
        try:
            from_id, to_id = result["from"]["id"], result["to"]["id"]
        except (TypeError, KeyError):
            continue
        try:
            spec = result["associationSpec"]
            name = type_name(spec["associationCategory"], spec["associationTypeId"])
        except (TypeError, KeyError):  # no type, or one in an unknown form
            name = ""
        ends = (from_id, to_id) if type(from_id) is type(to_id) is str else (text_of(from_id), text_of(to_id))
        known = types.setdefault(ends, name)
        if known is not name and name and name not in known.split(";"):
            types[ends] = f"{known};{name}" if known else name
    return types


def types_of_pair(types: dict[Ends, str], from_id: str, to_id: str) -> str | None:
    """The types of a pair, forward ones first; None if the results do not name the pair in this direction."""
    forward = types.get((from_id, to_id))
    if forward is None:
        return None
    reverse = types.get((to_id, from_id))
    return _both_ways(forward, reverse) if reverse else forward


@lru_cache(maxsize=64)
def _both_ways(forward: str, reverse: str) -> str:
    """The types of both directions, each once. Pairs with the same types get the same string."""
    return ";".join(dict.fromkeys(filter(None, f"{forward};{reverse}".split(";"))))


@lru_cache(maxsize=64, typed=True)
def type_name(category: object, type_id: object) -> str:
    """Like ``HUBSPOT_DEFINED:279``; '' without a type ID."""
    number, word = text_of(type_id), text_of(category)
    name = f"{word or '?'}:{number}" if number else ""
    return "".join(char for char in name if char.isprintable() and char != " ")[:100]
